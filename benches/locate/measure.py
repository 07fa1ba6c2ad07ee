"""CPU time, start-up, memory and throughput of `georanker locate`, against the budgets of docs/design.md.

Usage: python3 benches/locate/measure.py [--binary target/release/georanker] [--out benches/runs/DATE-locate.md]
Needs nothing but Python. Photos are those of the test split of data/geophotos, unpacked into a temporary directory,
and one of them enlarged to 12 megapixels if Pillow is at hand.
"""

import argparse
import csv
import datetime
import os
import pathlib
import platform
import statistics
import subprocess
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(binary, arguments):
    """Wall seconds, CPU seconds and peak memory (MB) of one run."""
    started = time.monotonic()
    process = subprocess.Popen([binary, "--quiet", "locate", "--format", "jsonl", *map(str, arguments)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def best(binary, arguments, repeats):
    """Minimum of several runs, field by field (peak memory: maximum): the machine is shared."""
    runs = [run(binary, arguments) for _ in range(repeats)]
    return min(r[0] for r in runs), min(r[1] for r in runs), max(r[2] for r in runs), statistics.median(r[0] for r in runs)


def main():
    parser = argparse.ArgumentParser()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    today = datetime.date.today().isoformat()
    parser.add_argument("--binary", default=target / "release" / "georanker")
    parser.add_argument("--out", default=ROOT / "benches" / "runs" / f"{today}-locate.md")
    arguments = parser.parse_args()
    binary = str(arguments.binary)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with open(ROOT / "data/geophotos/metadata.csv", newline="") as table:
            test = [row["IMG_ID"] for row in csv.DictReader(table) if row["split"] == "test"]
        few, many = folder / "test", folder / "many"
        few.mkdir()
        many.mkdir()
        with tarfile.open(ROOT / "data/geophotos/photos.tar") as archive:
            for name in test:
                data = archive.extractfile(name).read()
                (few / name).write_bytes(data)
                for copy in range(4):
                    (many / f"{copy}-{name}").write_bytes(data)
        empty = folder / "empty.jpg"
        empty.write_bytes(b"")
        one = few / test[0]

        start = best(binary, [empty], 15)
        single = best(binary, [one], 15)
        batch = best(binary, [few], 3)
        large = best(binary, [many], 2)
        per_photo = (batch[1] - start[1]) / len(test) * 1000
        rows = [
            ("start (pack opened and checked, no photo), wall", f"{start[0] * 1000:.0f} ms (median {start[3] * 1000:.0f})", "< 300 ms", start[0] < 0.3),
            ("one photo, CPU after start", f"{(single[1] - start[1]) * 1000:.0f} ms", "< 150 ms", single[1] - start[1] < 0.15),
            ("one photo, peak memory", f"{single[2]:.0f} MB", "< 400 MB", single[2] < 400),
            (f"batch of {len(test)} photos, start included", f"{len(test) / batch[0]:.1f} photos/s", ">= 25", len(test) / batch[0] >= 25),
            ("batch, CPU a photo", f"{per_photo:.1f} ms", "", True),
            (f"peak memory, {len(test)} photos", f"{batch[2]:.0f} MB", "< 400 MB", batch[2] < 400),
            (f"peak memory, {4 * len(test)} photos", f"{large[2]:.0f} MB", "flat", large[2] < batch[2] * 1.1),
        ]
        try:
            from PIL import Image
            phone = folder / "phone.jpg"
            Image.open(one).convert("RGB").resize((4000, 3000)).save(phone, quality=92)
            twelve = best(binary, [phone], 7)
            rows.append(("one 12-megapixel JPEG, CPU after start", f"{(twelve[1] - start[1]) * 1000:.0f} ms", "", True))
            rows.append(("one 12-megapixel JPEG, peak memory", f"{twelve[2]:.0f} MB", "< 400 MB", twelve[2] < 400))
        except ImportError:
            pass

    lines = [f"# `georanker locate`, {today}", "",
             f"{os.cpu_count()} cores, {platform.machine()}; minimum of several runs on a shared machine (memory: maximum).",
             "Command: `python3 benches/locate/measure.py`", "", "| what | measured | budget | kept |", "|---|---|---|---|"]
    lines += [f"| {what} | {value} | {budget} | {'yes' if kept else '**no**'} |" for what, value, budget, kept in rows]
    text = "\n".join(lines) + "\n"
    pathlib.Path(arguments.out).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
