// Writes the polygons of all time zones, one per line as {"z": zone, "p": rings}, from the npm package geo-tz.
//
// Usage: node zones.js OUT, where geo-tz and geobuf are installed. The package holds them in a tree of quarters of the map,
// whose leaves are polygons cut at the edges of the leaf, or the zones that fill it.
const fs = require("fs");
const geobuf = require("geobuf");
const Pbf = require("pbf");

const base = "node_modules/geo-tz/data/timezones.geojson";
const index = JSON.parse(fs.readFileSync(`${base}.index.json`));
const data = fs.readFileSync(`${base}.geo.dat`);
const out = fs.createWriteStream(process.argv[2]);

function write(zone, rings) {
  out.write(`${JSON.stringify({ z: zone, p: rings })}\n`);
}

function walk(node, [west, south, east, north]) {
  if (node.pos >= 0 && node.len) {
    const leaf = geobuf.decode(new Pbf(data.subarray(node.pos, node.pos + node.len)));
    for (const { geometry, properties } of leaf.features) {
      const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
      polygons.forEach((rings) => write(properties.tzid, rings));
    }
  } else if (Array.isArray(node)) {
    const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    node.forEach((zone) => write(index.timezones[zone], [ring]));
  } else {
    const [x, y] = [(west + east) / 2, (south + north) / 2];
    const quarters = {
      a: [x, y, east, north],
      b: [west, y, x, north],
      c: [west, south, x, y],
      d: [x, south, east, y],
    };
    Object.keys(node).forEach((key) => walk(node[key], quarters[key]));
  }
}

walk(index.lookup, [-179.9999, -89.9999, 179.9999, 89.9999]);
out.end();
