#!/usr/bin/env python3
"""PyTorch's side of compare.py: transformers' CLIPVisionModelWithProjection with its fused attention.

Answers each line {"batch": N} of standard input with one line of JSON.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

# Torch gives large buffers back to the kernel after each operator and faults them in again page by page, which is slow
# on virtual machines; large pages make that cheap.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from transformers import CLIPVisionModelWithProjection

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def peak_memory_mb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def pixels(batch, side, dtype):
    numbers = torch.arange(batch * 3 * side * side, dtype=torch.int64) * 7919 % 255
    return (numbers.float() / 127.5 - 1.0).reshape(batch, 3, side, side).to(dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    dtype = DTYPES[options.dtype]
    started = time.perf_counter()
    model = CLIPVisionModelWithProjection.from_pretrained(
        options.model, torch_dtype=dtype, attn_implementation=options.attention
    ).eval()
    side = model.config.image_size
    versions = {"Python": platform.python_version(), "PyTorch": torch.__version__, "transformers": transformers.__version__}
    ready = {"open_seconds": time.perf_counter() - started, "versions": versions}
    print(json.dumps(ready | {"capability": torch.backends.cpu.get_cpu_capability()}), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            inputs = pixels(json.loads(line)["batch"], side, dtype)
            started, before = time.perf_counter(), time.process_time()
            embeddings = model(inputs).image_embeds
            answer = {
                "seconds": time.perf_counter() - started,
                "cpu_seconds": time.process_time() - before,
                "peak_rss_mb": peak_memory_mb(),
            }
            print(json.dumps(answer | {"embeddings": embeddings.float().flatten().tolist()}), flush=True)


if __name__ == "__main__":
    main()
