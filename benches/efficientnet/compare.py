"""EfficientNet-Lite on this machine: our network beside PyTorch's, run in turns.

Each round runs every side once at each batch size, so that whatever else the machine does hits all alike.
Prints a Markdown report and writes it to --out. See benches/README.md for what to install.
"""

import argparse
import copy
import datetime
import json
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

import torch
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]


class Ours:
    """The Rust side, kept running between rounds."""

    def __init__(self, binary, model, threads):
        command = [binary, model, "--threads", str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, batch, count):
        self.process.stdin.write(f"run {batch} {count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["milliseconds"]


class Peer:
    """One way of running the official PyTorch network."""

    def __init__(self, network, size, batches, channels_last, frozen):
        self.cases = {}
        for batch in batches:
            images = torch.randn(batch, 3, size, size)
            module = copy.deepcopy(network)
            if channels_last:
                module = module.to(memory_format=torch.channels_last)
                images = images.to(memory_format=torch.channels_last)
            if frozen:
                module = torch.jit.freeze(torch.jit.trace(module, images))
                module = torch.jit.optimize_for_inference(module)
            self.cases[batch] = (module, images)

    def run(self, batch, count):
        module, images = self.cases[batch]
        milliseconds = []
        with torch.inference_mode():
            for _ in range(count):
                start = time.perf_counter()
                module(images)
                milliseconds.append((time.perf_counter() - start) * 1000)
        return milliseconds


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def compare(model, binary, threads, batches, rounds):
    """Milliseconds of each side at each batch size, all rounds together."""
    config = json.loads((model / "config.json").read_text())
    network = EfficientNet.from_name(config["variant"]).eval()
    network.load_state_dict(load_file(model / "model.safetensors"), strict=False)
    size = config["input_size"]
    with torch.inference_mode():
        sides = {
            "ours": Ours(binary, model, threads),
            "PyTorch": Peer(network, size, batches, False, False),
            "PyTorch, channels last": Peer(network, size, batches, True, False),
            "PyTorch, frozen": Peer(network, size, batches, False, True),
            "PyTorch, frozen, channels last": Peer(network, size, batches, True, True),
        }
    times = {batch: {side: [] for side in sides} for batch in batches}
    for batch in batches:
        for side in sides.values():
            side.run(batch, 3)
        for _ in range(rounds):
            for name, side in sides.items():
                times[batch][name] += side.run(batch, 4 if batch == 1 else 2)
    sides["ours"].process.stdin.close()
    return config, times


def table(config, times):
    lines = [f"## {config['variant']}, {config['input_size']} px", ""]
    for batch, sides in times.items():
        best = {name: min(values) for name, values in sides.items()}
        median = {name: statistics.median(values) for name, values in sides.items()}
        peers = [name for name in sides if name != "ours"]
        fastest, typical = min(best[name] for name in peers), min(median[name] for name in peers)
        lines += [
            f"Batch {batch} ({len(sides['ours'])} runs of each side, milliseconds):",
            "",
            "| side | minimum | median | minimum / ours | median / ours |",
            "|---|---|---|---|---|",
        ]
        for name in sides:
            lines.append(
                f"| {name} | {best[name]:.1f} | {median[name]:.1f} "
                f"| {best[name] / best['ours']:.2f} | {median[name] / median['ours']:.2f} |"
            )
        lines += [
            "",
            f"Against the fastest PyTorch: **{fastest / best['ours']:.2f}x** by minimum, "
            f"**{typical / median['ours']:.2f}x** by median.",
            "",
        ]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="folders with config.json and model.safetensors")
    parser.add_argument("--binary", default=ROOT / "target/release/examples/bench_efficientnet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        "# EfficientNet-Lite beside PyTorch",
        "",
        f"{datetime.date.today()}, {processor()}, {arguments.threads} threads, f32, photo in memory to logits. "
        f"{rust}; Python {platform.python_version()}, PyTorch {torch.__version__}, "
        "efficientnet-lite-pytorch 0.1.0. Frozen: `torch.jit.trace`, `freeze`, `optimize_for_inference` "
        "(batch normalisation folded, oneDNN fusion). The sides took turns in one run.",
        "",
    ]
    loads = [os.getloadavg()[0]]
    for model in arguments.models:
        lines += table(*compare(model, arguments.binary, arguments.threads, arguments.batches, arguments.rounds))
        loads.append(os.getloadavg()[0])
    lines += [
        f"Load average during the run: {', '.join(f'{load:.1f}' for load in loads)} on {os.cpu_count()} cores. "
        "Above the number of cores, other work was in the way: then only the minima say something, as "
        "PyTorch's OpenMP threads wait for each other and lose more by it than ours.",
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if arguments.out:
        arguments.out.write_text(text)


if __name__ == "__main__":
    main()
