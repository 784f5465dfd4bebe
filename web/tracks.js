// Faces of a video from frame to frame, as in emotion_recognition/faces/tracking.py: where to look for them, which is
// which, and names that are steady. Times are in seconds.

import { distinct, overlap } from "./boxes.js";

const FULL_SEARCH_SECONDS = 0.25;
// Whole frames are searched with these reserves of pixels in turn: what is missed with one is found with the other.
const RESERVES = [1.0, 1.6];
// Near a face that was lost it is looked for, and its number is kept, for so long.
const REMEMBERED_SECONDS = 1.0;
// Boxes of one face in two frames share at least this part of their common area.
const SMALLEST_OVERLAP = 0.2;
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
    if (time >= this.due || shape !== this.shape || isCrowded) {
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

  // Returns a track {number, box, time, probabilities, winner} for each box, in the same order.
  update(boxes, rows, time, smooth) {
    const remembered = this.tracks.filter((track) => time - track.time < REMEMBERED_SECONDS);
    const earlier = match(boxes, remembered);
    const seen = boxes.map((box, place) => this.follow(earlier.get(place), box, rows[place], time, smooth));
    const numbers = new Set(seen.map((track) => track.number));
    this.tracks = [...seen, ...remembered.filter((track) => !numbers.has(track.number))];
    return seen;
  }

  follow(earlier, box, row, time, smooth) {
    if (!earlier) return { number: ++this.lastNumber, box, time, probabilities: row, winner: winnerOf(row) };
    const share = smooth ? -Math.expm1((earlier.time - time) / smooth) : 1;
    const probabilities = row.map((now, place) => earlier.probabilities[place] + share * (now - earlier.probabilities[place]));
    const best = winnerOf(probabilities);
    const leads = probabilities[best] > probabilities[earlier.winner] + (smooth ? LEAD : 0);
    return { number: earlier.number, box, time, probabilities, winner: leads ? best : earlier.winner };
  }
}

export function winnerOf(probabilities) {
  return probabilities.indexOf(Math.max(...probabilities));
}

// Returns which track each box belongs to: the pairs that overlap most come first, each box and track is used once.
function match(boxes, tracks) {
  const pairs = boxes.flatMap((box, place) => tracks.map((track) => ({ place, track, shared: overlap(box, track.box) })));
  const matched = new Map();
  const taken = new Set();
  for (const { place, track, shared } of pairs.sort((pair, other) => other.shared - pair.shared)) {
    if (shared >= SMALLEST_OVERLAP && !matched.has(place) && !taken.has(track)) {
      matched.set(place, track);
      taken.add(track);
    }
  }
  return matched;
}
