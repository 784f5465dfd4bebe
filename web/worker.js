// Reads frames beside the page, so that the page never waits: pictures come in, faces and heat maps go out.
// A classic worker, since LiteRT loads its scripts by importScripts; our modules are imported all the same.

let detector, classifier, images, tracks, heat, rules, finder, tracker;
// The faces of the newest frame and their crops, and the heat map that is being made.
let newest = { faces: [], crops: [] };
let map = null;
const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { willReadFrequently: true });

// One thing after the other: the network takes one face at a time.
let work = start();
self.onmessage = ({ data }) => {
  work = work.then(() => answer(data)).catch((error) => postMessage({ id: data.id, error: String(error) }));
};

async function start() {
  try {
    const xml = fetch("haarcascade_frontalface_default.xml").then((response) => response.text());
    rules = await (await fetch("rules.json")).json();
    const names = ["images", "tracks", "heat", "faces", "emotions"];
    const modules = await Promise.all(names.map((name) => import(`./${name}.js`)));
    [images, tracks, heat] = modules;
    const [, , , faces, emotions] = modules;
    classifier = await emotions.EmotionClassifier.load();
    detector = new faces.FaceDetector(await xml);
    restart();
    postMessage({ isReady: true, files: performance.getEntriesByType("resource").map(({ name }) => name) });
  } catch (error) {
    postMessage({ isReady: false, error: String(error) });
  }
}

// Forgets the faces of the last video.
function restart() {
  finder = new tracks.FaceFinder(detector);
  tracker = new tracks.Tracker();
  map = null;
}

async function answer({ id, bitmap, isVideo, seconds, smooth, isFirst, explained }) {
  if (!bitmap) return explain(explained);
  if (isFirst) restart();
  const gray = grayOf(bitmap);
  const known = tracker.expected(seconds);
  const boxes = isVideo ? finder.find(gray, seconds, known) : detector.detect(gray);
  const crops = boxes.map((box) => images.cropFace(gray, box));
  const rows = [];
  // In a video, smoothing does what several views do for a picture.
  for (const [place, box] of boxes.entries()) {
    rows.push(await meanOf(isVideo ? [crops[place]] : images.cropViews(gray, box, rules.views)));
  }
  const faces = isVideo
    ? tracker.update(boxes, rows, seconds, smooth)
    : boxes.map((box, place) => ({ number: place + 1, box, probabilities: rows[place], winner: tracks.winnerOf(rows[place]) }));
  for (const face of faces) face.unclear = tooClose(face.probabilities, face.winner);
  postMessage({ id, bitmap, faces }, [bitmap]);
  newest = { faces, crops };
  explain(explained);
}

// Returns the mean of the probabilities in views of one face.
async function meanOf(views) {
  const rows = [];
  for (const view of views) rows.push(await classifier.probabilities(view));
  return rows[0].map((_, place) => rows.reduce((sum, row) => sum + row[place], 0) / rows.length);
}

// Returns the place of the most probable of the other emotions where the winner does not lead it clearly, else -1.
function tooClose(probabilities, winner) {
  const others = probabilities.map((value, place) => (place === winner ? -1 : value));
  const second = others.indexOf(Math.max(...others));
  return probabilities[winner] - others[second] < rules.clearLead ? second : -1;
}

// Returns the gray of a picture.
function grayOf(bitmap) {
  const { width, height } = bitmap;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  images.drawOnWhite(context, bitmap);
  return images.toGray(context.getImageData(0, 0, width, height));
}

// Starts the heat map of a face of the newest frame, in place of that of another face, unless it is being made.
function explain(number) {
  const place = newest.faces.findIndex((face) => face.number === number);
  if (place < 0 || map?.number === number) return;
  const { winner } = newest.faces[place];
  const steps = heat.occlusionMap(async (face) => (await classifier.probabilities(face))[winner], newest.crops[place]);
  const mine = (map = { number });
  const step = async () => {
    if (map !== mine) return;
    const { done, value } = await steps.next();
    if (done) {
      map = null;
      postMessage({ number, winner, map: value });
    } else setTimeout(() => (work = work.then(step)));
  };
  work = work.then(step);
}
