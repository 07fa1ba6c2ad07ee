// The answer in words: photo, estimate, confidence, candidates.

class Panel {
  constructor(element, { onSelect, onRadius, onHover }) {
    this.element = element;
    Object.assign(this, { onSelect, onRadius, onHover });
    this.rows = [];
  }

  show(photo) {
    const { result } = photo;
    this.rows = [];
    const parts = [
      make("figure", { class: "query" },
        picture(photo.picture, `The photo ${fileName(result.photo)}`, "query-photo")
          ?? make("div", { class: "query-none" }, "No preview"),
        make("figcaption", { title: result.photo }, result.photo)),
      ...(result.error ? this.failure(result.error) : this.answer(photo)),
    ];
    this.element.replaceChildren(...parts);
    this.element.scrollTop = 0;
  }

  failure(error) {
    return [
      make("div", { class: "notice failed" },
        make("h2", {}, "Could not be located"),
        make("p", {}, error.message),
        error.hint ? make("p", { class: "hint" }, error.hint) : null,
        make("p", { class: "kind" }, error.kind.replaceAll("_", " "))),
    ];
  }

  answer(photo) {
    const { result } = photo;
    const { estimate, candidates, precision } = result;
    const confidence = Object.entries(estimate.confidence).map(([radius, value]) => [Number(radius), value]);
    confidence.sort((one, other) => one[0] - other[0]);
    return [
      make("section", { class: "estimate", "aria-label": "Estimate" },
        make("p", { class: "eyebrow" }, "Estimate"),
        make("h2", {}, heading(estimate)),
        estimate.abstained ? this.abstention(estimate) : null,
        isGuess(estimate) ? make("p", { class: "guess" }, `Best guess: ${placeName(estimate)}`) : null,
        make("p", { class: "coordinates" }, coordinates(estimate, roundest(precision, estimate))),
        precision ? make("p", { class: "hint" }, `Coordinates are coarsened to ${PRECISIONS[precision]}.`) : null),
      confidence.length ? make("section", { "aria-label": "Confidence" },
        make("h3", {}, "How sure", make("span", { class: "aside" }, "chance that the truth lies within")),
        make("ul", { class: "confidence" }, ...confidence.map(([radius, value]) => this.radius(radius, value, result)))) : null,
      make("section", { "aria-label": "Candidates" },
        make("h3", {}, "Candidates", make("span", { class: "aside" }, candidates.length ? "best first" : "none")),
        make("ol", { class: photo.pictures.some((id) => id !== null) ? "candidates" : "candidates bare" }, ...candidates.map((candidate, index) => this.candidate(photo, candidate, index)))),
      make("p", { class: "run" }, [
        `Model ${result.model}`, `gallery ${result.gallery}`, `${Math.round(result.elapsed_ms).toLocaleString("en")} ms`,
      ].join(" · ")),
    ].filter(Boolean);
  }

  abstention({ abstained_because: reason, coverage_note: note }) {
    return make("div", { class: "notice abstained" },
      make("p", {}, reason ? `${reason[0].toUpperCase()}${reason.slice(1)}.` : "The evidence is too weak to rely on."),
      note ? make("p", { class: "hint" }, note) : null);
  }

  radius(radius, value, { precision }) {
    const bar = make("span", { class: "bar-fill" });
    bar.style.width = `${(value * 100).toFixed(1)}%`;
    const name = `${radius.toLocaleString("en")} km`;
    return make("li", {}, make(
      "button",
      {
        type: "button", class: "radius", disabled: precision === "country",
        title: "Show the circle",
        onclick: () => this.onRadius(radius), onmouseenter: () => this.onHover(radius), onmouseleave: () => this.onHover(null),
        onfocus: () => this.onHover(radius), onblur: () => this.onHover(null),
      },
      make("span", { class: "unseen" }, "within "), make("span", { class: "radius-name" }, name),
      make("span", { class: "bar", "aria-hidden": "true" }, bar),
      make("span", { class: "value" }, percent(value)),
    ));
  }

  candidate(photo, candidate, index) {
    const similarity = similarityOf(candidate);
    const bar = make("span", { class: "bar-fill" });
    bar.style.width = `${(candidate.probability * 100).toFixed(1)}%`;
    const thanks = credit(candidate);
    const details = [
      similarity === null ? null : `similarity ${similarity.toFixed(3)}`,
      candidate.score === null ? null : `score ${Number(candidate.score.toPrecision(3))}`,
      `${kilometres(candidate.distance_to_estimate_km)} away`,
    ].filter(Boolean).join(" · ");
    const button = make(
      "button",
      { type: "button", class: "candidate", "aria-pressed": "false", onclick: () => this.onSelect(index) },
      make("span", { class: "rank", "aria-hidden": "true" }, String(candidate.rank)),
      picture(photo.pictures[index], "", "candidate-photo") ?? make("span", { class: "candidate-photo none", "aria-hidden": "true" }),
      make("span", { class: "candidate-text" },
        make("span", { class: "candidate-head" },
          make("span", { class: "candidate-place" }, placeName(candidate)),
          make("span", { class: "value" }, percent(candidate.probability))),
        make("span", { class: "bar", "aria-hidden": "true" }, bar),
        make("span", { class: "details" }, details),
        make("span", { class: "details" }, `${coordinates(candidate, photo.result.precision)} · ${originName(candidate)}`),
        thanks ? make("span", { class: "details" }, `Photo: ${thanks}`) : null),
    );
    this.rows.push(button);
    return make("li", {}, button);
  }

  select(index, scroll) {
    this.rows.forEach((row, other) => row.setAttribute("aria-pressed", String(other === index)));
    if (scroll) this.rows[index]?.scrollIntoView({ block: "nearest" });
  }
}
