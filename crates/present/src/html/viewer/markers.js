// Markers are buttons above the canvas, so that keyboards and screen readers reach them. A candidate shows
// its picture where there is room, else its number, else a dot.

const PIN = { photo: [58, 66], number: [26, 32], dot: [14, 14] };

class Markers {
  constructor(layer, { onSelect, onEstimate }) {
    this.layer = layer;
    this.onSelect = onSelect;
    this.onEstimate = onEstimate;
    this.candidates = [];
    this.estimate = null;
    this.selected = null;
  }

  show(photo) {
    this.layer.replaceChildren();
    this.candidates = [];
    this.estimate = null;
    this.selected = null;
    const { estimate, candidates } = photo.result;
    if (!estimate) return;
    this.candidates = candidates.map((candidate, index) => this.candidate(photo, candidate, index));
    const name = heading(estimate) === NO_ANSWER ? inWords(estimate) : `Estimate: ${inWords(estimate)}`;
    const button = make("button", {
      type: "button", class: `estimate-marker${estimate.abstained ? " abstained" : ""}`, title: name,
      "aria-label": name, onclick: () => this.onEstimate(),
    });
    this.estimate = { button, world: project(estimate.lat, estimate.lon) };
    this.layer.append(button, ...this.candidates.map(({ button: pin }) => pin).reverse());
  }

  candidate(photo, candidate, index) {
    const name = `Candidate ${candidate.rank}: ${placeName(candidate)}, ${percent(candidate.probability)}`;
    const image = picture(photo.pictures[index], "", "pin-photo");
    const button = make(
      "button",
      { type: "button", class: "pin", title: name, "aria-label": name, onclick: () => this.onSelect(index) },
      image,
      make("span", { class: "pin-number" }, String(candidate.rank)),
    );
    return { button, hasPhoto: image !== null, world: project(candidate.lat, candidate.lon), candidate, photo, index };
  }

  select(index) {
    this.selected = index;
    this.card?.remove();
    this.card = null;
    for (const marker of this.candidates) marker.button.classList.toggle("selected", marker.index === index);
    const marker = this.candidates[index];
    if (!marker) return;
    const { candidate, photo } = marker;
    const similarity = similarityOf(candidate);
    this.card = make(
      "div",
      { class: "card" },
      picture(photo.pictures[index], `Photo of candidate ${candidate.rank}`, "card-photo"),
      make("div", { class: "card-text" },
        make("strong", {}, `${candidate.rank}. ${placeName(candidate)}`),
        make("span", {}, [
          percent(candidate.probability), similarity === null ? "" : `similarity ${similarity.toFixed(3)}`,
        ].filter(Boolean).join(" · ")),
        make("small", {}, credit(candidate)),
      ),
      make("button", { type: "button", class: "card-close", "aria-label": "Close", onclick: () => this.onSelect(null) }, "×"),
    );
    this.layer.append(this.card);
  }

  // Puts every marker at its point of the screen; returns the boxes taken.
  place(view, screen) {
    const room = new Room();
    if (this.estimate) {
      const [x, y] = screen(this.estimate.world);
      move(this.estimate.button, x, y, x < -20 || y < -20 || x > view.width + 20 || y > view.height + 20);
      room.boxes.push([x - 9, y - 9, x + 9, y + 9]);
    }
    if (this.card) this.placeCard(view, screen, room);
    for (const marker of this.candidates) {
      const [x, y] = screen(marker.world);
      const outside = x < -40 || y < -10 || x > view.width + 40 || y > view.height + 80;
      const kind = outside ? "dot" : this.kind(marker, x, y, room);
      marker.button.dataset.kind = kind;
      move(marker.button, x, y, outside);
    }
    return room.boxes;
  }

  kind(marker, x, y, room) {
    for (const kind of marker.hasPhoto ? ["photo", "number"] : ["number"]) {
      const [width, height] = PIN[kind];
      if (room.take([x - width / 2, y - height - 9, x + width / 2, y - 9])) return kind;
    }
    return "dot";
  }

  placeCard(view, screen, room) {
    const [x, y] = screen(this.candidates[this.selected].world);
    const { offsetWidth: width, offsetHeight: height } = this.card;
    const outside = x < 0 || y < 0 || x > view.width || y > view.height;
    const left = clamp(x - width / 2, 8, Math.max(view.width - width - 56, 8));
    const below = y - height - 16 < 8;
    const top = below ? Math.min(y + 16, view.height - height - 8) : y - height - 16;
    this.card.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    this.card.hidden = outside;
    if (!outside) room.boxes.push([left, top, left + width, top + height]);
  }
}

function move(button, x, y, hidden) {
  button.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  button.hidden = hidden;
}
