// The network that reads the emotions, run by LiteRT in WebAssembly.

import { Tensor, loadAndCompile, loadLiteRt } from "./litert/index.js";
import { FACE_SIZE } from "./images.js";

export class EmotionClassifier {
  static async load() {
    // LiteRT asks where its WebAssembly lies.
    self.Module = { locateFile: (name) => new URL(`litert/${name}`, import.meta.url).href };
    await loadLiteRt(new URL("litert/", import.meta.url).href);
    const classifier = new EmotionClassifier();
    // A page without special headers has one thread.
    const options = { accelerator: "wasm", cpuOptions: { numThreads: 1 } };
    classifier.network = await loadAndCompile(new URL("model.tflite", import.meta.url).href, options);
    return classifier;
  }

  // Returns the probabilities of the emotions, an array of numbers, for a gray face of 48x48 pixels.
  async probabilities(face) {
    const input = new Tensor(Float32Array.from(face.data), [1, FACE_SIZE, FACE_SIZE, 1]);
    try {
      const [output] = await this.network.run(input);
      const row = Array.from(output.toTypedArray());
      output.delete();
      return row;
    } finally {
      input.delete();
    }
  }
}
