// Boxes of faces, as in emotion_recognition/faces/boxes.py: [x, y, width, height] in whole pixels.

// A box of which a larger one covers more than this part is a mouth or a collar, or the same face once more.
const LARGEST_PART_INSIDE = 0.5;

export function sharedPixels(box, other) {
  const width = Math.min(box[0] + box[2], other[0] + other[2]) - Math.max(box[0], other[0]);
  const height = Math.min(box[1] + box[3], other[1] + other[3]) - Math.max(box[1], other[1]);
  return Math.max(0, width) * Math.max(0, height);
}

// Returns the part of the common area of two boxes that both cover, 0 to 1.
export function overlap(box, other) {
  const shared = sharedPixels(box, other);
  return shared / (box[2] * box[3] + other[2] * other[3] - shared);
}

// Returns the boxes from left to right, without those that lie for the most part inside a larger one.
export function distinct(boxes) {
  const kept = [];
  for (const box of [...boxes].sort((box, other) => other[2] * other[3] - box[2] * box[3])) {
    const isInside = (larger) => sharedPixels(box, larger) > LARGEST_PART_INSIDE * box[2] * box[3];
    if (!kept.some(isInside)) kept.push(box);
  }
  return kept.sort((box, other) => box[0] - other[0] || box[1] - other[1]);
}

// Returns the part of a box, of any numbers, that is inside a picture.
export function clip(box, { width, height }) {
  const [x, y, wide, high] = box.map(round);
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  return [left, top, Math.min(width, x + wide) - left, Math.min(height, y + high) - top];
}

// Rounds as Python and OpenCV do: halves to the even neighbour.
export function round(value) {
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}
