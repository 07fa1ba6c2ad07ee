#!/usr/bin/env python3
"""Does PEFT read a saved adapter, and does the original network then give the golden rewards?

    pip install torch==2.11.0 torchvision==0.26.0 transformers==4.52.4 peft==0.15.1
    python tests/python/peft_round_trip.py --model tests/golden/tiny-qwen2vl --adapter SAVED --cases tests/golden/ranker

`--cases` is the folder with cases.json, the cases' safetensors beside it, and the photos in ../images/fetched. Every
case that keeps its photos there is scored from these photos and the recorded tokens; rewards may be 1e-4 off (f32).
Exits with 1 and says why if a tensor found no place, or a reward is another.
"""

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

# PEFT would ask the hub about the base model named in the adapter.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from peft import PeftModel, get_peft_model_state_dict
from transformers import AutoImageProcessor, Qwen2VLForConditionalGeneration

TOLERANCE = 1e-4


def current_name(name):
    """Names on the hub -> names in the module since transformers 4.52."""
    if name.startswith("visual."):
        return "model." + name
    return name.replace("model.", "model.language_model.", 1) if name.startswith("model.") else name


def same(folder, found, rename):
    """Problems of the stored tensors of `folder` against the tensors `found` in the module."""
    problems = []
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                here = found.get(rename(name))
                if here is None:
                    problems.append(f"{folder.name}: {name} found no place in the module")
                elif not torch.equal(here.float(), file.get_tensor(name).float()):
                    problems.append(f"{folder.name}: {name} was not loaded")
    return problems


def load(model_folder, adapter_folder):
    """The network with its adapter, and what went wrong. It must keep its class name: under any other, transformers
    4.52.4 does not translate the hub's tensor names, and every weight stays random without a word."""
    base = Qwen2VLForConditionalGeneration.from_pretrained(model_folder, attn_implementation="eager")
    problems = same(model_folder, base.state_dict(), current_name)
    base.value_head = torch.nn.Linear(base.config.hidden_size, 1, bias=False)
    model = PeftModel.from_pretrained(base, adapter_folder, is_trainable=False).eval()
    kept = get_peft_model_state_dict(model, save_embedding_layers=False)
    problems += same(adapter_folder, kept, lambda name: name)
    stored = set()
    for path in adapter_folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            stored |= set(file.keys())
    problems += [f"{adapter_folder.name}: nothing for {name}" for name in sorted(set(kept) - stored)]
    return model, problems


def unpacked(folder, scratch):
    """A folder whose tokenizer is stored packed, as transformers wants it."""
    if not any(folder.glob("*.gz")):
        return folder
    for path in folder.iterdir():
        if path.suffix == ".gz":
            (scratch / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        else:
            shutil.copyfile(path, scratch / path.name)
    return scratch


def reward(model, processor, tensors, photos):
    pixels = processor(images=photos, return_tensors="pt")
    if pixels["image_grid_thw"].tolist() != tensors["image_grid_thw"].tolist():
        raise ValueError(f"grids {pixels['image_grid_thw'].tolist()}, golden {tensors['image_grid_thw'].tolist()}")
    inner = model.base_model.model
    hidden = inner.model(
        input_ids=tensors["input_ids"],
        attention_mask=tensors["attention_mask"],
        position_ids=tensors["position_ids"],
        pixel_values=pixels["pixel_values"],
        image_grid_thw=pixels["image_grid_thw"],
        use_cache=False,
    ).last_hidden_state
    return inner.value_head(hidden)[0, -1, 0].item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the tiny checkpoint")
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--no-rewards", action="store_true", help="only load: for an adapter of other values")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpacked(arguments.model, Path(scratch))
        model, problems = load(folder, arguments.adapter)
        processor = AutoImageProcessor.from_pretrained(folder, use_fast=True)
    for problem in problems[:5]:
        print(problem, file=sys.stderr)
    if problems:
        if any("model.model.layers." in problem for problem in problems):
            print("the adapter has the names of transformers before 4.52, which this PEFT does not translate", file=sys.stderr)
        sys.exit(f"{len(problems)} tensors do not agree")
    if arguments.no_rewards:
        print("every tensor found its place")
        return
    largest, scored = 0.0, 0
    with torch.inference_mode():
        for case in json.loads((arguments.cases / "cases.json").read_text())["cases"]:
            paths = [arguments.cases.parent / name for name in case["images_after_fetch"]]
            file = arguments.cases.parent / case["tensors"]
            if not file.exists() or not all(path.exists() for path in paths):
                continue
            photos = [Image.open(path).convert("RGB") for path in paths]
            value = reward(model, processor, load_file(file), photos)
            difference = abs(value - case["reward"])
            largest, scored = max(largest, difference), scored + 1
            print(f"{case['id']}: {value:.6f}, golden {case['reward']:.6f}, difference {difference:.1e}")
    if not scored:
        sys.exit(f"{arguments.cases}: no case with its tensors and photos")
    if not largest <= TOLERANCE:
        sys.exit(f"rewards are up to {largest:.1e} off, {TOLERANCE:.0e} allowed")
    print(f"{scored} rewards agree, at most {largest:.1e} off")


if __name__ == "__main__":
    main()
