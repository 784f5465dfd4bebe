// The page's side of the worker that reads frames.

export class Reader {
  constructor() {
    this.worker = new Worker("worker.js");
    this.waiting = new Map();
    this.lastId = 0;
    this.onMap = () => {};
    // The addresses of the files that the worker has loaded; or what is in the way of its start.
    this.ready = new Promise((resolve, reject) => {
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.onmessage = ({ data }) => {
        if (data.isReady) resolve(data.files);
        else if (data.isReady === false) reject(new Error(data.error));
        else if (data.map) this.onMap(data);
        else this.answer(data);
      };
    });
  }

  answer({ id, error, ...answer }) {
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  }

  // Returns {bitmap, faces} of a frame, whose bitmap is away meanwhile; each face is {number, box, probabilities, winner, unclear}:
  // `winner` is the place of the emotion to show, `unclear` that of the second where it is too close, else -1.
  read(frame) {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...frame }, [frame.bitmap]);
    });
  }

  // Asks for the heat map of a face of the newest frame; `onMap` is given {number, winner, map}.
  explain(number) {
    this.worker.postMessage({ explained: number });
  }
}
