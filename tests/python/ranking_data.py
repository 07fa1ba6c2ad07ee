"""Ranking datasets and the Python libraries that others read and write them with.

    ranking_data.py make DIR     writes the fixtures: pyarrow, datasets, without_gps and wrong_rows
    ranking_data.py read FILE    reads a file with pyarrow and with datasets, checks that both agree, prints its rows

Needs pyarrow and datasets.
"""

import json
import math
import os
import sys
import tempfile

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = [
    {
        "img_id": "ab_cd_1234567890.jpg",
        "gps": [48.858370, 2.294481],
        "ref_gps": [[48.8529682, 2.3499021], [-33.8567844, 151.2152967], [0.1, -180.0]],
        "ref_img_id": ["ab/cd/1.jpg", "opera.jpg", "x_y.jpg"],
        "ref_texts": [
            ["Quartier de la Cité", "Paris", "", "Île-de-France", "", "France"],
            ["", "Sydney", "", "New South Wales", "", "Australia"],
            ["", "", "", "", "", ""],
        ],
        "ref_origin": ["retrieved", "retrieved", "generated"],
        "ref_similarity": [0.5, 0.25, None],
        "author": "somebody@N00",
    },
    {
        "img_id": "no candidates",
        "gps": [-90.0, 180.0],
        "ref_gps": [],
        "ref_img_id": [],
        "ref_texts": [],
        "ref_origin": [],
        "ref_similarity": [],
        "author": None,
    },
    {
        "img_id": "東京.jpg",
        "gps": [35.6585805, 139.7454329],
        "ref_gps": [[35.0, 139.0], [36.0, 140.0]],
        "ref_img_id": ["a", None],
        "ref_texts": [[], ["東京都", None]],
        "ref_origin": None,
        "ref_similarity": None,
        "author": "",
    },
]
OFFICIAL = ["img_id", "gps", "ref_gps", "ref_img_id", "ref_texts"]


def make(folder):
    strings = pa.list_(pa.string())
    doubles = pa.list_(pa.float64())
    schema = pa.schema(
        [
            ("img_id", pa.string()),
            ("gps", pa.list_(pa.float64(), 2)),
            ("ref_gps", pa.list_(doubles)),
            ("ref_img_id", strings),
            ("ref_texts", pa.list_(strings)),
            ("ref_origin", strings),
            ("ref_similarity", pa.list_(pa.float32())),
            ("author", pa.string()),
        ]
    )
    table = pa.Table.from_pylist(ROWS, schema=schema)
    pq.write_table(table, f"{folder}/pyarrow.parquet", row_group_size=2, compression="snappy")
    pq.write_table(table.drop_columns(["gps"]), f"{folder}/without_gps.parquet")
    wrong = [ROWS[0], {**ROWS[0], "gps": [91.0, 0.0]}, {**ROWS[0], "ref_img_id": ["one"]}, {**ROWS[0], "gps": None}]
    pq.write_table(pa.Table.from_pylist(wrong, schema=schema), f"{folder}/wrong_rows.parquet")
    official = [{name: row[name] for name in OFFICIAL} for row in ROWS]
    datasets.Dataset.from_list(official).to_parquet(f"{folder}/datasets.parquet")


def plain(value):
    """Without NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def read(file):
    with_pyarrow = plain(pq.read_table(file).to_pylist())
    with tempfile.TemporaryDirectory() as cache:
        loaded = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=cache)
        with_datasets = plain([dict(row) for row in loaded])
    assert with_pyarrow == with_datasets, "pyarrow and datasets disagree"
    streamed = datasets.load_dataset("parquet", data_files=file, split="train", streaming=True)
    assert plain([dict(row) for row in streamed]) == with_pyarrow, "streaming disagrees"
    print(json.dumps(with_pyarrow))


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](sys.argv[2])
    sys.stdout.flush()
    # Threads of the libraries may still run, and would end the program with an error of theirs.
    os._exit(0)
