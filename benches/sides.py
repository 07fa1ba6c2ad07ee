"""What the LVLM benches share: sides that are kept running, their options, and how a page begins and ends."""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


class Side:
    """A program that is kept running and answers each line of JSON with one."""

    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()}; what it said is above")
        return json.loads(line)

    def run(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def peer(script, options, arguments):
    """The PyTorch side of a bench."""
    command = [options.python, script, *arguments, "--attention", options.attention, "--threads", options.threads]
    return Side("the peer", command, {"OMP_NUM_THREADS": str(options.threads)})


def common_arguments(options, weights, dtype):
    """What both sides of a bench are told."""
    return ["--model", weights / "model", "--adapter", weights / "adapter", "--pairs", options.pairs, "--dtype", dtype]


def parser(description):
    """The options that every LVLM bench has."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--ours", type=Path, required=True)
    result.add_argument("--pairs", type=Path, required=True)
    result.add_argument("--f32", type=Path, help="folder with model and adapter, as vlm/make_weights.py writes it")
    result.add_argument("--bf16", type=Path, help="the same for bf16; may be of another depth")
    result.add_argument("--attention", default="sdpa-images", choices=("sdpa", "sdpa-images", "eager"))
    result.add_argument("--threads", type=int, default=2)
    result.add_argument("--python", default=sys.executable, help="the peer's interpreter")
    result.add_argument("--out", type=Path)
    return result


def parse(parser):
    """The options, with the folders of the dtypes that are to be measured."""
    options = parser.parse_args()
    options.folders = {name: getattr(options, name) for name in ("f32", "bf16") if getattr(options, name)}
    if not options.folders:
        parser.error("--f32 or --bf16: nothing to do")
    return options


def finish(options, text, agree):
    """Prints the page, writes it if asked to, and ends the program: with 1 if the sides do not agree."""
    print(text)
    if options.out:
        options.out.write_text(text)
    sys.exit(0 if agree else 1)


def machine():
    model, flags = "unknown processor", set()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
        if line.startswith("flags"):
            flags = set(line.split(":", 1)[1].split())
    return f"{model}, {os.cpu_count()} cores, {' '.join(name for name in INSTRUCTIONS if name in flags)}"


def circumstances(options, results):
    """Date, machine and versions, as a page's first paragraph begins."""
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    versions = next(iter(results.values()))["about"]["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{datetime.date.today()}, {machine()}, {options.threads} threads. {rust}; {named}"


def network(weights):
    """The configuration of the weights in a folder, and its depth in words."""
    config = json.loads((weights / "model/config.json").read_text())
    return config, f"{config['num_hidden_layers']} language layers, {config['vision_config']['depth']} vision blocks"
