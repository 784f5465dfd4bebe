// Faces made unrecognisable, as in emotion_recognition/video/blur.py.

import { clip } from "./boxes.js";
import { drawOnWhite } from "./images.js";

// Says what is to be blurred in each frame. A face that is lost stays blurred where it was: most often it has turned away.
export class Blur {
  constructor({ margin, seconds }) {
    Object.assign(this, { margin, seconds });
    this.last = new Map();
  }

  // Returns boxes with a margin: hair, ears and chin lie outside the box of a face, and people are known by them too.
  boxes({ bitmap, faces, seconds }) {
    for (const [number, { time }] of this.last) if (Math.abs(seconds - time) > this.seconds) this.last.delete(number);
    for (const { number, box } of faces) this.last.set(number, { box, time: seconds });
    const boxes = [...this.last.values()].map(({ box: [x, y, width, height] }) => {
      const [sideways, upright] = [this.margin * width, this.margin * height];
      return clip([x - sideways, y - upright, width + 2 * sideways, height + 2 * upright], bitmap);
    });
    // A face that was lost may lie outside, where a phone was turned.
    return boxes.filter(([, , width, height]) => width > 0 && height > 0);
  }
}

const scratch = new OffscreenCanvas(1, 1);
const pixels = scratch.getContext("2d", { willReadFrequently: true });

// Draws a box of a picture as even blocks, so many in width and height.
export function drawBlocks(context, bitmap, [left, top, width, height], blocks) {
  Object.assign(scratch, { width, height });
  drawOnWhite(pixels, bitmap, -left, -top);
  const { data } = pixels.getImageData(0, 0, width, height);
  const edges = (size) => Array.from({ length: blocks + 1 }, (_, block) => Math.ceil((block * size) / blocks));
  const [across, down] = [edges(width), edges(height)];
  for (let row = 0; row < blocks; row++) {
    for (let column = 0; column < blocks; column++) {
      const block = [across[column], down[row], across[column + 1], down[row + 1]];
      context.fillStyle = meanColour(data, width, block);
      context.fillRect(left + block[0], top + block[1], block[2] - block[0], block[3] - block[1]);
    }
  }
}

function meanColour(data, width, [left, top, right, bottom]) {
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let place = 4 * (y * width + left), end = place + 4 * (right - left); place < end; place += 4) {
      for (let channel = 0; channel < 3; channel++) sums[channel] += data[place + channel];
    }
  }
  const number = (right - left) * (bottom - top);
  return `rgb(${sums.map((sum) => Math.round(sum / number)).join(" ")})`;
}
