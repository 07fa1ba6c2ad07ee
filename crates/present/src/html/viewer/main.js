// Reads the data blocks of the page and ties list, map and panel together.

const textOf = (id) => document.getElementById(id).textContent;
const photos = [...document.querySelectorAll("script.photo-data")].map((block) => JSON.parse(block.textContent));
const byId = (id) => document.getElementById(id);

const scene = {
  outlines: { coarse: decodeOutlines(textOf("outlines-coarse")), medium: decodeOutlines(textOf("outlines-medium")) },
  countries: JSON.parse(textOf("countries")).map(([name, lat, lon, rank]) => ({ name, rank, world: project(lat, lon) })),
  towns: [], estimate: null, circles: [], others: [], taken: [],
};
const estimates = photos.map(({ result }) => result.estimate && project(result.estimate.lat, result.estimate.lon));
const townOf = ([name, lat, lon, population]) => ({ name, population, world: project(lat, lon) });
const cities = JSON.parse(textOf("cities")).map(townOf);
let current = -1;

const boxOf = (points) => {
  const xs = points.map(([x]) => nearest(x, points[0][0]));
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};

const markers = new Markers(byId("markers"), {
  onSelect: (index) => select(index === markers.selected ? null : index, true),
  onEstimate: () => zoomToEstimate(),
});
const panel = new Panel(byId("panel"), {
  onSelect: (index) => {
    select(index === markers.selected ? null : index, false);
    showMap();
  },
  onRadius: (radius) => {
    showRadius(radius);
    showMap();
  },
  onHover: (radius) => {
    for (const ring of scene.circles) ring.asked = ring.radius === radius;
    map.request();
  },
});
const map = new WorldMap(byId("map"), scene, {
  onMove: (view) => {
    scale(view);
    return markers.place(view, (world) => map.screen(world));
  },
  onTap: (x, y) => {
    const near = scene.others.find(({ world }) => {
      const [otherX, otherY] = map.screen(world);
      return Math.hypot(otherX - x, otherY - y) < 9;
    });
    if (near) show(near.index);
    else select(null, false);
  },
});
const list = photos.length > 1 ? new PhotoList(byId("photos"), photos, show) : null;
document.body.classList.toggle("single", list === null);

function show(index) {
  if (index === current || !photos[index]) return;
  current = index;
  const photo = photos[index];
  const { estimate, precision } = photo.result;
  history.replaceState(null, "", `#${index + 1}`);
  document.title = `${fileName(photo.result.photo)} – GeoRanker`;
  scene.estimate = estimate ?? null;
  scene.towns = photo.towns.map(townOf).concat(cities).sort((one, other) => other.population - one.population);
  scene.others = estimates.flatMap((world, other) => (world && other !== index ? [{ world, index: other }] : []));
  scene.circles = !estimate || precision === "country" ? [] : Object.entries(estimate.confidence).map(([radius, value]) => ({
    radius: Number(radius),
    sure: Number(radius) === estimate.sure_within_km && !estimate.abstained,
    asked: false,
    label: `${Number(radius).toLocaleString("en")} km · ${percent(value)}`,
    ...circle(estimate.lat, estimate.lon, Number(radius)),
  })).sort((one, other) => one.radius - other.radius);
  panel.show(photo);
  markers.show(photo);
  list?.select(index);
  byId("position").textContent = photos.length > 1 ? `${index + 1} of ${photos.length}` : "";
  byId("said").textContent = estimate
    ? `${fileName(photo.result.photo)}: ${estimate.headline}`
    : `${fileName(photo.result.photo)}: failed`;
  fit(false);
}

function select(index, scroll) {
  markers.select(index);
  panel.select(index, scroll);
  const marker = markers.candidates[index];
  if (marker) {
    const [x, y] = map.screen(marker.world);
    const { width, height } = map.view;
    if (x < 20 || y < 20 || x > width - 20 || y > height - 20) {
      map.untouched = false;
      map.go({ x: marker.world[0], y: marker.world[1], zoom: map.view.zoom });
    }
  }
  map.request();
}

// The candidates that count and the estimate; at least some surroundings.
function fit(animate = true) {
  const { estimate, candidates } = photos[current].result;
  if (!estimate) {
    map.fit([0, 0.18, 1, 0.72], animate);
    return;
  }
  const sure = scene.circles.find((ring) => ring.sure)?.radius ?? 0;
  const around = circle(estimate.lat, estimate.lon, Math.max(8, sure)).line;
  map.fit(boxOf([estimates[current], ...around, ...candidates.map(({ lat, lon }) => project(lat, lon))]), animate);
}

function fitAll() {
  const known = estimates.filter(Boolean);
  map.fit(known.length ? boxOf(known) : [0, 0.18, 1, 0.72]);
}

function showRadius(radius) {
  const ring = scene.circles.find((other) => other.radius === radius);
  if (ring) map.fit(boxOf([...ring.line, [ring.line[0][0], ring.pole ?? ring.line[0][1]]]), true, MAX_ZOOM);
}

// On a narrow screen the map may be scrolled away.
function showMap() {
  byId("map").scrollIntoView({ block: "nearest", behavior: CALM.matches ? "auto" : "smooth" });
}

// The smallest circle that holds the truth more likely than not, also where the answer abstained.
function zoomToEstimate() {
  const { estimate } = photos[current].result;
  const ring = scene.circles.find(({ radius }) => radius === estimate.sure_within_km) ?? scene.circles.at(-1);
  if (ring) showRadius(ring.radius);
}

function scale(view) {
  const [latitude] = unproject(view.x, view.y);
  const perPixel = kilometresAt(latitude, view.zoom);
  const length = roundDown(perPixel * 120);
  byId("scale-bar").style.width = `${length / perPixel}px`;
  byId("scale-text").textContent = length < 1 ? `${Math.round(length * 1000)} m` : `${length.toLocaleString("en")} km`;
}

const step = (by) => show((current + by + photos.length) % photos.length);
byId("zoom-in").addEventListener("click", () => map.zoomBy(1));
byId("zoom-out").addEventListener("click", () => map.zoomBy(-1));
byId("fit").addEventListener("click", () => fit());
byId("fit-all").addEventListener("click", () => fitAll());
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("map").addEventListener("fit", () => fit());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && markers.selected !== null) select(null, false);
});
addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1));

if (photos.length) {
  show(clamp(Math.trunc(Number(location.hash.slice(1))) || 1, 1, photos.length) - 1);
} else {
  byId("panel").replaceChildren(make("p", { class: "notice" }, "No photos were given."));
  map.fit([0, 0.18, 1, 0.72], false);
}
document.documentElement.dataset.ready = "true";
