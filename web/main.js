// The page: what a person does with it, and what it shows.

import { UserError, listCameras, openCamera, openFile } from "./camera.js";
import { Blur } from "./blur.js";
import { css, draw, nameOf } from "./draw.js";
import { Panel } from "./panel.js";
import { Reader } from "./reader.js";
import { Table, download } from "./table.js";

// A screen reader is told no more often, and the list changes no more often: numbers that flicker cannot be read.
const TOLD_MILLISECONDS = 3000;
const LISTED_MILLISECONDS = 100;
const RATE_FRAMES = 30;

const element = Object.fromEntries([...document.querySelectorAll("[id]")].map((each) => [each.id, each]));
const [labels, rules] = await Promise.all(["labels.json", "rules.json"].map(async (name) => (await fetch(name)).json()));
for (const key of element["heat-key"].querySelectorAll("i")) key.style.background = css(labels.colours[key.className]);
const reader = new Reader();
const panel = new Panel(element.faces, labels, explain);

let source = null;
// How many sources were chosen: one that opens slowly does not take the place of one that was chosen after it.
let chosen = 0;
let shown = null;
let isMirrored = false;
let isBlurred = false;
let blur = new Blur(rules.blur);
let table = null;
// The number of the face whose heat is shown, and its newest map {number, map}.
let explained = null;
let heat = null;
let toldAt = -Infinity;
let listed = 0;
let times = [];

// Starts what `open` opens, in place of what was shown; a mistake is told, and what was shown goes on.
async function start(open) {
  problem("");
  const number = ++chosen;
  try {
    const next = await open();
    if (number === chosen) await show(next);
    else next.close();
  } catch (error) {
    problem(error instanceof UserError ? error.message : `Something went wrong (${error.message}): load the page again.`);
  }
}

async function show(next) {
  source?.close();
  finishTable();
  shown?.bitmap.close();
  [source, shown, heat, times] = [next, null, null, []];
  explained = explained && 1;
  blur = new Blur(rules.blur);
  isMirrored = next.isMirrored;
  press(element.mirror, isMirrored);
  press(element.pause, false);
  if (next.isVideo) {
    next.video.onpause = next.video.onended = () => press(element.pause, true);
    next.video.onplay = () => press(element.pause, false);
  }
  enableTools(false);
  element.pause.disabled = !next.isVideo;
  element.table.textContent = next.isVideo ? "Record" : "Table";
  element.welcome.hidden = true;
  element.canvas.hidden = false;
  if (next.isLive) offerCameras(next.cameraId);
  let last = 0;
  for await (const frame of next.frames()) {
    const isFirst = frame.number === 0 || frame.seconds < last;
    last = frame.seconds;
    const smooth = Number(element.smooth.value);
    const answer = await reader.read({ ...frame, isFirst, isVideo: next.isVideo, smooth, explained });
    if (source !== next) return answer.bitmap.close();
    shown?.bitmap.close();
    shown = { ...frame, ...answer };
    present();
  }
}

// Shows what was read in a frame, and keeps it.
function present() {
  const now = performance.now();
  times = [...times.slice(-RATE_FRAMES), now];
  enableTools(true);
  table?.add(source.name, shown);
  if (table?.isFull) finishTable();
  if (explained && !shown.faces.some((face) => face.number === explained)) explained = largest() ?? explained;
  redraw();
  if (!source.isVideo || now - listed > LISTED_MILLISECONDS) list(now);
}

function redraw() {
  if (!shown) return;
  // Who is lost is remembered while nothing is blurred, too.
  const boxes = blur.boxes(shown);
  draw(element.canvas, shown, labels, isMirrored, explained && heat, isBlurred ? boxes : [], rules.blur.blocks);
  element["heat-key"].hidden = !(explained && heat);
}

function list(now) {
  listed = now;
  const { faces } = shown;
  panel.show(faces, explained);
  element.nobody.hidden = faces.length > 0;
  // Percents change in every frame: they stand in the list.
  const names = faces.map((face) => nameOf(face, labels.emotions).replace(/ \d+%$/, ""));
  const words = names.join(", ") || "no face found";
  const rate = source.isVideo && times.length > 2 ? ` · ${rateOf(times)} frames a second` : "";
  say(`${source.name}: ${words}${rate}`);
  // A screen reader is told what has changed, and not too often.
  if ((source.isVideo && now - toldAt < TOLD_MILLISECONDS) || element.told.textContent === words) return;
  toldAt = now;
  element.told.textContent = words;
  element.canvas.setAttribute("aria-label", `${source.name}: ${words}`);
}

function rateOf(times) {
  return Math.round((1000 * (times.length - 1)) / (times.at(-1) - times[0]));
}

function largest() {
  return shown?.faces.toSorted((face, other) => other.box[2] - face.box[2])[0]?.number;
}

// Shows what decides for a face, or for none where it is the one already.
function explain(number) {
  explained = number === explained ? null : number;
  heat = null;
  press(element.heat, explained !== null);
  if (!shown) return;
  if (explained) reader.explain(explained);
  redraw();
  panel.show(shown.faces, explained);
}

reader.onMap = (made) => {
  if (made.number !== explained) return;
  heat = made;
  redraw();
};

const actions = {
  camera() {
    // Phones open no second camera beside the first.
    if (source?.isLive) leaveCamera();
    return start(() => openCamera(element.stage, element.cameras.value, cameraHasGone));
  },
  file: () => element.files.click(),
  pause: () => source.togglePause(),
  mirror() {
    isMirrored = !isMirrored;
    press(element.mirror, isMirrored);
    redraw();
  },
  blur() {
    isBlurred = !isBlurred;
    press(element.blur, isBlurred);
    element.blurred.hidden = !isBlurred;
    redraw();
  },
  heat: () => explain(explained ?? largest() ?? 1),
  snapshot: () => element.canvas.toBlob((blob) => download(blob, `snapshot_${stamp()}.png`)),
  table() {
    if (table) return finishTable();
    table = new Table(labels.emotions);
    if (source.isVideo) return press(element.table, true);
    table.add(source.name, shown);
    finishTable();
  },
};

function finishTable() {
  if (!table) return;
  download(table.toBlob(), `faces_${stamp()}.csv`);
  table = null;
  press(element.table, false);
}

function cameraHasGone() {
  leaveCamera();
  problem("The camera has gone: connect it and press Camera, or choose a file.");
}

function leaveCamera() {
  source?.close();
  source = null;
  finishTable();
  enableTools(false);
  element.pause.disabled = true;
}

// Enables what needs a picture that was read, or disables it.
function enableTools(isEnabled) {
  for (const name of ["mirror", "heat", "snapshot", "table"]) element[name].disabled = !isEnabled;
}

async function offerCameras(current) {
  const cameras = await listCameras();
  element.cameras.replaceChildren(...cameras.map(({ id, name }) => new Option(name, id, false, id === current)));
  element["cameras-label"].hidden = cameras.length < 2;
}

function openFiles(files) {
  if (files.length) start(() => openFile(element.stage, files[0]));
}

function press(button, isPressed) {
  button.setAttribute("aria-pressed", isPressed);
}

function say(text) {
  element.status.textContent = text;
}

function problem(text) {
  element.problem.textContent = text;
  element.problem.hidden = !text;
}

function stamp() {
  return new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", "_");
}

for (const [name, action] of Object.entries(actions)) element[name].onclick = action;
element.start.onclick = actions.camera;
element.choose.onclick = actions.file;
element.cameras.onchange = actions.camera;
element.files.onchange = () => {
  openFiles([...element.files.files]);
  element.files.value = "";
};
element.smooth.oninput = () => (element.smooth.nextElementSibling.value = `${Number(element.smooth.value).toFixed(1)} s`);

const keys = { c: "camera", o: "file", " ": "pause", m: "mirror", h: "heat", b: "blur", s: "snapshot", t: "table" };
addEventListener("keydown", (event) => {
  const button = element[keys[event.key]];
  const isTyping = event.target.closest("button, input, select") && event.key === " ";
  if (!button || isTyping || event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!button.disabled) button.click();
});

addEventListener("dragover", (event) => {
  event.preventDefault();
  element.stage.classList.add("dropping");
});
addEventListener("dragleave", () => element.stage.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  element.stage.classList.remove("dropping");
  openFiles([...event.dataTransfer.files]);
});
addEventListener("resize", redraw);

try {
  const files = await reader.ready;
  if (!source) say("Ready.");
  // Some browsers keep nothing, as in private windows: the page works all the same.
  await keepOffline(files).catch(() => {});
  document.documentElement.dataset.state = "ready";
} catch (error) {
  say("");
  problem(`The network does not start (${error.message}): load the page again, in a browser of 2024 or later.`);
}

// Lets the service worker keep everything that was loaded so far, where there is one.
async function keepOffline(files) {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("service-worker.js");
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  }
  const own = performance.getEntriesByType("resource").map(({ name }) => name);
  const names = new Set([location.href, ...own, ...files].filter((name) => new URL(name).origin === location.origin));
  await Promise.all([...names].map((name) => fetch(name)));
}
