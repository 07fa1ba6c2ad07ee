"""Compares our locations and orientations with exiftool's and Pillow's, on a folder.

    cargo run --release -p georanker-photo --example compare_corpus -- FOLDER > ours.jsonl
    python benches/compare_metadata.py FOLDER ours.jsonl

Needs exiftool and what `compare_decoding.py` needs. Prints counts and every difference.
"""

import json
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy
from PIL import Image

from compare_decoding import TOLERANCE, quarters, read

DEGREES = 1e-6
TAGS = ("GPSLatitude", "GPSLatitudeRef", "GPSLongitude", "GPSLongitudeRef", "GPSPosition", "Orientation", "Warning")
# An EXIF orientation is a picture, then turned or mirrored so.
TURNS = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: pixels.transpose(1, 0, 2)[:, ::-1],
    7: lambda pixels: pixels.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda pixels: pixels.transpose(1, 0, 2)[::-1],
}


def ask_exiftool(folder, names):
    """All tags of each file, as `group:tag`; where a group has a tag twice, the first."""
    command = ["exiftool", "-json", "-n", "-G1", "-charset", "filename=utf8", "-@", "-"]
    arguments = [f"-{tag}" for tag in TAGS] + [str(Path(folder) / name) for name in names]
    run = subprocess.run(command, input="\n".join(arguments).encode(), capture_output=True, check=False)
    answers = json.loads(run.stdout)
    return {str(Path(answer["SourceFile"]).relative_to(folder)): answer for answer in answers}


def numbers(*values):
    """Both as numbers; what exiftool writes for 0/0 or for damage is none."""
    try:
        pair = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    return pair if all(numpy.isfinite(pair)) else None


def positions(tags):
    """Where each group of tags says the photo was taken, the composite one first."""
    found = {}
    for group in dict.fromkeys(["Composite", "GPS"] + [key.split(":")[0] for key in tags]):
        get = lambda tag: tags.get(f"{group}:{tag}")
        pair = numbers(get("GPSLatitude"), get("GPSLongitude"))
        if pair is None:
            continue
        for index, (reference, negative) in enumerate([("GPSLatitudeRef", "S"), ("GPSLongitudeRef", "W")]):
            if str(get(reference)).upper().startswith(negative):
                pair[index] = -abs(pair[index])
        found[group] = pair
    return found


def compare_location(ours, tags):
    theirs = positions(tags)
    mine = ours.get("location")
    stated = ", ".join(f"{group} {pair[0]:.6f} {pair[1]:.6f}" for group, pair in theirs.items())
    stated = stated or "; ".join(f"{key} {value}" for key, value in tags.items() if "GPS" in key)
    if mine is None:
        if not theirs:
            return "neither has one", ""
        return "only exiftool has one", f"ours: {ours['no_location']}; exiftool: {stated}"
    close = [group for group, pair in theirs.items() if numpy.abs(numpy.subtract(pair, mine)).max() <= DEGREES]
    if "Composite" in close:
        return "equal", ""
    text = f"ours {mine} by {ours['location_source']}; exiftool: {stated}"
    if close:
        return f"equal to {close[0]} only", text
    return ("other location" if theirs else "only ours has one"), text


def pillow_orientation(path):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return image.getexif().get(274, 1)
    except Exception:  # `read` says it
        return 1


def compare_orientation(ours, path, tags):
    """How our picture lies relative to Pillow's; then exiftool's number against the one that Pillow applied."""
    pixels = read(path)
    if isinstance(pixels, str) or "error" in ours:
        return "no picture to compare", ""
    mine = numpy.array(ours["quarters"])
    size = (ours["height"], ours["width"])
    off = {}
    for number, turn in TURNS.items():
        turned = turn(pixels)
        if turned.shape[:2] == size:
            off[number] = numpy.abs(mine - quarters(turned)).max()
    if not off:
        return "other size", f"ours {ours['width']} x {ours['height']}, Pillow {pixels.shape[1::-1]}"
    best = min(off, key=lambda number: (off[number], number))
    if off[best] > TOLERANCE and best != 1:
        best = 1 if 1 in off and off[1] < 2 * off[best] else best
    if best != 1 and not off.get(1, numpy.inf) <= TOLERANCE:
        return "other orientation", f"ours is Pillow's after orientation {best} ({off[best]:.1f} levels)"
    stated = {key: value for key, value in tags.items() if key.endswith(":Orientation")}
    first = next((int(value) for value in stated.values() if str(value).isdigit() and 1 <= int(value) <= 8), 1)
    applied = pillow_orientation(path)
    distinct = sum(value <= TOLERANCE for value in off.values()) == 1
    turned = " and turned" if first != 1 else ""
    if first != applied:
        return "equal, exiftool has another number", f"exiftool {stated}, Pillow {applied}"
    return (f"equal{turned}" if distinct else f"equal{turned}, but the picture hardly tells"), ""


def main(folder, ours_path):
    lines = [json.loads(line) for line in Path(ours_path).read_text().splitlines()]
    answers = ask_exiftool(folder, [ours["name"] for ours in lines])
    locations, orientations = Counter(), Counter()
    for ours in lines:
        tags = answers.get(ours["name"], {})
        kind, text = compare_location(ours, tags)
        locations[kind] += 1
        if text:
            print(f"location: {kind}\t{ours['name']}\t{text}")
        kind, text = compare_orientation(ours, Path(folder) / ours["name"], tags)
        orientations[kind] += 1
        if text:
            print(f"orientation: {kind}\t{ours['name']}\t{text}")
    print(json.dumps({"files": len(lines), "location": locations, "orientation": orientations}))


if __name__ == "__main__":
    main(*sys.argv[1:])
