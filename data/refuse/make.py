"""Makes data/refuse: pictures that no program can place, and their table.

    python -m venv venv && venv/bin/pip install pillow==13.0.0 numpy==2.4.6
    venv/bin/pip download --no-deps scikit-image==0.26.0 && unzip scikit_image-*.whl -d scikit-image
    venv/bin/python data/refuse/make.py --photos scikit-image/skimage/data

Without `--photos` only the drawn pictures are made anew; the table is written in any case. The same versions give the
same bytes.
"""

import argparse
import csv
import hashlib
from pathlib import Path

from PIL import Image

import drawn

HERE = Path(__file__).resolve().parent
LONGER_SIDE = 320

# File, kind, file in scikit-image, licence, who made it, as the documentation of `skimage.data` states.
PHOTOS = [
    ("portrait", "indoor", "astronaut.png", "Public domain", "NASA"),
    ("coffee-cup", "indoor", "coffee.png", "CC0-1.0", "Rachel Michetti"),
    ("wall-clock", "indoor", "clock_motion.png", "Public domain", "Stefan van der Walt"),
    ("cat", "indoor", "chelsea.png", "CC0-1.0", "Stefan van der Walt"),
    ("bricks", "texture", "brick.png", "CC0-1.0", "CC0Textures"),
    ("lawn", "texture", "grass.png", "CC0-1.0", "linolafett"),
    ("gravel", "texture", "gravel.png", "CC0-1.0", "CC0Textures"),
    ("galaxies", "space", "hubble_deep_field.jpg", "Public domain", "NASA"),
    ("cell", "microscope", "cell.png", "CC0-1.0", "Paul Müller and others"),
    ("retina", "microscope", "retina.jpg", "CC0-1.0", "Mikael Häggström"),
    ("aneurysms", "microscope", "microaneurysms.png", "CC0-1.0", "Andreas Maier"),
    ("horse-silhouette", "drawing", "horse.png", "CC0-1.0", "Andreas Preuss (marauder)"),
    ("handwritten-word", "document", "text.png", "Public domain", "Wikipedia contributor"),
]


def take_photos(source):
    for name, _, file, _, _ in PHOTOS:
        image = Image.open(source / file)
        if image.mode == "1":
            image = image.convert("L")
        elif image.mode not in ("L", "RGB"):
            image = image.convert("RGB")
        scale = LONGER_SIDE / max(image.size)
        if scale < 1:
            size = tuple(max(1, round(side * scale)) for side in image.size)
            image = image.resize(size, Image.LANCZOS)
        # A new image: no metadata comes along.
        clean = Image.frombytes(image.mode, image.size, image.tobytes())
        clean.save(HERE / f"{name}.jpg", quality=85)


def rows():
    for name, kind, file, licence, author in PHOTOS:
        yield {"file": f"{name}.jpg", "kind": kind, "licence": licence, "author": author,
               "source": f"scikit-image 0.26.0, skimage/data/{file}"}
    for name, (kind, _) in drawn.PICTURES.items():
        yield {"file": f"{name}.png", "kind": kind, "licence": "Apache-2.0", "author": "The GeoRanker authors",
               "source": "data/refuse/drawn.py"}


def write_table():
    """Half of each kind is `val`, half `test`, by a hash of the names; the odd ones take turns."""
    table = sorted(rows(), key=lambda row: (row["kind"], hashlib.sha256(f"refuse-1 {row['file']}".encode()).hexdigest()))
    for number, row in enumerate(table):
        row["split"] = ("val", "test")[number % 2]
        row["must_refuse"] = 1
    table.sort(key=lambda row: row["file"])
    with open(HERE / "pictures.csv", "w", newline="", encoding="utf-8") as out:
        columns = ["file", "kind", "must_refuse", "split", "licence", "author", "source"]
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="the folder skimage/data of the package scikit-image 0.26.0")
    arguments = parser.parse_args()
    if arguments.photos:
        take_photos(arguments.photos)
    for name, (_, draw) in drawn.PICTURES.items():
        draw().save(HERE / f"{name}.png", optimize=True)
    write_table()


if __name__ == "__main__":
    main()
