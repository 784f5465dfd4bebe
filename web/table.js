// What was read, kept as a table: a row for each face of each frame, with the columns of test.py --csv.

const COLUMNS = ["source", "frame", "seconds", "face", "score", "x", "y", "width", "height", "emotion", "unclear"];
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
    for (const { number, box, winner, unclear, probabilities } of faces) {
      // The detector of the page tells no score.
      const place = [quoted(source), frame, rounded(seconds, 3), number, "", ...box];
      const values = [...place, this.emotions[winner], this.emotions[unclear] ?? ""];
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
