// Finding faces with OpenCV's Haar cascade (Viola and Jones, 2001), step by step as OpenCV does it, so that the boxes are
// those of test.py. A box is [x, y, width, height], whole pixels inside the picture.

import { clip, distinct, round } from "./boxes.js";
import { FACE_SIZE, crop, resizeByArea, resizeLinearly } from "./images.js";

// These are the settings of emotion_recognition/faces/haar.py.
const CASCADE_SIZE = 24;
const SIDE_DIVISOR = 20;
const QUICK = { step: 1.2, neighbours: 2 };
const THOROUGH = { step: 1.1, neighbours: 6 };
const NEAR_SIZE = 56;
const NEAR_MARGIN = 0.3;
const NEAR_SIZES = [0.8, 1.25];

// Windows belong to one face whose sides differ by less than this part of their size.
const SIMILAR = 0.2;

export class FaceDetector {
  constructor(xml) {
    this.cascade = new Cascade(xml);
  }

  // Returns the boxes of the faces in a gray picture, from left to right.
  detect(gray) {
    const found = this.cascade.detect(gray, { ...THOROUGH, least: smallestFace(gray, CASCADE_SIZE) });
    return distinct(found.map((box) => clip(box, gray)));
  }

  // Returns the same for a frame of a video, from as few pixels as its smallest face needs, times `reserve` in width.
  detectQuickly(gray, reserve) {
    const smallest = smallestFace(gray, FACE_SIZE);
    const scale = Math.min(1, (reserve * CASCADE_SIZE) / smallest);
    const found = this.cascade.detect(shrink(gray, scale), { ...QUICK, least: round(scale * smallest) });
    return distinct(found.map((box) => clip(box.map((value) => value / scale), gray)));
  }

  // Returns the box, alone in a list, of the face that lies where one was a moment ago; none if it has gone.
  detectNear(gray, [x, y, width, height]) {
    const [sideways, upright] = [NEAR_MARGIN * width, NEAR_MARGIN * height];
    const area = clip([x - sideways, y - upright, width + 2 * sideways, height + 2 * upright], gray);
    if (Math.min(area[2], area[3]) < CASCADE_SIZE) return [];
    const scale = Math.min(1, NEAR_SIZE / width);
    const [least, most] = NEAR_SIZES.map((share) => Math.max(CASCADE_SIZE, round(share * scale * width)));
    const found = this.cascade.detect(shrink(crop(gray, area), scale), { ...QUICK, least, most });
    const distance = (face) =>
      Math.hypot(x + width / 2 - face[0] - face[2] / 2, y + height / 2 - face[1] - face[3] / 2);
    return found
      .map((box) => box.map((value, side) => value / scale + (side < 2 ? area[side] : 0)))
      .map((box) => clip(box, gray))
      .sort((face, other) => distance(face) - distance(other))
      .slice(0, 1);
  }

  // Returns whether looking near so many faces takes fewer pixels than the whole frame.
  isNearbyCheaper(gray, faces) {
    const scale = CASCADE_SIZE / smallestFace(gray, FACE_SIZE);
    return faces * (NEAR_SIZE * (1 + 2 * NEAR_MARGIN)) ** 2 < gray.width * gray.height * scale ** 2;
  }
}

class Cascade {
  constructor(xml) {
    // The file names its parts in this order: of each stage the threshold, then its trees; at the end all features.
    this.stages = [];
    this.rectangles = [];
    for (const [, part, text] of xml.matchAll(/<(stageThreshold|internalNodes|leafValues|rects)>(.*?)<\/\1>/gs)) {
      const numbers = text.replaceAll(/<\/?_>/g, " ").trim().split(/\s+/).map(Number);
      const stage = this.stages.at(-1);
      if (part === "stageThreshold") this.stages.push({ threshold: Math.fround(numbers[0]) - 1e-5, trees: [] });
      else if (part === "internalNodes") stage.trees.push({ feature: numbers[2], threshold: Math.fround(numbers[3]) });
      else if (part === "leafValues") [stage.trees.at(-1).below, stage.trees.at(-1).above] = numbers.map(Math.fround);
      else this.rectangles.push(numbers);
    }
    if (!this.stages.length || !this.rectangles.length || /<tilted>\s*1/.test(xml)) {
      throw new Error("The cascade is no file of upright Haar features: build the page again.");
    }
    this.flatten();
  }

  // Puts the trees into plain arrays, stage after stage, since nothing else is walked through as often.
  flatten() {
    const trees = this.stages.flatMap((stage) => stage.trees);
    this.ends = Int32Array.from(this.stages, (sum => (stage) => (sum += stage.trees.length))(0));
    this.stageThresholds = Float64Array.from(this.stages, (stage) => stage.threshold);
    this.thresholds = Float64Array.from(trees, (tree) => tree.threshold);
    this.below = Float64Array.from(trees, (tree) => tree.below);
    this.above = Float64Array.from(trees, (tree) => tree.above);
    this.features = trees.map((tree) => this.rectangles[tree.feature]);
    // Of each tree up to three rectangles: their four corners in the sums, and their weights.
    this.corners = new Int32Array(12 * trees.length);
    this.weights = new Float64Array(3 * trees.length);
    this.features.forEach((numbers, tree) => {
      for (let part = 0; part < numbers.length / 5; part++) this.weights[3 * tree + part] = numbers[5 * part + 4];
    });
    this.stride = 0;
    this.sums = this.squares = new Int32Array(0);
    this.layer = new Uint8Array(0);
  }

  // Makes room for the sums of a picture, and says where in them the corners of the features lie.
  prepare(width, height) {
    const stride = Math.ceil((width + 1) / 64) * 64;
    if (this.sums.length < stride * (height + 1)) {
      this.sums = new Int32Array(stride * (height + 1));
      this.squares = new Int32Array(stride * (height + 1));
      this.layer = new Uint8Array(this.sums.length);
    }
    if (stride === this.stride) return;
    this.stride = stride;
    // What stands there of another picture would be taken for the empty first row and column.
    this.sums.fill(0);
    this.squares.fill(0);
    this.features.forEach((numbers, tree) => {
      for (let part = 0; part < numbers.length / 5; part++) {
        const [x, y, wide, high] = numbers.slice(5 * part);
        const start = y * stride + x;
        const end = start + high * stride;
        this.corners.set([start, start + wide, end, end + wide], 12 * tree + 4 * part);
      }
    });
  }

  // Returns the boxes of faces between `least` and `most` pixels wide; sizes are tried in steps of a factor, and a face
  // has more than so many `neighbours`, similar windows that the cascade takes for one.
  detect(gray, { step, neighbours, least, most = Infinity }) {
    const windows = [];
    for (let factor = 1; ; factor *= step) {
      const scale = Math.fround(factor);
      const size = round(CASCADE_SIZE * scale);
      if (size > Math.min(gray.width, gray.height, most)) break;
      if (size >= least) this.search(gray, scale, size, windows);
    }
    return grouped(windows, neighbours);
  }

  // Adds the windows of one size in which the cascade sees a face.
  search(gray, scale, size, windows) {
    const width = round(gray.width / scale);
    const height = round(gray.height / scale);
    this.prepare(width, height);
    addUp(resizeLinearly(gray, width, height, this.layer), this.sums, this.squares, this.stride);
    // Small windows lie closer together in the picture: every second one will do.
    const stride = scale >= 2 ? 1 : 2;
    for (let y = 0; y <= height - CASCADE_SIZE; y += stride) {
      for (let x = 0; x <= width - CASCADE_SIZE; x += stride) {
        const passed = this.passedStages(y * this.stride + x);
        if (passed === this.stages.length) windows.push([round(x * scale), round(y * scale), size, size]);
        // Beside a window that fails at once, no face begins.
        if (passed === 0) x += stride;
      }
    }
  }

  // Returns how many stages the window at a place in the sums passes; -1 where it has no contrast.
  passedStages(place) {
    const { sums, corners, weights, ends, thresholds, below, above, stageThresholds } = this;
    const deviation = this.inverseDeviation(place);
    if (deviation === 0) return -1;
    for (let stage = 0, tree = 0; stage < ends.length; stage++) {
      let total = 0;
      for (; tree < ends[stage]; tree++) {
        const corner = 12 * tree;
        const weight = 3 * tree;
        let value = weights[weight] * sumInside(sums, place, corners, corner);
        value += weights[weight + 1] * sumInside(sums, place, corners, corner + 4);
        if (weights[weight + 2]) value += weights[weight + 2] * sumInside(sums, place, corners, corner + 8);
        total += value * deviation < thresholds[tree] ? below[tree] : above[tree];
      }
      if (total < stageThresholds[stage]) return stage;
    }
    return ends.length;
  }

  // Returns one over the standard deviation of a window, times its area; features are measured by it.
  inverseDeviation(place) {
    const { sums, squares, stride } = this;
    // One pixel at the border is left out.
    const side = CASCADE_SIZE - 2;
    const start = place + stride + 1;
    const end = start + side * stride;
    const sum = sums[start] - sums[start + side] - sums[end] + sums[end + side];
    const square = (squares[start] - squares[start + side] - squares[end] + squares[end + side]) >>> 0;
    const variance = side * side * square - sum * sum;
    if (variance <= 0) return 1;
    const inverse = Math.fround(1 / Math.sqrt(variance));
    return side * side * inverse < 0.1 ? inverse : 0;
  }
}

// Fills in the sums of all pixels above and left of each place, and those of their squares.
function addUp({ width, height, data }, sums, squares, stride) {
  for (let y = 0, pixel = 0; y < height; y++) {
    let sum = 0;
    let square = 0;
    for (let x = 1, place = (y + 1) * stride + 1; x <= width; x++, place++, pixel++) {
      const value = data[pixel];
      sum += value;
      square += value * value;
      sums[place] = sums[place - stride] + sum;
      squares[place] = squares[place - stride] + square;
    }
  }
}

// Returns the sum of the pixels between four corners, seen from a place in the sums.
function sumInside(sums, place, corners, corner) {
  const above = sums[place + corners[corner]] - sums[place + corners[corner + 1]];
  return (above - sums[place + corners[corner + 2]] + sums[place + corners[corner + 3]]) | 0;
}

// Returns a mean box for each group of more than `neighbours` similar windows.
function grouped(windows, neighbours) {
  const groups = [];
  for (const window of windows) {
    const near = groups.filter((group) => group.some((other) => isSimilar(window, other)));
    // A window that resembles two groups makes them one.
    near.slice(1).forEach((group) => groups.splice(groups.indexOf(group), 1));
    if (near.length) near[0].push(window, ...near.slice(1).flat());
    else groups.push([window]);
  }
  const means = groups
    .filter((group) => group.length > neighbours)
    .map((group) => ({ count: group.length, box: [0, 1, 2, 3].map((side) => round(mean(group, side))) }));
  return means.filter((face) => !means.some((other) => other !== face && isInside(face, other))).map(({ box }) => box);
}

function mean(group, side) {
  return group.reduce((sum, window) => sum + window[side], 0) / group.length;
}

function isSimilar(window, other) {
  const most = SIMILAR * Math.min(window[2], other[2]);
  return (
    Math.abs(window[0] - other[0]) <= most &&
    Math.abs(window[1] - other[1]) <= most &&
    Math.abs(window[0] + window[2] - other[0] - other[2]) <= most &&
    Math.abs(window[1] + window[3] - other[1] - other[3]) <= most
  );
}

// Returns whether a face lies inside another that more windows speak for.
function isInside(face, other) {
  const [x, y, size] = face.box;
  const [left, top, width] = other.box;
  const margin = round(SIMILAR * width);
  return (
    x >= left - margin &&
    y >= top - margin &&
    x + size <= left + width + margin &&
    y + size <= top + width + margin &&
    (other.count > Math.max(3, face.count) || face.count < 3)
  );
}

function smallestFace(gray, least) {
  return Math.max(least, Math.floor(Math.min(gray.width, gray.height) / SIDE_DIVISOR));
}

function shrink(gray, scale) {
  if (scale >= 1) return gray;
  const [width, height] = [gray.width, gray.height].map((pixels) => Math.max(1, round(scale * pixels)));
  return resizeByArea(gray, width, height);
}
