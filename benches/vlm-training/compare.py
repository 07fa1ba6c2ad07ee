#!/usr/bin/env python3
"""LVLM training beside PyTorch: steps on one query and seven candidates, same weights, same photos, in turns.

    python benches/vlm-training/compare.py --ours target/release/examples/bench_vlm_training \\
        --pairs W/pairs/pairs.jsonl --f32 W/2b-cut-f32 --bf16 W/2b-cut-bf16 --out benches/runs/DATE-vlm-training.md

Weights and pairs are those of ../vlm (see benches/README.md). Each configuration - ours and the peer's, with and without
checkpointing - makes `--steps` steps from the same start; the sides take turns. Exits with 1 if the losses of the first
steps do not agree.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import sides

# km from the query, of the first candidates: near ones, far ones, none sorted.
DISTANCES = [180.0, 2.5, 9400.0, 0.4, 760.0, 31.0, 2600.0]
# Of losses of about one, with random weights through all layers.
TOLERANCE = {"f32": 1e-3, "bf16": 1e-1}


def measure(options, weights, dtype):
    """The steps of every configuration; each starts afresh, so that its memory is its own."""
    runs = {}
    about = {}
    for checkpointing in (False, True):
        arguments = [*sides.common_arguments(options, weights, dtype), "--distances", *DISTANCES]
        running = {
            "ours": sides.Side("our side", [options.ours, *arguments, "--threads", options.threads], {}),
            "PyTorch": sides.peer(HERE / "peer.py", options, arguments),
        }
        for _ in range(options.steps):
            for name, side in running.items():
                runs.setdefault((name, checkpointing), []).append(side.run(checkpointing=checkpointing))
        about = running["PyTorch"].about
        for side in running.values():
            side.close()
    return {"runs": runs, "about": about, "load": os.getloadavg()[0]}


def fastest(steps):
    return min(steps, key=lambda step: step["seconds"])


def peak(steps):
    return max(step["peak_rss_mb"] for step in steps)


def table(runs):
    lines = [
        "| side | checkpointing | step, s | photos and text, s | vision tower, s | forward, s | backward, s | peak memory, MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, checkpointing), steps in sorted(runs.items()):
        best = fastest(steps)
        vision = f"{best['vision']:.2f}" if "vision" in best else "in forward"
        lines.append(
            f"| {name} | {'every layer' if checkpointing else 'off'} | {best['seconds']:.2f} | {best['preprocess']:.2f} "
            f"| {vision} | {best['forward']:.2f} | {best['backward']:.2f} | {peak(steps):.0f} |"
        )
    return lines


def ratios(runs):
    """Each configuration of ours beside the peer's fastest and its leanest one."""
    peers = [steps for (name, _), steps in runs.items() if name == "PyTorch"]
    time, memory = min(fastest(steps)["seconds"] for steps in peers), min(peak(steps) for steps in peers)
    lines = [
        "| ours | PyTorch's fastest step / ours | PyTorch's least memory / ours |",
        "|---|---|---|",
    ]
    for checkpointing in (False, True):
        steps = runs["ours", checkpointing]
        lines.append(
            f"| checkpointing {'every layer' if checkpointing else 'off'} "
            f"| {time / fastest(steps)['seconds']:.2f} | {memory / peak(steps):.2f} |"
        )
    return lines


def agreement(runs, dtype):
    """(sentence, whether the losses agree), step by step over all configurations."""
    losses = list(zip(*([step["loss"] for step in steps] for steps in runs.values())))
    apart = max(max(step) - min(step) for step in losses)
    agree = apart <= TOLERANCE[dtype]
    sequence = ", ".join(f"{step[0]:.4f}" for step in losses)
    sentence = f"Losses of the steps ({sequence}) of all configurations: at most {apart:.1e} apart."
    return sentence + ("" if agree else f" **They do not agree: {TOLERANCE[dtype]} is allowed.**"), agree


def page(options, results):
    lines = [
        "# LVLM training beside PyTorch",
        "",
        sides.circumstances(options, results)
        + f". A step: one query with {len(DISTANCES)} candidates, all with photos, from files to changed parameters "
        "(forward, multi-order loss, backward, clipping, AdamW). Random weights in the shape of Qwen2-VL, LoRA of rank 16 "
        "on queries, keys and values, value head; dropout off. The peer computes no logits of the vocabulary. The fastest "
        f"of {options.steps} steps counts. Peak memory is that of the whole process, for ours with, for the peer without "
        "what loading took.",
        "",
    ]
    agree = True
    for dtype, result in results.items():
        config, depth = sides.network(options.folders[dtype])
        tokens = {name: steps[0]["tokens"] for (name, _), steps in result["runs"].items()}
        sentence, agreed = agreement(result["runs"], dtype)
        agree &= agreed
        lines += [f"## {dtype}: hidden size {config['hidden_size']}, {depth}", ""]
        lines += [*table(result["runs"]), "", *ratios(result["runs"]), ""]
        lines += [f"Tokens: {tokens['ours']} with the shared prefix, {tokens['PyTorch']} without. {sentence}", ""]
        lines += [f"Load average {result['load']:.1f} on {os.cpu_count()} cores.", ""]
    return "\n".join(lines), agree


def main():
    parser = sides.parser(__doc__)
    parser.add_argument("--steps", type=int, default=3)
    options = sides.parse(parser)
    results = {dtype: measure(options, weights, dtype) for dtype, weights in options.folders.items()}
    text, agree = page(options, results)
    sides.finish(options, text, agree)


if __name__ == "__main__":
    main()
