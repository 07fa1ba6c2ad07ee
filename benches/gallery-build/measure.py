"""How many photos a second `georanker gallery build` adds from an MP16-style tar, and where the time goes.

    python benches/gallery-build/measure.py --binary target/release/georanker --pack packs/starter --photos 400 --runs 3

Photos are those of data/geophotos (or --source TAR), copied under MP16's names. Give another pack with --pack. Run it on a
quiet machine: load from anything else halves the numbers.
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import tarfile
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def make_tar(source, folder, count):
    """A tar with `count` photos of `source` named as in MP16, and its table."""
    tar, table = folder / "mp16.tar", folder / "mp16.csv"
    with tarfile.open(source) as old, tarfile.open(tar, "w") as new, open(table, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["IMG_ID", "LAT", "LON", "neighbourhood", "city", "county", "state", "region", "country"])
        photos = [member for member in old.getmembers() if member.isfile()][:count]
        for index in range(count):
            member = photos[index % len(photos)]
            first, second = f"{index % 256:02x}", f"{index // 256 % 256:02x}"
            copy = tarfile.TarInfo(f"mp16/images/{first}/{second}/{index}.jpg")
            copy.size = member.size
            new.addfile(copy, old.extractfile(member))
            rows.writerow([f"{first}_{second}_{index}.jpg", index % 160 - 80, index % 340 - 170, *[""] * 6])
    return tar, table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=pathlib.Path, default=REPOSITORY / "target/release/georanker")
    parser.add_argument("--pack", type=pathlib.Path, default=REPOSITORY / "packs/starter")
    parser.add_argument("--source", type=pathlib.Path, default=REPOSITORY / "data/geophotos/photos.tar")
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tar, table = make_tar(arguments.source, folder, arguments.photos)
        reports = []
        for run in range(arguments.runs):
            gallery, report = folder / f"gallery{run}", folder / f"report{run}.json"
            command = [arguments.binary, "gallery", "build", gallery, "--photos", tar, "--table", table,
                       "--pack", arguments.pack, "--report", report, "--quiet"]
            environment = {**os.environ, "RAYON_NUM_THREADS": str(arguments.threads)}
            subprocess.run([str(part) for part in command], check=True, env=environment)
            reports.append(json.loads(report.read_text()))
        best = max(reports, key=lambda report: report["photos_per_second"])
        print(f"pack {arguments.pack}, {arguments.photos} photos, {arguments.threads} threads")
        print("photos/s of each run: " + ", ".join(f"{one['photos_per_second']:.1f}" for one in reports))
        print("shares of thread time (best run): "
              + ", ".join(f"{part} {share * 100:.1f} %" for part, share in best["shares"].items()))


if __name__ == "__main__":
    main()
