// The map: where one looks, and how the hand and the keyboard move it.

const MAX_ZOOM = 15.5;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

class WorldMap {
  // `onMove(view)` places the markers and returns the boxes they take; `onTap(x, y)` gets clicks on the
  // bare map.
  constructor(element, scene, { onMove, onTap }) {
    this.element = element;
    this.scene = scene;
    this.onMove = onMove;
    this.onTap = onTap;
    this.drawing = new Drawing(element.querySelector("canvas"));
    this.view = { x: 0.5, y: 0.42, zoom: 1, width: 1, height: 1 };
    this.target = null;
    this.pointers = new Map();
    this.frame = 0;
    this.drawing.readColours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.drawing.readColours();
      this.request();
    });
    new ResizeObserver(() => this.resize()).observe(element);
    this.resize();
    this.listen();
  }

  resize() {
    const { clientWidth, clientHeight } = this.element;
    const first = this.view.width <= 1;
    this.view.width = Math.max(clientWidth, 1);
    this.view.height = Math.max(clientHeight, 1);
    if (this.box && (first || this.untouched)) this.fit(this.box, false);
    this.set(this.view);
  }

  // The scale of the screen, world units to pixels.
  get size() {
    return TILE * 2 ** this.view.zoom;
  }

  get minZoom() {
    return Math.log2(Math.max(this.view.height * 0.95, this.view.width * 0.55) / TILE);
  }

  set({ x, y, zoom }) {
    const { view } = this;
    view.zoom = clamp(zoom, this.minZoom, MAX_ZOOM);
    const half = view.height / 2 / this.size;
    view.y = half >= 0.5 ? 0.5 : clamp(y, half, 1 - half);
    view.x = x - Math.floor(x);
    this.request();
  }

  request() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.scene.taken = this.onMove(this.view);
      this.drawing.paint(this.view, this.scene);
      this.element.dataset.zoom = this.view.zoom.toFixed(2);
      this.element.dataset.circles = this.scene.circles.filter(shown).map(({ radius }) => radius).join(" ");
    });
  }

  screen(world) {
    const { view, size } = this;
    return [
      (nearest(world[0], view.x) - view.x) * size + view.width / 2,
      (world[1] - view.y) * size + view.height / 2,
    ];
  }

  // Moves there in a fifth of a second, or at once for those who asked for calm.
  go(goal, animate = true) {
    cancelAnimationFrame(this.flight);
    const start = { ...this.view };
    const end = { x: nearest(goal.x, start.x), y: goal.y, zoom: clamp(goal.zoom, this.minZoom, MAX_ZOOM) };
    this.target = end;
    if (!animate || CALM.matches) {
      this.target = null;
      this.set(end);
      return;
    }
    const begin = performance.now();
    const step = (now) => {
      const share = clamp((now - begin) / 220, 0, 1);
      const eased = 1 - (1 - share) ** 3;
      // Zooming about a fixed point of the screen: x and y follow the scale, not the time.
      const zoom = start.zoom + (end.zoom - start.zoom) * eased;
      const scales = [start.zoom, zoom, end.zoom].map((value) => 2 ** -value);
      const part = Math.abs(end.zoom - start.zoom) < 1e-6 ? eased : (scales[0] - scales[1]) / (scales[0] - scales[2]);
      this.set({ x: start.x + (end.x - start.x) * part, y: start.y + (end.y - start.y) * part, zoom });
      if (share < 1) this.flight = requestAnimationFrame(step);
      else this.target = null;
    };
    this.flight = requestAnimationFrame(step);
  }

  // Zooms by `delta` about a point of the screen (the middle, if none is given).
  zoomBy(delta, point = [this.view.width / 2, this.view.height / 2], animate = true) {
    this.untouched = false;
    const from = this.target ?? this.view;
    const zoom = clamp(from.zoom + delta, this.minZoom, MAX_ZOOM);
    const [dx, dy] = [point[0] - this.view.width / 2, point[1] - this.view.height / 2];
    const [before, after] = [TILE * 2 ** from.zoom, TILE * 2 ** zoom];
    this.go({ x: from.x + dx / before - dx / after, y: from.y + dy / before - dy / after, zoom }, animate);
  }

  panBy(dx, dy, animate = true) {
    this.untouched = false;
    const from = this.target ?? this.view;
    const size = TILE * 2 ** from.zoom;
    this.go({ x: from.x + dx / size, y: from.y + dy / size, zoom: from.zoom }, animate);
  }

  // Shows a box of world coordinates, with room for markers.
  fit(box, animate = true, largest = 11) {
    this.box = box;
    this.untouched = true;
    const [left, right, top, bottom] = [44, 84, 92, 58];
    const [width, height] = [this.view.width - left - right, this.view.height - top - bottom];
    const scale = Math.min(
      Math.max(width, 80) / Math.max(box[2] - box[0], 1e-9),
      Math.max(height, 80) / Math.max(box[3] - box[1], 1e-9),
    );
    const zoom = Math.min(Math.log2(scale / TILE), largest);
    const size = TILE * 2 ** Math.max(zoom, this.minZoom);
    const x = (box[0] + box[2]) / 2 + (right - left) / 2 / size;
    const y = (box[1] + box[3]) / 2 + (bottom - top) / 2 / size;
    this.go({ x, y, zoom }, animate);
  }

  listen() {
    const { element } = this;
    const place = (event) => {
      const box = element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1);
      this.zoomBy(clamp(-pixels / (event.ctrlKey ? 60 : 240), -1, 1), place(event), Math.abs(pixels) > 40);
    }, { passive: false });
    element.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button, .card")) this.zoomBy(event.shiftKey ? -1 : 1, place(event));
    });
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("button, .card")) return;
      this.pointers.set(event.pointerId, place(event));
      this.moved = this.pointers.size > 1;
      this.pressed = place(event);
      element.setPointerCapture(event.pointerId);
      element.classList.add("dragging");
    });
    element.addEventListener("pointermove", (event) => {
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      const after = place(event);
      if (Math.hypot(after[0] - this.pressed[0], after[1] - this.pressed[1]) > 4) this.moved = true;
      if (!this.moved) return;
      if (this.pointers.size === 1) {
        this.panBy(before[0] - after[0], before[1] - after[1], false);
      } else {
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const spread = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
        const middle = [(after[0] + other[0]) / 2, (after[1] + other[1]) / 2];
        this.panBy((before[0] - after[0]) / 2, (before[1] - after[1]) / 2, false);
        this.zoomBy(Math.log2(Math.max(spread(after), 1) / Math.max(spread(before), 1)), middle, false);
      }
      this.pointers.set(event.pointerId, after);
    });
    const release = (event) => {
      if (!this.pointers.delete(event.pointerId)) return;
      element.classList.toggle("dragging", this.pointers.size > 0);
      if (event.type === "pointerup" && !this.moved && this.pointers.size === 0) this.onTap(...place(event));
    };
    element.addEventListener("pointerup", release);
    element.addEventListener("pointercancel", release);
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const actions = {
        ArrowLeft: () => this.panBy(-90, 0), ArrowRight: () => this.panBy(90, 0),
        ArrowUp: () => this.panBy(0, -90), ArrowDown: () => this.panBy(0, 90),
        "+": () => this.zoomBy(1), "=": () => this.zoomBy(1), "-": () => this.zoomBy(-1),
        "0": () => element.dispatchEvent(new CustomEvent("fit")), Home: () => element.dispatchEvent(new CustomEvent("fit")),
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    });
  }
}
