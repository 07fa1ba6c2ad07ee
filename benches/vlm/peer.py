#!/usr/bin/env python3
"""The PyTorch side of the VLM bench: the computation of the official evaluation, on the CPU.

    pip install torch==2.11.0 torchvision==0.26.0 transformers==4.52.4 peft==0.15.1 qwen-vl-utils==0.0.8 psutil
    echo '{"batch": 1, "lm_head": "with"}' | python benches/vlm/peer.py --model M --adapter A --pairs F --dtype f32

Says on stdout what it is once the model is loaded; then reads one request a line and answers each with one line:
`batch`, `lm_head` (with | without) and, for a quick look, `candidates` (only so many of them).

As the official evaluation does: one prompt a candidate, built with the chat template; photos through qwen-vl-utils and
the fast processor; left padding; LoRA not merged, in evaluation mode; all hidden states kept; value head on the last
position; with `lm_head: with`, the logits of every position, which nobody reads. As it does not: photos come from files
and are not re-encoded as JPEG (less work), no flash attention (there is none for the CPU: `--attention`), and the base
class keeps its name, without which transformers 4.52.4 loads none of the weights.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

# Torch gives large buffers back to the kernel after each operator and faults them in again page by page, which is slow
# on virtual machines. Large pages make that cheap; keeping the buffers (MALLOC_TRIM_THRESHOLD_) would too, but glibc
# before 2.38 does not reuse freed aligned blocks, so that the heap grows and the peak memory with it.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

import ctypes
import platform

import peft
import psutil
import torch
import transformers
from qwen_vl_utils import process_vision_info
from safetensors import safe_open
from transformers import AutoProcessor, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl import modeling_qwen2_vl as modeling

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def attend_image_by_image(self, hidden_states, cu_seqlens, rotary_pos_emb=None, position_embeddings=None):
    """Vision attention without the mask over all images of a batch, whose size grows with the square of their number.

    What flash attention does on a GPU, and later transformers everywhere.
    """
    length = hidden_states.shape[0]
    query, key, value = self.qkv(hidden_states).reshape(length, 3, self.num_heads, -1).permute(1, 0, 2, 3).unbind(0)
    query, key = modeling.apply_rotary_pos_emb_vision(query, key, *position_embeddings)
    bounds = cu_seqlens.tolist()
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            *(each[start:end].transpose(0, 1).unsqueeze(0) for each in (query, key, value))
        )
        for start, end in zip(bounds, bounds[1:])
    ]
    joined = torch.cat(parts, dim=2).squeeze(0).transpose(0, 1).reshape(length, -1)
    return self.proj(joined)


def stored(folder):
    """(name, open file) of every tensor of a checkpoint or an adapter."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                yield name, file


def check_loaded(model, folder, rename):
    """Stops if a stored tensor is not in the model, value for value (of its first row), or one of the model is not stored."""
    state = model.state_dict()
    seen = set()
    for name, file in stored(folder):
        target = rename(name)
        if target not in state:
            raise SystemExit(f"{folder}: {name} found no place in the model")
        there, here = file.get_slice(name)[:1], state[target][:1]
        if not torch.equal(there.to(here.dtype), here):
            raise SystemExit(f"{folder}: {name} was not loaded")
        seen.add(target)
    return set(state) - seen


def load(model_folder, adapter_folder, dtype, attention):
    implementation = "eager" if attention == "eager" else "sdpa"
    if attention == "sdpa-images":
        modeling.VisionSdpaAttention.forward = attend_image_by_image
    base = Qwen2VLForConditionalGeneration.from_pretrained(
        model_folder, torch_dtype=dtype, attn_implementation=implementation
    )

    def current_name(name):
        if name.startswith("visual."):
            return "model." + name
        return name.replace("model.", "model.language_model.", 1) if name.startswith("model.") else name

    missing = check_loaded(base, model_folder, current_name) - {"lm_head.weight"}
    if missing:
        raise SystemExit(f"{model_folder}: nothing for {sorted(missing)[:3]}")
    base.value_head = torch.nn.Linear(base.config.hidden_size, 1, bias=False, dtype=dtype)
    base.config.use_cache = False
    model = peft.PeftModel.from_pretrained(base, adapter_folder, is_trainable=False).eval()

    def adapted_name(name):
        stem, _, kind = name.rpartition(".")
        inside = "modules_to_save.default" if stem.endswith("value_head") else "default"
        return f"{stem}.{inside}.{kind}"

    left = [name for name in check_loaded(model, adapter_folder, adapted_name) if "lora_" in name]
    if left:
        raise SystemExit(f"{adapter_folder}: nothing for {sorted(left)[:3]}")
    return model


def messages(row, folder):
    """One conversation a candidate, of the official parts in the official order."""

    def where(spot):
        place = f", {spot['place']}" if spot.get("place") else ""
        return f"latitude: {spot['lat']}, longitude: {spot['lon']}{place}"

    conversations = []
    for candidate in row["candidates"]:
        content = [
            {"type": "image", "image": str(folder / row["query"])},
            {"type": "text", "text": f"How far is this place from {where(candidate)}?"},
        ]
        if candidate.get("photo"):
            content.append({"type": "image", "image": str(folder / candidate["photo"])})
        if row.get("negatives") is not None:
            text = "Negative examples: " + "; ".join(where(negative) for negative in row["negatives"])
            content.append({"type": "text", "text": text})
        conversations.append([{"role": "user", "content": content}])
    return conversations


def status_mb(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return float("nan")


class Scorer:
    def __init__(self, model, processor, conversations):
        self.model, self.processor, self.conversations = model, processor, conversations
        self.last = None
        processor.tokenizer.padding_side = "left"

    def prepare(self, batch):
        text = self.processor.apply_chat_template(batch, tokenize=False, add_generation_prompt=True)
        images, videos = process_vision_info(batch)
        return self.processor(text=text, images=images, videos=videos, padding=True, return_tensors="pt")

    def rewards(self, inputs, lm_head):
        inner = self.model.base_model.model
        if lm_head:
            outputs = self.model(**inputs, output_hidden_states=True, use_cache=False)
            hidden = outputs.hidden_states[-1]
        else:
            outputs = inner.model(**inputs, use_cache=False)
            hidden = outputs.last_hidden_state
        return inner.value_head(hidden).squeeze(-1)[:, -1].float().tolist()

    def too_large(self, inputs, lm_head):
        """What the largest tensors of a call would take, where that is more than there is."""
        vocabulary, width = self.model.config.vocab_size, self.model.dtype.itemsize
        patches = inputs["pixel_values"].shape[0]
        vision_heads = self.model.config.vision_config.num_heads
        attention = modeling.VisionSdpaAttention.forward is attend_image_by_image
        eager = self.model.base_model.model.config._attn_implementation == "eager"
        need = 0 if attention else patches**2 * (2 * vision_heads * width if eager else 1 + width)
        if lm_head:
            need = max(need, inputs["input_ids"].numel() * vocabulary * width)
        free = psutil.virtual_memory().available
        return f"{need / 1e9:.1f} GB for one tensor, {free / 1e9:.1f} GB free" if need > 0.8 * free else None

    def run(self, request):
        batch, lm_head = request["batch"], request["lm_head"] == "with"
        conversations = self.conversations[: request.get("candidates")]
        if self.last != (batch, lm_head):
            # What another configuration left behind is not this one's memory.
            ctypes.CDLL(None).malloc_trim(0)
            self.last = (batch, lm_head)
        Path("/proc/self/clear_refs").write_text("5")
        preprocess, scores, prompts, patches = 0.0, [], [], []
        start = time.perf_counter()
        for first in range(0, len(conversations), batch):
            before = time.perf_counter()
            inputs = self.prepare(conversations[first : first + batch])
            preprocess += time.perf_counter() - before
            if problem := self.too_large(inputs, lm_head):
                return request | {"skipped": problem}
            scores += self.rewards(inputs, lm_head)
            prompts += [
                ids[mask.bool()].tolist() for ids, mask in zip(inputs["input_ids"], inputs["attention_mask"])
            ]
            patches += inputs["image_grid_thw"].prod(-1).tolist()
        seconds = time.perf_counter() - start
        shared = next(
            (index for index, ids in enumerate(zip(*prompts)) if len(set(ids)) > 1), min(len(p) for p in prompts)
        )
        return request | {
            "seconds": seconds,
            "preprocess": preprocess,
            "peak_rss_mb": status_mb("VmHWM"),
            "scores": scores,
            "tokens": [len(prompt) for prompt in prompts],
            "shared_tokens": shared,
            "patches": patches,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--attention", choices=("sdpa", "sdpa-images", "eager"), default="sdpa-images")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    start = time.perf_counter()
    model = load(arguments.model, arguments.adapter, DTYPES[arguments.dtype], arguments.attention)
    processor = AutoProcessor.from_pretrained(arguments.model, use_fast=True)
    row = json.loads(arguments.pairs.read_text(encoding="utf-8").splitlines()[0])
    scorer = Scorer(model, processor, messages(row, arguments.pairs.resolve().parent))
    ready = {
        "load_seconds": time.perf_counter() - start,
        "load_peak_rss_mb": status_mb("VmHWM"),
        "versions": {
            "Python": platform.python_version(),
            "PyTorch": torch.__version__,
            "transformers": transformers.__version__,
            "peft": peft.__version__,
        },
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
    with torch.inference_mode():
        # Touches every weight of the layers once: they may be mapped, not read.
        scorer.run({"batch": 1, "lm_head": "without", "candidates": 1})
        print(json.dumps(ready), flush=True)
        for line in sys.stdin:
            print(json.dumps(scorer.run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
