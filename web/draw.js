// What is drawn on the canvas: the picture, and on every face its box and emotion.

import { drawBlocks } from "./blur.js";
import { drawOnWhite } from "./images.js";

// Where a heat map is strongest, so much of the face is covered.
const LARGEST_OPACITY = 0.6;
// A map in which no probability falls by more than this is hardly seen.
const FAINTEST_FALL = 0.05;

// Draws a frame; `heat` is {number, map} of one face, or null, `blurred` the boxes that become so many blocks.
export function draw(canvas, { bitmap, faces }, { emotions, colours }, isMirrored, heat, blurred, blocks) {
  const { width, height } = bitmap;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.style.setProperty("--ratio", width / height);
  const context = canvas.getContext("2d");
  context.save();
  // The picture is mirrored before the text is written, so that it stays readable.
  if (isMirrored) context.transform(-1, 0, 0, 1, width, 0);
  drawOnWhite(context, bitmap);
  for (const box of blurred) drawBlocks(context, bitmap, box, blocks);
  const explained = heat && faces.find((face) => face.number === heat.number);
  if (explained) context.drawImage(heatPicture(heat.map, colours), ...explained.box);
  context.restore();
  // Readable on a small screen too, where the canvas is shown smaller than it is.
  const shown = canvas.clientWidth ? width / canvas.clientWidth : 1;
  const size = Math.max(Math.min(24, Math.min(width, height) / 36), 12 * shown);
  for (const face of faces) {
    const [left, top, side, high] = face.box;
    const x = isMirrored ? width - left - side : left;
    const colour = css(colours[emotions[face.winner]]);
    const line = Math.max(2, size / 6);
    // A dark line around the box is seen on light ground.
    for (const [style, lineWidth] of [[css(colours.text), line + 2], [colour, line]]) {
      Object.assign(context, { strokeStyle: style, lineWidth });
      context.strokeRect(x, top, side, high);
    }
    drawName(context, nameOf(face, emotions), x, top, size, colour, css(colours.text));
  }
}

// Returns a colour, [red, green, blue], as style sheets write it.
export function css(colour) {
  return `rgb(${colour.join(", ")})`;
}

// Returns what is written at a face: its number, its emotion and how probable that is; or, where two are too close, both.
export function nameOf({ number, winner, unclear, probabilities }, emotions) {
  if (unclear >= 0) return `${number} unclear: ${emotions[winner]} or ${emotions[unclear]}`;
  return `${number} ${emotions[winner]} ${Math.round(100 * probabilities[winner])}%`;
}

function drawName(context, text, x, top, size, ground, colour) {
  context.font = `600 ${size}px system-ui, sans-serif`;
  const width = context.measureText(text).width + size;
  const height = 1.7 * size;
  const left = Math.max(0, Math.min(x, context.canvas.width - width));
  const y = top >= height ? top - height : top;
  context.fillStyle = ground;
  context.fillRect(left, y, width, height);
  context.fillStyle = colour;
  context.textBaseline = "middle";
  context.fillText(text, left + size / 2, y + height / 2);
}

// Returns a map of 48x48 values as a picture that lets the face through where nothing decides.
function heatPicture(map, colours) {
  const side = Math.sqrt(map.length);
  const strongest = Math.max(FAINTEST_FALL, ...map.map(Math.abs));
  const pixels = new ImageData(side, side);
  map.forEach((value, place) => {
    const opacity = LARGEST_OPACITY * (Math.abs(value) / strongest);
    pixels.data.set([...(value > 0 ? colours.for : colours.against), 255 * opacity], 4 * place);
  });
  const picture = new OffscreenCanvas(side, side);
  picture.getContext("2d").putImageData(pixels, 0, 0);
  return picture;
}
