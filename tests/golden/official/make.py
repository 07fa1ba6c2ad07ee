"""Writes the fixtures of the official files' formats with numpy and pandas themselves.

    python tests/golden/official/make.py

Versions that made the committed files: see versions.txt. The photos, places and numbers are made up.
"""
import json
import pathlib

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent
QUERIES, COLLECTION, NEIGHBOURS = 4, 30, 20
PLACES = [
    ("", "Ortisei", "South Tyrol", "Trentino-Alto Adige/Südtirol", "", "Italy"),
    ("", "", "Alpes-de-Haute-Provence", "Provence-Alpes-Côte d'Azur", "Metropolitan France", "France"),
    ('The "Rocks"', "Sydney", "", "New South Wales", "", "Australia"),
    ("", "", "", "", "", ""),
]

# The collection, in the columns of MP16_Pro_places_filtered.csv.
numbers = np.arange(COLLECTION)
collection = pd.DataFrame({
    "IMG_ID": [f"{i:02x}_{255 - i:02x}_{3845791320 + i}.jpg" for i in numbers],
    "LAT": np.round(-33.8 + numbers * 2.71828, 6),
    "LON": np.round(151.2 - numbers * 9.86960, 6),
})
for column, name in enumerate(["neighbourhood", "city", "county", "state", "region", "country"]):
    collection[name] = [PLACES[i % 4][column] or None for i in numbers]
collection.to_csv(HERE / "mp16.csv", index=False)

# What FAISS returns: int64 row numbers and float32 inner products.
rows = np.stack([(np.arange(NEIGHBOURS) * 7 + q) % COLLECTION for q in range(QUERIES)]).astype(np.int64)
similarities = (3.0 - np.arange(NEIGHBOURS) / 10 - np.arange(QUERIES)[:, None] / 100).astype(np.float32)
np.save(HERE / "I.npy", rows)
np.save(HERE / "D.npy", similarities)
np.save(HERE / "I_fortran_i4.npy", np.asfortranarray(rows.astype(np.int32)))
np.save(HERE / "D_f8.npy", similarities.astype(np.float64))
with open(HERE / "I_version2.npy", "wb") as file:
    np.lib.format.write_array(file, rows, version=(2, 0))
np.save(HERE / "I_big_endian.npy", rows.astype(">i8"))
np.save(HERE / "I_objects.npy", rows.astype(object), allow_pickle=True)
np.save(HERE / "I_flat.npy", rows.ravel())

# The benchmark's file, column by column as compile_prediction_candidates.py writes them: str() of lists.
ids = [f"{q}_query_{q}@N00.jpg" for q in range(QUERIES)]
table = pd.DataFrame({
    "IMG_ID": ids,
    "AUTHOR": [f"author {q}" for q in range(QUERIES)],
    "LAT": [46.167286, 43.5, -33.857, 10.0],
    "LON": [7.099698, 6.75, 151.215, 20.0],
})
table[["IMG_ID", "LAT", "LON", "AUTHOR"]].to_csv(HERE / "queries.csv", index=False)
filled = collection.fillna("")
texts = ["neighbourhood", "city", "county", "state", "region", "country"]
gps = [[(float(filled.LAT[i]), float(filled.LON[i])) for i in rows[q]] for q in range(QUERIES)]
zero_shot = [
    [(0.0, 0.0), (46.5, 7.0), (46.25, 7.125), (45.0, 6.5)],
    [(43.0, 7.0)],
    [],
    [(1e-05, -180.0), (10, 20), (-90.0, 0.1)],
]
table["candidate_gps_lis"] = [str(one) for one in gps]
table["candidate_text_lis"] = [str([[str(filled[t][i]) for t in texts] for i in rows[q]]) for q in range(QUERIES)]
table["candidate_img_lis"] = [str([str(filled.IMG_ID[i]) for i in rows[q]]) for q in range(QUERIES)]
table["reverse_gps_lis"] = "[]"
table["zs_gps_lis"] = [str(one) for one in zero_shot]
# Row 2 as numpy 2 prints scalars that pandas handed out.
table.loc[2, "candidate_gps_lis"] = str([(np.float64(a), np.float64(b)) for a, b in gps[2]])
table.to_csv(HERE / "im2gps3k.csv", index=False)

# Values and what Python prints for them.
values = [
    None, True, False, 0, -17, 9223372036854775807, 1.5, -0.0, 1e-05, 1e300, float("inf"), "", "it's", 'say "x"',
    "both ' and \"", "tab\tline\nend", "Côte d'Azur \u4e2d\U0001f600 \x00\x7f", [], (), (1,), (1, 2.5), [[], ["a", None]],
    {"a": (1, 2), 3: [True]}, {},
]
shown = [{"text": repr(value), "json": json.dumps(value)} for value in values if not isinstance(value, dict)]
shown += [{"text": repr(value), "json": None} for value in values if isinstance(value, dict)]
shown += [{"text": repr(np.float64(0.1)), "json": "0.1"}, {"text": repr(np.float32(0.1)), "json": "0.1"},
          {"text": repr([np.int64(3), np.str_("x"), np.True_]), "json": '[3, "x", true]'}]
(HERE / "literals.json").write_text(json.dumps(shown, indent=1) + "\n")
(HERE / "versions.txt").write_text(f"numpy {np.__version__}\npandas {pd.__version__}\n")
