// What was read, kept as a table: a row for each face of each frame, with the columns of test.py --csv.

const COLUMNS = ["source", "frame", "seconds", "face", "score", "x", "y", "width", "height", "emotion", "unclear"];
// Two emotions that are closer than this are not told apart, as in emotion_recognition/recogniser.py.
const CLEAR_LEAD = 0.15;
// Hours of one face; beyond it, the page would take the memory that it needs itself.
const MOST_ROWS = 500_000;

export class Table {
  constructor(emotions) {
    this.emotions = emotions;
    this.rows = 0;
    this.parts = [`${[...COLUMNS, ...emotions].join(",")}\n`];
  }

  get isFull() {
    return this.rows >= MOST_ROWS;
  }

  add(source, { number: frame, seconds, faces }) {
    for (const { number, box, winner, probabilities } of faces) {
      const unclear = this.emotions[tooClose(probabilities, winner)] ?? "";
      // The detector of the page tells no score.
      const place = [quoted(source), frame, rounded(seconds, 3), number, "", ...box];
      const values = [...place, this.emotions[winner], unclear];
      this.parts.push(`${[...values, ...probabilities.map((probability) => rounded(probability, 4))].join(",")}\n`);
      this.rows += 1;
    }
    // One long part instead of many short ones takes less memory.
    if (this.parts.length > 10_000) this.parts = [new Blob(this.parts)];
  }

  toBlob() {
    return new Blob(this.parts, { type: "text/csv" });
  }
}

// Returns the place of the most probable of the other emotions where the winner does not lead it clearly, else -1.
function tooClose(probabilities, winner) {
  const others = probabilities.map((value, place) => (place === winner ? -1 : value));
  const second = others.indexOf(Math.max(...others));
  return probabilities[winner] - others[second] < CLEAR_LEAD ? second : -1;
}

function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

// Lets the browser save something as a file.
export function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
