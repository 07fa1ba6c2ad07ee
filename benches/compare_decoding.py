"""Compares our decoding of a folder with Pillow's.

    cargo run --release -p georanker-photo --example compare_corpus -- FOLDER > ours.jsonl
    python benches/compare_decoding.py FOLDER ours.jsonl

Needs Pillow and, for the formats it lacks, pillow-heif and pillow-jxl-plugin. Prints counts and every difference.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy
from PIL import Image, ImageOps

for plugin in ("pillow_heif", "pillow_jxl"):
    try:
        module = __import__(plugin)
        if plugin == "pillow_heif":
            module.register_heif_opener()
    except ImportError:
        print(f"without {plugin}", file=sys.stderr)

TOLERANCE = 2.0  # mean levels


def read(path):
    """The upright picture on white, as float, or the error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                image.load()
                image = ImageOps.exif_transpose(image)
                if image.mode.startswith("I;16") or image.mode == "I":
                    values = numpy.asarray(image).astype(numpy.float64)
                    image = Image.fromarray((values / 256).clip(0, 255).astype(numpy.uint8))
                if image.has_transparency_data:
                    image = image.convert("RGBA")
                    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
                return numpy.asarray(image.convert("RGB"), dtype=numpy.float64)
    except Exception as error:  # every failure is a result here
        return f"{type(error).__name__}: {error}"


def quarters(pixels):
    height, width, _ = pixels.shape
    rows = (slice(0, -(-height // 2)), slice(height // 2, height))
    columns = (slice(0, -(-width // 2)), slice(width // 2, width))
    return [pixels[row, column].mean((0, 1)) for row in rows for column in columns]


def main(folder, ours_path):
    counts = Counter()
    for line in Path(ours_path).read_text().splitlines():
        ours = json.loads(line)
        theirs = read(Path(folder) / ours["name"])
        counts["files"] += 1
        if isinstance(theirs, str) and "error" in ours:
            kind, text = "neither reads", f"ours: {ours['error']}; Pillow: {theirs}"
        elif isinstance(theirs, str):
            kind, text = "only ours reads", f"Pillow: {theirs}"
        elif "error" in ours:
            kind, text = "only Pillow reads", f"ours: {ours['error']}"
        elif (ours["height"], ours["width"]) != theirs.shape[:2]:
            kind, text = "other size", f"ours {ours['width']} x {ours['height']}, Pillow {theirs.shape[1::-1]}"
        else:
            pairs = zip(ours["quarters"], quarters(theirs))
            worst = max(numpy.abs(numpy.array(mine) - other).max() for mine, other in pairs)
            kind, text = ("equal", "") if worst <= TOLERANCE else ("other colours", f"up to {worst:.1f} levels")
        counts[kind] += 1
        if kind != "equal":
            print(f"{kind}\t{ours['name']}\t{ours.get('format')}\t{text}")
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
