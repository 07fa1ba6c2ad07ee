#!/usr/bin/env python3
"""CLIP ViT-L/14's photo side beside PyTorch: same random weights, same pixels, in alternating rounds.

    python benches/clip/compare.py --ours target/release/examples/bench_clip --weights W --out benches/runs/DATE-clip.md

W holds f32 and bf16, as make_weights.py writes them. Each round runs either side once at each batch size; the first is
not counted. CPU time is that of all threads, waiting in a loop included: on a machine with other work it says more than the
clock. Exits with 1 if the embeddings do not agree. See benches/README.md for what to install.
"""

import argparse
import math
import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sides

HERE = Path(__file__).resolve().parent
# Cosine of the embeddings. In f32 they differ by rounding; in bf16 the peer also rounds what lies between products.
LEAST_COSINE = {"f32": 1 - 1e-6, "bf16": 0.99}


def cosine(left, right):
    product = sum(a * b for a, b in zip(left, right, strict=True))
    return product / math.sqrt(sum(a * a for a in left) * sum(b * b for b in right))


def measure(options, dtype):
    """{batch: {side: answers}} and what the peer says of itself."""
    arguments = [options.weights / dtype, "--dtype", dtype]
    threads = {"RAYON_NUM_THREADS": str(options.threads)}
    ours = sides.Side("ours", [options.ours, *arguments, "--threads", options.threads], threads)
    peer = sides.peer(HERE / "peer.py", options, arguments)
    runs = {batch: {"ours": [], "peer": []} for batch in options.batches}
    for number in range(options.rounds + 1):
        for batch, answers in runs.items():
            for name, side in (("ours", ours), ("peer", peer)):
                answer = side.run(batch=batch)
                if number > 0:
                    answers[name].append(answer)
    ours.close()
    peer.close()
    return {"about": peer.about, "runs": runs}


def table(results):
    lines = [
        "| dtype | batch | side | fastest, ms | median, ms | photos/s (fastest) | CPU time, ms | peak memory, MB | time / ours |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for dtype, result in results.items():
        for batch, answers in result["runs"].items():
            best = {name: min(each["seconds"] for each in runs) for name, runs in answers.items()}
            for name, runs in answers.items():
                median = statistics.median(each["seconds"] for each in runs)
                work = min(each["cpu_seconds"] for each in runs)
                peak = max(each["peak_rss_mb"] for each in runs)
                lines.append(
                    f"| {dtype} | {batch} | {name} | {best[name] * 1000:.0f} | {median * 1000:.0f} "
                    f"| {batch / best[name]:.2f} | {work * 1000:.0f} | {peak:.0f} | {best[name] / best['ours']:.2f} |"
                )
    return lines


def agreement(results):
    """Sentences on how well the sides agree, and whether they do."""
    lines, agree = [], True
    for dtype, result in results.items():
        for batch, answers in result["runs"].items():
            ours, peer = (answers[name][0]["embeddings"] for name in ("ours", "peer"))
            width = len(ours) // batch
            least = min(
                cosine(ours[start : start + width], peer[start : start + width]) for start in range(0, len(ours), width)
            )
            agree &= least >= LEAST_COSINE[dtype]
            lines.append(f"{dtype}, batch {batch}: least cosine of the embeddings {least:.7f}.")
    return lines, agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--dtypes", nargs="+", choices=LEAST_COSINE, default=list(LEAST_COSINE))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
    parser.add_argument("--python", default=sys.executable, help="the peer's interpreter")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    results = {dtype: measure(options, dtype) for dtype in options.dtypes}
    sentences, agree = agreement(results)
    page = [
        "# CLIP ViT-L/14, photos to embeddings",
        "",
        f"{sides.circumstances(options, results)}, attention `{options.attention}`. Load average at the start {load:.1f}, "
        f"at the end {os.getloadavg()[0]:.1f} (both sides' own work included). {options.rounds} rounds, sides in turns; "
        "random weights, pixels in memory.",
        "",
        *table(results),
        "",
        *sentences,
        "",
    ]
    sides.finish(options, "\n".join(page), agree)


if __name__ == "__main__":
    main()
