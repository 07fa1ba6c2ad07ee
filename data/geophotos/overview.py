"""Prints the counts that LICENSES.md and LICENSES-geophotos1.md state, from metadata.csv. Needs nothing but Python.

    python data/geophotos/overview.py            # photos by licence and split: LICENSES.md
    python data/geophotos/overview.py --sources  # photos of the first two sets by source: LICENSES-geophotos1.md
"""

import collections
import csv
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Repositories of the first two sets whose photos were placed by what they show.
NAMED = """aframevr/aframe bloopletech/akc digimill/seoulvibe epfl-lara/bolts
maxgooose/maxgooose.github.io mfecane/shadercity nicolas-dufour/plonk OGGM/glacier-gallery PixelCrank/arch-timeline
JetBrains/compose-multiplatform sbates-idrc/c2lc-coding-environment wasanbar/ramallah-heritage-map""".split()


def print_table(header, counts):
    print(f"| {' | '.join(header)} | photos |")
    print("|---" * len(header) + "|---|")
    for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        print(f"| {' | '.join(key)} | {count:,} |")
    print()


def main():
    with open(HERE / "metadata.csv", newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    if "--sources" in sys.argv:
        rows = [row for row in rows if row["IMG_ID"] < "2"]
        position = lambda row: "named place" if row["source"] in NAMED else "GPS tag or coordinate list"
        keys = ((row["source"], row["licence"], row["author"], position(row)) for row in rows)
        print_table(["source (public git repository)", "licence", "attribution", "position from"], collections.Counter(keys))
        return
    distinct = lambda column: len({row[column] for row in rows})
    print(f"{len(rows):,} photos by {distinct('author'):,} authors from {distinct('repository'):,} repositories, taken in "
          f"{distinct('country'):,} countries and territories\n")
    print_table(["licence"], collections.Counter((row["licence"],) for row in rows))
    print_table(["split"], collections.Counter((row["split"],) for row in rows))


if __name__ == "__main__":
    main()
