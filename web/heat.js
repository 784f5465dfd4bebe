// Which parts of a face decide: by how much the emotion's probability falls where a patch covers the face (Zeiler and
// Fergus, 2014), with the large patches of emotion_recognition/explanation/occlusion.py.

import { FACE_SIZE } from "./images.js";

const PATCH = 12;
const STRIDE = 6;
const BLUR = 5.0;

// Yields after each patch, so that the frames of a video are read between them; returns the map, Float32Array of 48x48.
export async function* occlusionMap(probability, face) {
  const sums = new Float32Array(FACE_SIZE * FACE_SIZE);
  const coverings = new Float32Array(FACE_SIZE * FACE_SIZE);
  const covered = blurred(face.data);
  const whole = await probability(face);
  for (let top = STRIDE - PATCH; top < FACE_SIZE; top += STRIDE) {
    for (let left = STRIDE - PATCH; left < FACE_SIZE; left += STRIDE) {
      const data = face.data.slice();
      const places = placesOf(left, top);
      for (const place of places) data[place] = covered[place];
      const fall = whole - (await probability({ ...face, data }));
      for (const place of places) {
        sums[place] += fall;
        coverings[place] += 1;
      }
      yield;
    }
  }
  return sums.map((sum, place) => sum / coverings[place]);
}

// Returns where the pixels of a patch lie; those at the border lie partly outside the face.
function placesOf(left, top) {
  const places = [];
  for (let y = Math.max(0, top); y < Math.min(FACE_SIZE, top + PATCH); y++) {
    for (let x = Math.max(0, left); x < Math.min(FACE_SIZE, left + PATCH); x++) places.push(y * FACE_SIZE + x);
  }
  return places;
}

// Returns the face without its details.
function blurred(data) {
  // OpenCV takes so many neighbours for pictures of bytes, and mirrors the picture at its border.
  const reach = Math.round(3 * BLUR);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, place) => Math.exp(-((place - reach) ** 2) / (2 * BLUR ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight);
  const inside = (place) => FACE_SIZE - 1 - Math.abs(FACE_SIZE - 1 - Math.abs(place));
  const along = (values, step, across) =>
    Float64Array.from(values, (_, place) => {
      const [line, middle] = step === 1 ? [place - (place % across), place % across] : [place % across, Math.floor(place / across)];
      const sum = weights.reduce((sum, weight, near) => sum + weight * values[line + step * inside(middle + near - reach)], 0);
      return sum / total;
    });
  return Uint8Array.from(along(along(data, 1, FACE_SIZE), FACE_SIZE, FACE_SIZE), (value) => value + 0.5);
}
