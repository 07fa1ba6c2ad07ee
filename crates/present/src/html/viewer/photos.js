// The list of photos at the side.

class PhotoList {
  constructor(element, photos, onChoose) {
    this.photos = photos;
    this.items = photos.map((photo, index) => this.item(photo, index, onChoose));
    const abstained = photos.filter(({ result }) => result.estimate?.abstained).length;
    const failed = photos.filter(({ result }) => result.error).length;
    const counts = [
      `${photos.length} ${photos.length === 1 ? "photo" : "photos"}`, abstained ? `${abstained} abstained` : "", failed ? `${failed} failed` : "",
    ].filter(Boolean).join(" · ");
    this.none = make("p", { class: "nothing", hidden: true }, "No photo matches.");
    this.list = make("ul", {}, ...this.items);
    const search = make("input", {
      type: "search", placeholder: "Filter by name or place", "aria-label": "Filter the photos by name or place",
      autocomplete: "off", spellcheck: "false", oninput: () => this.filter(search.value),
    });
    element.append(
      make("div", { class: "list-head" }, make("p", { class: "counts" }, counts), photos.length > 8 ? search : null),
      this.list, this.none,
    );
    element.addEventListener("keydown", (event) => this.key(event));
  }

  item(photo, index, onChoose) {
    const { result } = photo;
    const state = result.error ? "failed" : result.estimate.abstained ? "abstained" : "located";
    const place = result.error ? `Failed: ${result.error.kind.replaceAll("_", " ")}` : result.estimate.headline;
    return make("li", {}, make(
      "button",
      { type: "button", class: `photo ${state}`, title: result.photo, onclick: () => onChoose(index) },
      picture(photo.picture, "", "photo-thumb") ?? make("span", { class: "photo-thumb none", "aria-hidden": "true" }),
      make("span", { class: "photo-text" },
        make("span", { class: "photo-name" }, fileName(result.photo)),
        make("span", { class: "photo-place" }, place)),
    ));
  }

  select(index) {
    this.items.forEach((item, other) => {
      const button = item.firstChild;
      if (other === index) {
        button.setAttribute("aria-current", "true");
        button.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else {
        button.removeAttribute("aria-current");
      }
    });
  }

  filter(text) {
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    this.photos.forEach(({ result }, index) => {
      const place = result.estimate ? `${result.estimate.headline} ${placeName(result.estimate)} ${result.estimate.abstained ? "abstained" : ""}` : "failed";
      const haystack = `${result.photo} ${place}`.toLocaleLowerCase();
      const hit = words.every((word) => haystack.includes(word));
      this.items[index].hidden = !hit;
      shown += hit;
    });
    this.none.hidden = shown > 0;
  }

  // Arrow keys walk through the list.
  key(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step || event.target.tagName === "INPUT") return;
    const shown = this.items.filter((item) => !item.hidden).map((item) => item.firstChild);
    const next = shown[shown.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  }
}
