// Gray pictures as emotion_recognition/images.py makes them with OpenCV: {width, height, data: Uint8Array}.

import { round } from "./boxes.js";

export const FACE_SIZE = 48;

// Draws a picture; where it is transparent, it lies on white.
export function drawOnWhite(context, bitmap, left = 0, top = 0) {
  context.fillStyle = "white";
  context.fillRect(left, top, bitmap.width, bitmap.height);
  context.drawImage(bitmap, left, top);
}

// Returns the gray of red-green-blue-alpha pixels, as an ImageData holds them.
export function toGray({ width, height, data }) {
  const gray = new Uint8Array(width * height);
  for (let place = 0, pixel = 0; place < gray.length; place++, pixel += 4) {
    // OpenCV's weights, in parts of 32768.
    gray[place] = (9798 * data[pixel] + 19235 * data[pixel + 1] + 3735 * data[pixel + 2] + 16384) >> 15;
  }
  return { width, height, data: gray };
}

// Returns the part of a gray picture in a box [x, y, width, height]; beyond its edge, its outermost pixels are repeated.
export function crop(gray, [left, top, width, height]) {
  const data = new Uint8Array(width * height);
  const inside = (place, size) => Math.min(Math.max(place, 0), size - 1);
  for (let y = 0; y < height; y++) {
    const line = inside(top + y, gray.height) * gray.width;
    const start = Math.max(left, 0);
    const end = Math.min(left + width, gray.width);
    data.set(gray.data.subarray(line + start, line + end), y * width + start - left);
    for (let x = 0; x < start - left; x++) data[y * width + x] = gray.data[line];
    for (let x = end - left; x < width; x++) data[y * width + x] = gray.data[line + gray.width - 1];
  }
  return { width, height, data };
}

// Returns a box cut out of a gray picture and scaled to 48x48.
export function cropFace(gray, box) {
  const face = crop(gray, box);
  if (face.width === FACE_SIZE && face.height === FACE_SIZE) return face;
  const resize = Math.min(face.width, face.height) > FACE_SIZE ? resizeByArea : resizeLinearly;
  return resize(face, FACE_SIZE, FACE_SIZE);
}

// Returns views of the face in a box, 48x48 each: `views` holds [right, down, isMirrored], shifts as parts of its size.
export function cropViews(gray, [x, y, width, height], views) {
  return views.map(([right, down, isMirrored]) => {
    const view = cropFace(gray, [x + round(right * width), y + round(down * height), width, height]);
    if (isMirrored) for (let row = 0; row < FACE_SIZE; row++) view.data.subarray(row * FACE_SIZE, (row + 1) * FACE_SIZE).reverse();
    return view;
  });
}

// Returns the picture in a smaller size; each pixel is the mean of the area it stands for.
export function resizeByArea(gray, width, height) {
  const across = areaWeights(gray.width, width);
  const down = areaWeights(gray.height, height);
  const data = new Uint8Array(width * height);
  const row = new Float64Array(gray.width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let part = down.starts[y]; part < down.starts[y + 1]; part++) {
      const start = down.places[part] * gray.width;
      const weight = down.weights[part];
      for (let x = 0; x < gray.width; x++) row[x] += weight * gray.data[start + x];
    }
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let part = across.starts[x]; part < across.starts[x + 1]; part++) {
        sum += across.weights[part] * row[across.places[part]];
      }
      data[y * width + x] = sum + 0.5;
    }
  }
  return { width, height, data };
}

// Returns which of `from` pixels make up each of `to` pixels, and by how much: pixel i's parts begin at starts[i].
function areaWeights(from, to) {
  const scale = from / to;
  const starts = new Int32Array(to + 1);
  const places = [];
  const weights = [];
  for (let pixel = 0; pixel < to; pixel++) {
    const begin = pixel * scale;
    const end = Math.min(begin + scale, from);
    for (let place = Math.floor(begin + 1e-3); place < end - 1e-3; place++) {
      places.push(place);
      weights.push((Math.min(end, place + 1) - Math.max(begin, place)) / (end - begin));
    }
    starts[pixel + 1] = places.length;
  }
  return { starts, places: Int32Array.from(places), weights: Float64Array.from(weights) };
}

// Returns the picture in another size, between its pixels linear, in OpenCV's bit-exact steps of 1/256.
export function resizeLinearly(gray, width, height, into = new Uint8Array(width * height)) {
  const across = linearWeights(gray.width, width);
  const down = linearWeights(gray.height, height);
  const { data } = gray;
  for (let y = 0, place = 0; y < height; y++) {
    const upper = down.places[y] * gray.width;
    const lower = down.nexts[y] * gray.width;
    const low = down.weights[y];
    for (let x = 0; x < width; x++, place++) {
      const left = across.places[x];
      const right = across.nexts[x];
      const weight = across.weights[x];
      const above = (256 - weight) * data[upper + left] + weight * data[upper + right];
      const below = (256 - weight) * data[lower + left] + weight * data[lower + right];
      into[place] = ((256 - low) * above + low * below + 32768) >> 16;
    }
  }
  return { width, height, data: into };
}

// Returns between which two of `from` pixels each of `to` pixels lies, and the weight of the second, 0 to 256.
function linearWeights(from, to) {
  const places = new Int32Array(to);
  const nexts = new Int32Array(to);
  const weights = new Int32Array(to);
  for (let pixel = 0; pixel < to; pixel++) {
    const exact = Math.min(Math.max((pixel + 0.5) * (from / to) - 0.5, 0), from - 1);
    places[pixel] = Math.floor(exact);
    nexts[pixel] = Math.min(places[pixel] + 1, from - 1);
    weights[pixel] = Math.round(256 * (exact - places[pixel]));
  }
  return { places, nexts, weights };
}
