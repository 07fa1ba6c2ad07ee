#!/usr/bin/env python3
"""Exact int8 search against FAISS IndexFlatIP (f32), same data, same machine, same run.

    pip install faiss-cpu numpy
    python benches/search/compare.py [--rows 1000000] [--dimension 512] [--out benches/runs/DATE-search.md]

Data: unit vectors around random cluster centres, as photo embeddings cluster; queries are fresh points of the
same clusters. FAISS gives the truth for recall.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import time

# Before FAISS is loaded: its threads shall not spin while other work wants the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import faiss
import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BATCHES = (1, 16, 64)


def clustered(rows, dimension, clusters, spread, seed):
    """[rows + 256, dimension] unit vectors; the last 256 are the queries."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((clusters, dimension), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    total = rows + 256
    data = np.empty((total, dimension), np.float32)
    for start in range(0, total, 100_000):
        end = min(start + 100_000, total)
        noise = random.standard_normal((end - start, dimension), dtype=np.float32) * (spread / dimension**0.5)
        block = centres[random.integers(0, clusters, end - start)] + noise
        data[start:end] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return data[:rows], data[rows:]


def best_wall_ms(action, repeats):
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e3)
    return min(times)


def cpu_ms(action, repeats):
    start = time.process_time()
    for _ in range(repeats):
        action()
    return (time.process_time() - start) * 1e3 / repeats


def peer_times(index, queries, options, threads):
    """The better of FAISS's two ways (one query at a time, or BLAS), whatever its default is for this size."""
    times = {"wall_ms": {}, "cpu_ms": {}}
    for batch in BATCHES:
        action = lambda: index.search(queries[:batch], options.top)
        wall, cpu = [], []
        for smallest_blas_batch in (1, 1 << 30):
            faiss.cvar.distance_compute_blas_threshold = smallest_blas_batch
            faiss.omp_set_num_threads(threads)
            wall.append(best_wall_ms(action, options.repeats))
            faiss.omp_set_num_threads(1)
            cpu.append(cpu_ms(action, options.repeats))
        times["wall_ms"][str(batch)], times["cpu_ms"][str(batch)] = min(wall), min(cpu)
    faiss.cvar.distance_compute_blas_threshold = 1
    faiss.omp_set_num_threads(threads)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--clusters", type=int, default=5_000)
    parser.add_argument("--spread", type=float, default=0.7, help="length of the noise; centres have length 1")
    parser.add_argument("--top", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20251)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()

    build = ["cargo", "build", "--release", "-q", "-p", "georanker-gallery", "--example", "bench_search"]
    subprocess.run(build, cwd=REPOSITORY, check=True)
    rows, queries = clustered(options.rows, options.dimension, options.clusters, options.spread, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        index = faiss.IndexFlatIP(options.dimension)
        index.add(rows)
        threads = faiss.omp_get_max_threads()
        peer = peer_times(index, queries, options, threads)
        truth = index.search(queries, options.top)[1]
        rows.tofile(folder / "rows.f32")
        queries.tofile(folder / "queries.f32")
        truth.astype(np.int64).tofile(folder / "truth.i64")
        del index, rows
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        ours = subprocess.run(
            [target / "release/examples/bench_search", folder / "rows.f32", folder / "queries.f32",
             str(options.dimension), str(options.top), str(options.repeats), folder / "truth.i64"],
            check=True, capture_output=True, text=True,
        )
    ours = json.loads(ours.stdout)

    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "unknown")
    lines = [
        f"# Exact search, {datetime.date.today()}",
        "",
        f"{options.rows} x {options.dimension}, {options.clusters} clusters, spread {options.spread}, top {options.top}; "
        f"{cpu}, {os.cpu_count()} cores; FAISS {faiss.__version__} ({faiss.omp_get_max_threads()} threads), "
        f"kernel {ours['kernel']} ({ours['threads']} threads). Milliseconds a batch. CPU: of one thread, mean; it is "
        f"the figure to trust on a machine with other work. Wall: all threads, best of {options.repeats}. FAISS: the "
        "better of its plain and its BLAS way, OMP_WAIT_POLICY=passive. All in one run of `benches/search/compare.py`.",
        "",
        "| | " + " | ".join(f"{kind}, batch {batch}" for kind in ("CPU", "wall") for batch in BATCHES)
        + f" | recall@{options.top} | open |",
        "|---|" + "---|" * (2 * len(BATCHES) + 2),
    ]

    def cells(result, compare):
        for kind in ("cpu_ms", "wall_ms"):
            for batch in map(str, BATCHES):
                own = result[kind][batch]
                yield f"{own:.1f}" + (f" ({own / peer[kind][batch]:.2f}x)" if compare else "")

    lines.append("| FAISS IndexFlatIP f32 | " + " | ".join(cells(peer, False)) + " | 1 | - |")
    for result in ours["results"]:
        name = "int8 scan, f32 re-scoring" if result["precision"] == "f32" else "int8 only"
        row = " | ".join(cells(result, True))
        lines.append(f"| {name} | {row} | {result['recall']:.4f} | {result['open_ms']:.1f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
