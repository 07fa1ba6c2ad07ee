#!/usr/bin/env python3
"""The work of the VLM bench: one query and 15 candidates, twelve of them with a photo, three without.

    pip install numpy pillow
    python benches/vlm/make_pairs.py OUT [--geophotos data/geophotos] [--candidates 15] [--with-photo 12]

Photos are open ones of `data/geophotos`, cut to 4:3 and enlarged to 480 x 360: real pictures at the size of many
Flickr photos. They are written as PNG, which every decoder reads alike, so that scores can be compared to the last
digits; `--jpeg` writes quality 95 instead. The pairs file is OUT/pairs.jsonl.
"""

import argparse
import csv
import io
import json
import tarfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SIZE = (480, 360)
NEGATIVES = 5


def rows(folder, count):
    """`count` rows with a full place, no two of one city, spread evenly over the table."""
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        table = [row for row in csv.DictReader(file) if row["city"] and row["state"] and row["country"]]
    cities = {}
    for row in table:
        cities.setdefault((row["country"], row["city"]), row)
    distinct = list(cities.values())
    if len(distinct) < count:
        raise SystemExit(f"{folder}: {len(distinct)} cities, {count} wanted; ask for fewer candidates")
    return [distinct[index * len(distinct) // count] for index in range(count)]


def photo(archive, name):
    """The named photo cut to 4:3 around its middle, at SIZE."""
    picture = Image.open(io.BytesIO(archive.extractfile(name).read())).convert("RGB")
    width, height = picture.size
    cut = (min(width, height * 4 // 3), min(height, width * 3 // 4))
    left, top = (width - cut[0]) // 2, (height - cut[1]) // 2
    return picture.resize(SIZE, Image.Resampling.BICUBIC, (left, top, left + cut[0], top + cut[1]))


def spot(row):
    place = " ".join((row["city"], row["state"], row["country"]))
    return {"lat": float(row["LAT"]), "lon": float(row["LON"]), "place": place}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--geophotos", type=Path, default=ROOT / "data/geophotos")
    parser.add_argument("--candidates", type=int, default=15)
    parser.add_argument("--with-photo", type=int, default=12)
    parser.add_argument("--jpeg", action="store_true", help="JPEG of quality 95 instead of PNG")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    chosen = rows(arguments.geophotos, 1 + arguments.candidates + NEGATIVES)
    query, candidates, negatives = chosen[0], chosen[1 : 1 + arguments.candidates], chosen[1 + arguments.candidates :]
    ending, options = (".jpg", {"quality": 95}) if arguments.jpeg else (".png", {})

    def save(archive, row):
        name = Path(row["IMG_ID"]).stem + ending
        photo(archive, row["IMG_ID"]).save(arguments.out / name, **options)
        return name

    with tarfile.open(arguments.geophotos / "photos.tar") as archive:
        line = {"id": query["IMG_ID"], "query": save(archive, query), "negatives": [spot(row) for row in negatives]}
        line["candidates"] = [spot(row) | {"photo": save(archive, row)} for row in candidates[: arguments.with_photo]]
        # A generated candidate knows its coordinates only.
        line["candidates"] += [
            spot(row) | {"place": None, "photo": None} for row in candidates[arguments.with_photo :]
        ]
    (arguments.out / "pairs.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
