// The list of faces beside the picture: each with its emotions as bars, for eyes and for screen readers.

import { css, nameOf } from "./draw.js";

export class Panel {
  constructor(list, { emotions, colours }, onExplain) {
    Object.assign(this, { list, emotions, colours, onExplain });
    this.cards = new Map();
  }

  // Shows the faces of a frame; `explained` is the number of the one whose heat is shown.
  show(faces, explained) {
    const numbers = new Set(faces.map((face) => face.number));
    for (const [number, card] of this.cards) {
      if (numbers.has(number)) continue;
      card.item.remove();
      this.cards.delete(number);
    }
    for (const face of faces) {
      if (!this.cards.has(face.number)) this.cards.set(face.number, this.makeCard(face.number));
      const card = this.cards.get(face.number);
      card.title.textContent = nameOf(face, this.emotions);
      face.probabilities.forEach((probability, place) => {
        card.bars[place].style.width = `${100 * probability}%`;
        card.values[place].textContent = `${Math.round(100 * probability)}%`;
      });
      card.item.classList.toggle("explained", face.number === explained);
      card.button.setAttribute("aria-pressed", face.number === explained);
    }
  }

  makeCard(number) {
    const item = document.createElement("li");
    const title = document.createElement("strong");
    const list = document.createElement("dl");
    const [bars, values] = [[], []];
    for (const emotion of this.emotions) {
      const [name, track, value] = ["dt", "dd", "dd"].map((tag) => document.createElement(tag));
      name.textContent = emotion;
      track.className = "bar";
      track.ariaHidden = "true";
      value.className = "percent";
      const bar = track.appendChild(document.createElement("div"));
      bar.style.background = css(this.colours[emotion]);
      list.append(name, track, value);
      bars.push(bar);
      values.push(value);
    }
    const button = document.createElement("button");
    button.textContent = "What decides";
    button.setAttribute("aria-label", `What decides for face ${number}`);
    button.onclick = () => this.onExplain(number);
    item.append(title, list, button);
    this.list.append(item);
    return { item, title, bars, values, button };
  }
}
