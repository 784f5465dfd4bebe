// Where pictures come from: the camera, or a file. A source has a `name` and yields frames {bitmap, number, seconds}.

// A mistake that a person can mend, told in one sentence.
export class UserError extends Error {}

// Phones draw no more pixels than this at once.
const MOST_PIXELS = 16_000_000;

const REFUSALS = {
  NotAllowedError: "The camera was not allowed: allow it beside the address of this page, or choose a file.",
  NotFoundError: "No camera was found: connect one, or choose a file.",
  NotReadableError: "The camera gives no picture: close what else uses it, and try again.",
  OverconstrainedError: "That camera has gone: choose another one.",
};

// Returns the camera of this id, or the one that the browser prefers; `onGone` is called when it is unplugged.
export async function openCamera(stage, id, onGone) {
  if (!navigator.mediaDevices) throw new UserError("A camera needs a page from https:// or from this machine: choose a file.");
  const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, ...(id ? { deviceId: { exact: id } } : { facingMode: "user" }) };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted }).catch((error) => {
    throw new UserError(REFUSALS[error.name] ?? `The camera does not open (${error.message}): choose a file.`);
  });
  const [track] = stream.getVideoTracks();
  track.addEventListener("ended", onGone);
  const source = new Video(stage, track.label || "camera", () => track.stop());
  source.video.srcObject = stream;
  source.isLive = true;
  source.cameraId = track.getSettings().deviceId;
  source.isMirrored = track.getSettings().facingMode !== "environment";
  return source;
}

// Returns [{id, name}] of all cameras; their names are told only after one was allowed.
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "videoinput")
    .map((device, place) => ({ id: device.deviceId, name: device.label || `camera ${place + 1}` }));
}

// Returns what a file holds, a picture or a video.
export async function openFile(stage, file) {
  // Colours are taken as they stand in the file, as OpenCV takes them; a long video is not read as a picture first.
  const isFilm = file.type.startsWith("video/");
  const bitmap = isFilm ? null : await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => null);
  if (bitmap) return new Picture(await shrunk(bitmap), file.name);
  const address = URL.createObjectURL(file);
  const source = new Video(stage, file.name, () => URL.revokeObjectURL(address));
  source.video.src = address;
  const isVideo = await new Promise((resolve) => {
    source.video.onloadeddata = () => resolve(source.video.videoWidth > 0);
    source.video.onerror = () => resolve(false);
  });
  if (isVideo) return source;
  source.close();
  throw new UserError(`${file.name} is no picture or video that this browser reads: choose a PNG, JPEG, WebP, MP4 or WebM file.`);
}

async function shrunk(bitmap) {
  const scale = Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height));
  if (scale >= 1) return bitmap;
  const resizeWidth = Math.round(scale * bitmap.width);
  return createImageBitmap(bitmap, { resizeWidth, resizeQuality: "high" });
}

class Picture {
  isVideo = false;
  isLive = false;
  isMirrored = false;

  constructor(bitmap, name) {
    Object.assign(this, { bitmap, name });
  }

  async *frames() {
    yield { bitmap: this.bitmap, number: 0, seconds: 0 };
  }

  close() {}
}

// A camera or a video file, which plays in an element of its own.
class Video {
  isVideo = true;
  isLive = false;
  isMirrored = false;

  constructor(stage, name, release) {
    Object.assign(this, { name, release });
    // Phones play only what is on the page and has no sound: it lies there unseen.
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, ariaHidden: "true" });
    stage.append(this.video);
    this.closed = new Promise((resolve) => (this.end = resolve));
  }

  // Yields the newest frame each time that one is asked for, until the source is closed. A paused camera's time stands.
  async *frames() {
    // Asked for before it plays: a video may have a single frame.
    let next = nextFrame(this.video);
    await Promise.race([this.video.play(), this.closed]);
    let last = performance.now();
    let seconds = 0;
    for (let number = 0; ; number++) {
      const time = await Promise.race([next, this.closed]);
      if (time === undefined) return;
      const now = performance.now();
      if (this.isLive) seconds += number && !this.wasPaused ? (now - last) / 1000 : 0;
      else seconds = time;
      [last, this.wasPaused] = [now, false];
      yield { bitmap: await createImageBitmap(this.video), number, seconds };
      next = nextFrame(this.video);
    }
  }

  togglePause() {
    this.wasPaused = true;
    if (this.video.paused) this.video.play();
    else this.video.pause();
  }

  close() {
    this.end();
    this.release();
    this.video.onerror = null;
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
  }
}

// Waits for the next frame of a video and returns its time in seconds.
function nextFrame(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback((now, { mediaTime }) => resolve(mediaTime));
    else requestAnimationFrame(() => resolve(video.currentTime));
  });
}
