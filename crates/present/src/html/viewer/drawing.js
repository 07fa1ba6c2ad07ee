// What is painted on the canvas: sea, land, graticule, circles, names. Markers are elements above it.

const OCEANS = [
  ["Atlantic Ocean", 28, -42], ["Atlantic Ocean", -22, -15], ["Pacific Ocean", 12, -150],
  ["Pacific Ocean", -32, -125], ["Pacific Ocean", 22, 162], ["Indian Ocean", -22, 80],
  ["Southern Ocean", -61, 95], ["Arctic Ocean", 79, -165],
];
const COUNTRY_ZOOM = [0, 1.6, 2.4, 3.3, 4.3, 5.6];
const GRATICULE = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

// Boxes already taken by text or markers.
class Room {
  constructor() {
    this.boxes = [];
  }

  take(box) {
    const hit = this.boxes.some(
      (other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1],
    );
    if (!hit) this.boxes.push(box);
    return !hit;
  }
}

const shown = ({ sure, asked }) => sure || asked;

class Drawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.colours = {};
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["sea", "land", "coast", "border", "grid", "name", "sea-name", "halo", "estimate",
      "abstained", "other", "town"]) {
      this.colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  // `view`: {x, y, zoom, width, height}; `scene`: {outlines, countries, towns, estimate, circles, others, taken}.
  paint(view, scene) {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.view = view;
    this.size = TILE * 2 ** view.zoom;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.fillStyle = this.colours.sea;
    this.context.fillRect(0, 0, view.width, view.height);
    const room = new Room();
    // Markers, buttons, scale and sources.
    const { width: right, height: bottom } = view;
    room.boxes.push(...scene.taken, [right - 54, 0, right, 170], [0, bottom - 26, right, bottom], [0, bottom - 60, 140, bottom]);
    const outlines = view.zoom < 2.6 ? scene.outlines.coarse : scene.outlines.medium;
    this.land(outlines);
    this.graticule(room);
    this.borders(outlines);
    this.circles(scene);
    this.others(scene.others);
    this.circleLabels(scene, room);
    this.towns(scene.towns, room);
    this.countries(scene.countries, room);
    this.oceans(room);
  }

  screen(x, y) {
    const { view, size } = this;
    return [(x - view.x) * size + view.width / 2, (y - view.y) * size + view.height / 2];
  }

  visible(x, y, margin = 0) {
    return x >= -margin && y >= -margin && x <= this.view.width + margin && y <= this.view.height + margin;
  }

  // Calls `draw(offset)` for each copy of the world in which the box is seen.
  copies(box, draw) {
    const [halfWidth, halfHeight] = [this.view.width / 2 / this.size, this.view.height / 2 / this.size];
    if (box[3] < this.view.y - halfHeight || box[1] > this.view.y + halfHeight) return;
    const first = Math.ceil(this.view.x - halfWidth - box[2]);
    const last = Math.floor(this.view.x + halfWidth - box[0]);
    for (let offset = first; offset <= last; offset += 1) draw(offset);
  }

  // Adds a line to the path, leaving out points closer than half a pixel. `cut` skips edges of the map.
  trace(points, offset, cut) {
    const { context } = this;
    let [lastX, lastY, lastOnEdge, pen] = [NaN, NaN, NaN, false];
    for (let index = 0; index < points.length; index += 2) {
      const onEdge = cut && (points[index] < 1e-5 || points[index] > 1 - 1e-5 || points[index + 1] > 0.9999);
      const [x, y] = this.screen(points[index] + offset, points[index + 1]);
      const isLast = index + 2 === points.length;
      if (pen && !isLast && !onEdge && Math.abs(x - lastX) < 0.5 && Math.abs(y - lastY) < 0.5) continue;
      if (!pen || (onEdge && lastOnEdge)) context.moveTo(x, y);
      else context.lineTo(x, y);
      [lastX, lastY, lastOnEdge, pen] = [x, y, onEdge, true];
    }
  }

  land(outlines) {
    const { context, colours } = this;
    context.beginPath();
    for (const ring of outlines.land) this.copies(ring.box, (offset) => this.trace(ring.points, offset, false));
    context.fillStyle = colours.land;
    context.fill("evenodd");
    context.beginPath();
    for (const ring of outlines.land) this.copies(ring.box, (offset) => this.trace(ring.points, offset, true));
    context.strokeStyle = colours.coast;
    context.lineWidth = 0.8;
    context.lineJoin = "round";
    context.stroke();
  }

  borders(outlines) {
    const { context, colours } = this;
    context.beginPath();
    for (const line of outlines.borders) {
      this.copies(line.box, (offset) => this.trace(line.points, offset, true));
    }
    context.strokeStyle = colours.border;
    context.lineWidth = this.view.zoom < 3 ? 0.6 : 1;
    context.setLineDash(this.view.zoom < 4 ? [] : [5, 3]);
    context.stroke();
    context.setLineDash([]);
  }

  graticule(room) {
    const { context, view, size, colours } = this;
    const least = (86 / size) * 360;
    const step = GRATICULE.findLast((candidate) => candidate >= least) ?? GRATICULE[0];
    const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    const [top, west] = unproject(view.x - view.width / 2 / size, view.y - view.height / 2 / size);
    const [bottom, east] = unproject(view.x + view.width / 2 / size, view.y + view.height / 2 / size);
    context.beginPath();
    const texts = [];
    for (let index = Math.ceil(west / step); index * step <= east; index += 1) {
      const [x] = this.screen(project(0, index * step)[0], 0);
      context.moveTo(x, 0);
      context.lineTo(x, view.height);
      const turned = ((((index * step + 180) % 360) + 360) % 360) - 180;
      const letter = Math.abs(turned) < 1e-9 || Math.abs(turned) > 179.999 ? "" : turned > 0 ? "E" : "W";
      texts.push([`${Math.abs(turned).toFixed(digits)}°${letter}`, x + 3, 12, x]);
    }
    for (let index = Math.ceil(Math.max(bottom, -85) / step); index * step <= Math.min(top, 85); index += 1) {
      const [, y] = this.screen(0, project(index * step, 0)[1]);
      context.moveTo(0, y);
      context.lineTo(view.width, y);
      const letter = index === 0 ? "" : index > 0 ? "N" : "S";
      texts.push([`${Math.abs(index * step).toFixed(digits)}°${letter}`, 5, y - 4, NaN]);
    }
    context.strokeStyle = colours.grid;
    context.lineWidth = 1;
    context.stroke();
    this.font(10, 400);
    for (const [text, x, y, line] of texts) {
      // The corners belong to the latitudes and to the scale.
      if (line < 44 || (Number.isNaN(line) && (y < 18 || y > view.height - 62))) continue;
      if (!room.take([x - 2, y - 9, x + 36, y + 3])) continue;
      this.text(text, x, y, colours["sea-name"], "left");
    }
  }

  // The radius that the answer is sure of, and the one that is pointed at.
  circles({ estimate, circles }) {
    const { context, colours } = this;
    for (const ring of circles.filter(shown).reverse()) {
      const xs = ring.line.map(([x]) => x);
      const ys = ring.pole === null ? ring.line.map(([, y]) => y) : [0, 1];
      this.copies([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], (offset) => {
        const points = ring.line.map(([x, y]) => this.screen(x + offset, y));
        const trace = () => {
          context.beginPath();
          points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
        };
        trace();
        if (ring.pole !== null) {
          const [, edge] = this.screen(0, ring.pole === 0 ? -1 : 2);
          context.lineTo(points.at(-1)[0], edge);
          context.lineTo(points[0][0], edge);
        }
        // A circle much larger than the view would only tint all of it.
        const share = (ring.radius / kilometresAt(estimate.lat, this.view.zoom)) / Math.max(this.view.width, this.view.height);
        context.globalAlpha = (ring.asked ? 0.1 : 0.05) * clamp(1.4 - share, 0, 1);
        context.fillStyle = estimate.abstained ? colours.abstained : colours.estimate;
        context.fill();
        trace();
        context.globalAlpha = ring.asked ? 1 : 0.65;
        context.strokeStyle = context.fillStyle;
        context.lineWidth = ring.asked ? 2.5 : 1.25;
        context.setLineDash(estimate.abstained ? [4, 4] : []);
        context.stroke();
        context.setLineDash([]);
        context.globalAlpha = 1;
      });
    }
  }

  circleLabels({ circles, estimate }, room) {
    this.font(11.5, 600);
    for (const ring of circles.filter(shown)) {
      const first = this.screen(...ring.line[0]);
      const opposite = this.screen(...ring.line[(ring.line.length - 1) / 2]);
      if (ring.pole === null && Math.abs(opposite[1] - first[1]) < 44) continue;
      const width = this.context.measureText(ring.label).width + 10;
      const spots = [0, 0.125, 0.875, 0.0625, 0.9375, 0.25, 0.75, 0.375, 0.625, 0.5];
      for (const spot of spots) {
        const [worldX, worldY] = ring.line[Math.round(spot * (ring.line.length - 1))];
        const [x, y] = this.screen(nearest(worldX, this.view.x), worldY);
        if (x < width / 2 + 4 || x > this.view.width - width / 2 - 48) continue;
        if (y < 26 || y > this.view.height - 40) continue;
        if (!room.take([x - width / 2, y - 9, x + width / 2, y + 9])) continue;
        this.context.fillStyle = this.colours.halo;
        this.context.beginPath();
        this.context.roundRect(x - width / 2, y - 9, width, 18, 6);
        this.context.fill();
        this.text(ring.label, x, y + 4, this.colours[estimate.abstained ? "abstained" : "estimate"], "center", 0);
        break;
      }
    }
  }

  others(points) {
    const { context, colours } = this;
    context.fillStyle = colours.other;
    context.strokeStyle = colours.halo;
    context.lineWidth = 1.5;
    for (const { world } of points) {
      const [x, y] = this.screen(nearest(world[0], this.view.x), world[1]);
      if (!this.visible(x, y, 6)) continue;
      context.beginPath();
      context.arc(x, y, 4, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  towns(towns, room) {
    if (this.view.zoom < 3.2) return;
    const { context, colours } = this;
    // Fewer and larger towns on smaller scales: an eighth of the population every two zoom levels.
    const least = 2e6 * 8 ** ((4 - this.view.zoom) / 2);
    this.font(11.5, 400);
    for (const { name, world, population } of towns) {
      if (population < least && this.view.zoom < 10) break;
      const [x, y] = this.screen(nearest(world[0], this.view.x), world[1]);
      if (!this.visible(x, y)) continue;
      const width = context.measureText(name).width;
      if (!room.take([x - 5, y - 9, x + width + 10, y + 9])) continue;
      context.beginPath();
      context.arc(x, y, 2.2, 0, 2 * Math.PI);
      context.fillStyle = colours.town;
      context.fill();
      this.text(name, x + 6, y + 4, colours.town, "left");
    }
  }

  countries(countries, room) {
    const { view, colours } = this;
    if (view.zoom > 8.5) return;
    for (const { name, rank, world } of countries) {
      if (view.zoom < COUNTRY_ZOOM[rank]) continue;
      const [x, y] = this.screen(nearest(world[0], view.x), world[1]);
      if (!this.visible(x, y)) continue;
      this.font(rank <= 2 ? 12 : 11, 500);
      const width = this.context.measureText(name).width;
      if (room.take([x - width / 2 - 6, y - 9, x + width / 2 + 6, y + 9])) {
        this.text(name, x, y + 4, colours.name, "center");
      }
    }
  }

  oceans(room) {
    if (this.view.zoom > 4.5) return;
    this.font(12, 400, "italic");
    for (const [name, latitude, longitude] of OCEANS) {
      const [worldX, worldY] = project(latitude, longitude);
      const [x, y] = this.screen(nearest(worldX, this.view.x), worldY);
      const width = this.context.measureText(name).width;
      if (!this.visible(x, y) || !room.take([x - width / 2 - 6, y - 9, x + width / 2 + 6, y + 9])) continue;
      this.text(name, x, y + 4, this.colours["sea-name"], "center", 0);
    }
  }

  font(size, weight, slant = "normal") {
    this.context.font = `${slant} ${weight} ${size}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;
  }

  text(text, x, y, colour, align, halo = 2.5) {
    const { context } = this;
    context.textAlign = align;
    if (halo > 0) {
      context.strokeStyle = this.colours.halo;
      context.lineWidth = halo;
      context.strokeText(text, x, y);
    }
    context.fillStyle = colour;
    context.fillText(text, x, y);
  }
}
