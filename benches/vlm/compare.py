#!/usr/bin/env python3
"""LVLM scoring beside PyTorch: one query and its candidates, same weights, same photos, in alternating rounds.

    python benches/vlm/compare.py --ours target/release/examples/bench_vlm --pairs W/pairs/pairs.jsonl \\
        --f32 W/2b-cut-f32 --bf16 W/2b-cut-bf16 --out benches/runs/DATE-vlm.md

A dtype without its folder is left out. First every batch size of the peer has one run, from small to large, until one
is clearly slower than the best before it; then our side and the peer at its best take turns. What would take longer
than `--cap` seconds a run is not run, and the page says so. See benches/README.md for the weights and what to install.
Exits with 1 if the scores do not agree.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import operations

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import sides

# Of scores of about one, with random weights: f32 noise through all layers stays well below.
TOLERANCE = 1e-3
HEADS = ("with", "without")


def ours(options, weights, dtype, *more):
    """The rounds of one start of our side; the first pays for weights that are not in memory yet."""
    command = [options.ours, *sides.common_arguments(options, weights, dtype), "--rounds", options.warm, *more]
    environment = os.environ | {"RAYON_NUM_THREADS": str(options.threads)}
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{options.ours} ended with {done.returncode}; what it said is above")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def best_batch(peer, options, lm_head):
    """(the fastest run or None, all runs, remarks), batch sizes ascending."""
    runs, remarks = [], []
    probe = peer.run(batch=1, lm_head=lm_head, candidates=1)
    expected = probe["seconds"] * options.candidates
    if expected > options.cap:
        return None, [], [f"LM head {lm_head}: not run, some {expected:.0f} s a query against a cap of {options.cap:.0f} s"]
    for batch in options.batches:
        run = peer.run(batch=batch, lm_head=lm_head)
        if "skipped" in run:
            remarks.append(f"LM head {lm_head}, batch {batch}: not run, {run['skipped']}")
            break
        runs.append(run)
        if run["seconds"] > 1.25 * min(each["seconds"] for each in runs):
            break
    return min(runs, key=lambda run: run["seconds"], default=None), runs, remarks


def largest_difference(left, right):
    return max(abs(a - b) for a, b in zip(left, right, strict=True))


def measure(options, weights, dtype):
    """Everything measured with one dtype."""
    peer = sides.peer(HERE / "peer.py", options, sides.common_arguments(options, weights, dtype))
    result = {"about": peer.about, "ours": [], "heads": {}, "remarks": [], "load": [os.getloadavg()[0]]}
    for lm_head in options.heads:
        best, runs, remarks = best_batch(peer, options, lm_head)
        result["remarks"] += remarks
        rounds = []
        for _ in range(options.rounds if best else 0):
            result["ours"] += ours(options, weights, dtype)
            rounds.append(peer.run(batch=best["batch"], lm_head=lm_head))
        result["heads"][lm_head] = {"batches": runs, "rounds": rounds}
        result["load"].append(os.getloadavg()[0])
    peer.close()
    if not result["ours"]:
        result["ours"] += ours(options, weights, dtype)
    result["variants"] = {
        " ".join(variant): ours(options, weights, dtype, *variant)
        for variant in [["--naive"]] * options.naive + [["--weights", name] for name in options.quantised]
    }
    return result


def fastest(runs):
    return min(runs, key=lambda run: run["seconds"])


def time_table(result):
    our = fastest(result["ours"])
    our_peak = max(run["peak_rss_mb"] for run in result["ours"])
    typical = statistics.median(run["seconds"] for run in result["ours"])
    lines = [
        "| side | batch | runs | fastest, s | median, s | of it photos and text, s | peak memory, MB | time / ours | memory / ours |",
        "|---|---|---|---|---|---|---|---|---|",
        f"| ours | - | {len(result['ours'])} | {our['seconds']:.2f} | {typical:.2f} | {our['preprocess']:.2f} "
        f"| {our_peak:.0f} | 1.00 | 1.00 |",
    ]
    for lm_head, head in result["heads"].items():
        alternating = {run["batch"] for run in head["rounds"]}
        for batch in sorted({run["batch"] for run in head["batches"]}):
            runs = [run for run in head["rounds"] + head["batches"] if run["batch"] == batch]
            best, peak = fastest(runs), max(run["peak_rss_mb"] for run in runs)
            middle = statistics.median(run["seconds"] for run in runs)
            name = f"PyTorch, {lm_head} LM head"
            ratios = f"{best['seconds'] / our['seconds']:.2f} | {peak / our_peak:.2f}"
            if batch in alternating:
                name, ratios = f"**{name}**", " | ".join(f"**{ratio}**" for ratio in ratios.split(" | "))
            lines.append(
                f"| {name} | {batch} | {len(runs)} | {best['seconds']:.2f} | {middle:.2f} "
                f"| {best['preprocess']:.2f} | {peak:.0f} | {ratios} |"
            )
    for name, runs in result["variants"].items():
        best = fastest(runs)
        lines.append(
            f"| ours, `{name}` | - | {len(runs)} | {best['seconds']:.2f} | - | {best['preprocess']:.2f} "
            f"| {max(run['peak_rss_mb'] for run in runs):.0f} | {best['seconds'] / our['seconds']:.2f} | - |"
        )
    return lines


def share_table(result):
    our = fastest(result["ours"])
    lines = ["Where our time goes (fastest run):", "", "| part | s | share |", "|---|---|---|"]
    for part in ("preprocess", "vision", "prefix", "suffixes", "rest"):
        lines.append(f"| {part} | {our[part]:.2f} | {100 * our[part] / our['seconds']:.0f} % |")
    return lines


def peer_run(result):
    """Any whole run of the peer, for its scores and counts."""
    runs = [run for head in result["heads"].values() for run in head["batches"] + head["rounds"]]
    return runs[0] if runs else None


def agreement(result, dtype, reference):
    """(lines, whether the scores agree). Reference: the peer's f32 scores of the same weights, if there are any."""
    ours_scores, peer = result["ours"][0]["scores"], peer_run(result)
    lines, agree = [], True
    if peer:
        difference = largest_difference(ours_scores, peer["scores"])
        spread = max(peer["scores"]) - min(peer["scores"])
        lines.append(f"Scores, ours against PyTorch's in {dtype}: at most {difference:.1e} apart (they span {spread:.2f}).")
        agree = dtype != "f32" or difference <= TOLERANCE
    if dtype != "f32" and reference:
        lines.append(f"Against PyTorch's f32 scores: ours {largest_difference(ours_scores, reference):.1e}.")
        if peer:
            lines[-1] = lines[-1][:-1] + f", PyTorch's {largest_difference(peer['scores'], reference):.1e}."
    for name, runs in result["variants"].items():
        lines.append(f"Ours with `{name}` against ours: {largest_difference(runs[0]['scores'], ours_scores):.1e}.")
    if not agree:
        lines.append(f"**They do not agree: {TOLERANCE} is allowed.**")
    return lines, agree


def count_table(config, row, peer, result):
    """Ratios of multiply-adds for the measured depth and the whole network, from the peer's own token counts."""
    tokens, prefix, patches = peer["tokens"], peer["shared_tokens"], peer["patches"]
    # The query's photo comes first in every prompt.
    repeats, distinct = len(tokens), patches[:1]
    photos, place = [candidate.get("photo") for candidate in row["candidates"]], 0
    seen = {row["query"]}
    for photo in photos:
        place += 1
        if photo:
            if photo not in seen:
                distinct.append(patches[place])
                seen.add(photo)
            place += 1
    suffixes = [length - prefix for length in tokens]
    lines = [
        f"{repeats} prompts, {sum(tokens)} tokens, {len(patches)} photos; shared: {prefix} + {sum(suffixes)} tokens, "
        f"{len(distinct)} photos.",
        "",
        "| language layers + vision blocks | LM head | prompt by prompt, 10^12 | shared prefix, 10^12 | ratio | measured |",
        "|---|---|---|---|---|---|",
    ]
    here = (config["num_hidden_layers"], config["vision_config"]["depth"])
    for layers, blocks in dict.fromkeys([here, (28, 32)]):
        deep = operations.with_depth(config, layers, blocks)
        shared = operations.shared_prefix(deep, distinct, prefix, suffixes)
        for lm_head, head in result["heads"].items():
            naive = operations.prompt_by_prompt(deep, patches, tokens, lm_head == "with")
            runs = head["rounds"] + head["batches"]
            measured = "-"
            if runs and (layers, blocks) == here:
                measured = f"{fastest(runs)['seconds'] / fastest(result['ours'])['seconds']:.2f}"
            lines.append(
                f"| {layers} + {blocks} | {lm_head} | {naive / 1e12:.2f} | {shared / 1e12:.2f} "
                f"| {naive / shared:.2f} | {measured} |"
            )
    return lines


def page(options, row, results):
    lines = [
        "# LVLM scoring beside PyTorch",
        "",
        sides.circumstances(options, results)
        + f" (vision and language attention: {options.attention}). One query, {len(row['candidates'])} candidates, random "
        "weights in the shape of Qwen2-VL, LoRA of rank 16 not merged by the peer. Photos from files to scores. Peak "
        "memory: ours of the whole process, the peer's from the first score on, without what loading took. Each batch "
        "size of the peer had one run; in bold its best one, which then took turns with ours. Ratios above 1: ours needs less.",
        "",
    ]
    agree, reference = True, None
    for dtype, (weights, result) in {name: (options.folders[name], results[name]) for name in results}.items():
        config, depth = sides.network(weights)
        lines += [f"## {dtype}: hidden size {config['hidden_size']}, {depth}", "", *time_table(result), ""]
        lines += [f"- {remark}" for remark in result["remarks"]] + [""] * bool(result["remarks"])
        lines += [*share_table(result), ""]
        same_weights = reference and reference[0] == depth
        sentences, agreed = agreement(result, dtype, reference[1] if same_weights else None)
        agree &= agreed
        lines += [" ".join(sentences), ""]
        if peer := peer_run(result):
            lines += ["Multiply-adds that are needed (causal attention, no padding):", ""]
            lines += [*count_table(config, row, peer, result), ""]
            if dtype == "f32":
                reference = (depth, peer["scores"])
        loads = ", ".join(f"{load:.1f}" for load in result["load"])
        lines += [f"Load average: {loads} on {os.cpu_count()} cores (above their number other work was in the way).", ""]
    return "\n".join(lines), agree


def main():
    parser = sides.parser(__doc__)
    parser.add_argument("--heads", nargs="+", choices=HEADS, default=list(HEADS))
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 5, 15])
    parser.add_argument("--rounds", type=int, default=2, help="alternating rounds at each LM-head mode")
    parser.add_argument("--warm", type=int, default=2, help="rounds at each start of our side")
    parser.add_argument("--cap", type=float, default=400, help="seconds that one run of the peer may take")
    parser.add_argument("--naive", action="store_true", help="also our side prompt by prompt")
    parser.add_argument("--quantised", nargs="*", default=[], choices=("q4", "q8"), help="also our side so")
    options = sides.parse(parser)
    row = json.loads(options.pairs.read_text(encoding="utf-8").splitlines()[0])
    options.candidates = len(row["candidates"])
    results = {dtype: measure(options, weights, dtype) for dtype, weights in options.folders.items()}
    text, agree = page(options, row, results)
    sides.finish(options, text, agree)


if __name__ == "__main__":
    main()
