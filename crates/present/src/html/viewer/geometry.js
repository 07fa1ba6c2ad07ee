// Web Mercator, circles on the sphere, and the outlines' bytes. World coordinates run 0..1 from the
// antimeridian eastwards and from the top (85.05 degrees north) down; x may leave that range.

const MAX_LATITUDE = 85.0511287798;
const EARTH_RADIUS_KM = 6371.0088;
const TILE = 256;
const RADIANS = Math.PI / 180;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function project(latitude, longitude) {
  const sine = Math.sin(clamp(latitude, -MAX_LATITUDE, MAX_LATITUDE) * RADIANS);
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

function unproject(x, y) {
  const latitude = Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) / RADIANS;
  return [latitude, (x - 0.5) * 360];
}

// Brings a world x within half a world of another, so that things lie on the near side of the antimeridian.
const nearest = (x, other) => x - Math.round(x - other);

const kilometresAt = (latitude, zoom) =>
  (2 * Math.PI * EARTH_RADIUS_KM * Math.cos(latitude * RADIANS)) / (TILE * 2 ** zoom);

// The point at a distance (km) and bearing (degrees) on the sphere.
function destination(latitude, longitude, bearing, distance) {
  const angle = distance / EARTH_RADIUS_KM;
  const [phi, theta] = [latitude * RADIANS, bearing * RADIANS];
  const sine = Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(theta);
  const reached = Math.asin(clamp(sine, -1, 1));
  const turn = Math.atan2(
    Math.sin(theta) * Math.sin(angle) * Math.cos(phi),
    Math.cos(angle) - Math.sin(phi) * sine,
  );
  return [reached / RADIANS, longitude + turn / RADIANS];
}

// A geodesic circle as a line in world coordinates that does not jump. One that holds a pole runs once
// around the world; `pole` then says on which edge of the map (y = 0 or 1) its inside lies.
function circle(latitude, longitude, radius) {
  const line = [];
  let last = null;
  const steps = 180;
  for (let step = 0; step <= steps; step += 1) {
    const [x, y] = project(...destination(latitude, longitude, (step * 360) / steps, radius));
    last = last === null ? nearest(x, project(latitude, longitude)[0]) : nearest(x, last);
    line.push([last, y]);
  }
  const reach = radius / EARTH_RADIUS_KM / RADIANS;
  const north = latitude + reach > 90;
  const south = latitude - reach < -90;
  return { line, pole: north === south ? null : north ? 0 : 1 };
}

// Outlines: counts and zigzag deltas as variable-length integers on a grid of 65536 x 65536 (see world.rs).
function decodeOutlines(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  let at = 0;
  const number = () => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at];
      at += 1;
      value += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    return value;
  };
  const signed = () => {
    const value = number();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
  const line = () => {
    const length = number();
    const points = new Float64Array(length * 2);
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    let [column, row] = [0, 0];
    for (let index = 0; index < length; index += 1) {
      column += signed();
      row += signed();
      const [x, y] = project((row / 65535) * 180 - 90, (column / 65535) * 360 - 180);
      points[2 * index] = x;
      points[2 * index + 1] = y;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
    return { points, box };
  };
  const lines = () => Array.from({ length: number() }, line);
  return { land: lines(), borders: lines() };
}

// The largest of 1, 2, 5 x 10^n that is not above the value.
function roundDown(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [5, 2, 1].find((factor) => factor * power <= value * 1.0000001);
}
