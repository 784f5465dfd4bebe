// Faces of a video from frame to frame, as in emotion_recognition/faces/tracking.py: where to look for them, which is
// which, and names that are steady. Times are in seconds.

import { distinct, overlap, round } from "./boxes.js";

const FULL_SEARCH_SECONDS = 0.25;
// Whole frames are searched with these reserves of pixels in turn: what is missed with one is found with the other.
const RESERVES = [1.0, 1.6];
// A face that is lost, as when a head turns or a hand is before it, is looked for, and keeps its number, for so long.
const REMEMBERED_SECONDS = 2.0;
// Boxes that share more than this part of their common area are of the same face.
const SMALLEST_OVERLAP = 0.2;
// A face is known again no farther than this from where it is expected, in its widths, and so much farther for each
// second in which it was not seen.
const FARTHEST = 0.6;
const FARTHER_PER_SECOND = 0.2;
// The speed of a face is averaged over so many seconds. Of one that is lost it is believed for so many.
const SPEED_SECONDS = 0.3;
const BELIEVED_SECONDS = 1.0;
// Another emotion is shown when its probability leads by so much: two that are level would take turns otherwise.
const LEAD = 0.05;

// Finds the faces in frames of a video: in the whole frame every few frames, between them near known faces.
export class FaceFinder {
  constructor(detector) {
    this.detector = detector;
    this.due = -Infinity;
    this.searches = 0;
    this.shape = "";
  }

  find(gray, time, known) {
    const shape = `${gray.width}x${gray.height}`;
    const isCrowded = !this.detector.isNearbyCheaper(gray, known.length);
    const found = [];
    // After a jump back in the video, other faces may be there.
    const isDue = time >= this.due || time < this.due - FULL_SEARCH_SECONDS;
    if (isDue || shape !== this.shape || isCrowded) {
      this.shape = shape;
      this.due = time + FULL_SEARCH_SECONDS;
      found.push(...this.detector.detectQuickly(gray, RESERVES[this.searches++ % RESERVES.length]));
    }
    for (const box of isCrowded ? [] : known) {
      if (!found.some((other) => overlap(box, other) > SMALLEST_OVERLAP)) {
        found.push(...this.detector.detectNear(gray, box));
      }
    }
    return distinct(found);
  }
}

// Gives each face of a video a number, and smooths its probabilities over `smooth` seconds (0: not at all).
export class Tracker {
  constructor() {
    this.tracks = [];
    this.lastNumber = 0;
  }

  // Returns where to look for the faces in the next frame, which has this time.
  expected(time) {
    return this.tracks.map((track) => expectedBox(track, time));
  }

  // Returns a track {number, box, time, probabilities, winner, speed} for each box, in the same order.
  update(boxes, rows, time, smooth) {
    const remembered = this.tracks.filter((track) => Math.abs(time - track.time) < REMEMBERED_SECONDS);
    const earlier = match(boxes, remembered, time);
    const seen = boxes.map((box, place) => this.follow(earlier.get(place), box, rows[place], time, smooth));
    const numbers = new Set(seen.map((track) => track.number));
    this.tracks = [...seen, ...remembered.filter((track) => !numbers.has(track.number))];
    return seen;
  }

  follow(earlier, box, row, time, smooth) {
    if (!earlier) {
      return { number: ++this.lastNumber, box, time, probabilities: row, winner: winnerOf(row), speed: [0, 0] };
    }
    const seconds = time - earlier.time;
    const probabilities = smoothed(earlier.probabilities, row, Math.abs(seconds), smooth);
    const best = winnerOf(probabilities);
    const leads = probabilities[best] > probabilities[earlier.winner] + (smooth ? LEAD : 0);
    const middle = (box, axis) => box[axis] + box[axis + 2] / 2;
    const now = [0, 1].map((axis) => (middle(box, axis) - middle(earlier.box, axis)) / seconds);
    // Two frames may bear the same time.
    const speed = seconds ? smoothed(earlier.speed, now, Math.abs(seconds), SPEED_SECONDS) : earlier.speed;
    return { number: earlier.number, box, time, probabilities, winner: leads ? best : earlier.winner, speed };
  }
}

// Returns the exponential moving average: after `timeConstant` seconds, 63 % of a change has come through.
function smoothed(before, now, seconds, timeConstant) {
  const share = timeConstant ? -Math.expm1(-seconds / timeConstant) : 1;
  return now.map((value, place) => before[place] + share * (value - before[place]));
}

export function winnerOf(probabilities) {
  return probabilities.indexOf(Math.max(...probabilities));
}

// Returns which track each box belongs to: the nearest pairs come first, each box and track is used once.
function match(boxes, tracks, time) {
  // Who was walking goes on, or stops.
  const pairs = boxes.flatMap((box, place) =>
    tracks.map((track) => {
      const apart = Math.min(distance(box, expectedBox(track, time)), distance(box, track.box));
      return { place, track, apart };
    }),
  );
  const matched = new Map();
  const taken = new Set();
  for (const { place, track, apart } of pairs.sort((pair, other) => pair.apart - other.apart)) {
    const farthest = FARTHEST + FARTHER_PER_SECOND * Math.abs(time - track.time);
    if (apart <= farthest && !matched.has(place) && !taken.has(track)) {
      matched.set(place, track);
      taken.add(track);
    }
  }
  return matched;
}

// Returns where a face is at another time if it goes on as it did.
function expectedBox({ box: [x, y, width, height], time: seen, speed }, time) {
  const seconds = Math.max(-BELIEVED_SECONDS, Math.min(time - seen, BELIEVED_SECONDS));
  return [x + round(speed[0] * seconds), y + round(speed[1] * seconds), width, height];
}

// Returns how far two corners of two boxes are apart on average, in widths of the smaller one.
function distance([x, y, width, height], [left, top, otherWidth, otherHeight]) {
  const upper = Math.hypot(x - left, y - top);
  const lower = Math.hypot(x + width - left - otherWidth, y + height - top - otherHeight);
  return (upper + lower) / 2 / Math.min(width, otherWidth);
}
