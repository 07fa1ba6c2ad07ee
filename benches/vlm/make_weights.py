#!/usr/bin/env python3
"""Random weights in the shape of Qwen2-VL, and a LoRA adapter with a value head to go with them.

    pip install numpy
    python benches/vlm/make_weights.py OUT --shape 2b-cut --dtype f32 --tokenizer tests/golden/tokenizer-qwen2vl

Writes OUT/model (the checkpoint, laid out and named as on the hub) and OUT/adapter (as PEFT writes it). The time and
the memory of a forward pass do not depend on the values, and two programs that compute the same function must agree on
any weights, so random ones serve for both, as long as attention and residuals have the sizes of a trained network.

Tensors are written as they are drawn, from one block of normal numbers at changing offsets: little memory, any size.
Needs numpy only.
"""

import argparse
import gzip
import json
import shutil
import struct
from pathlib import Path

import numpy as np

# A prime, so that the rows of no matrix fall into step with the block.
BLOCK = 16_777_213
CHUNK = 8_388_608
SHARD_BYTES = 4_000_000_000

SHAPES = {
    "2b": {"hidden": 1536, "intermediate": 8960, "heads": 12, "kv": 2, "vocabulary": 151936, "tied": True},
    "7b": {"hidden": 3584, "intermediate": 18944, "heads": 28, "kv": 4, "vocabulary": 152064, "tied": False},
}
SHAPES["2b-cut"] = SHAPES["2b"]
DEPTHS = {"2b-cut": (8, 8), "2b": (28, 32), "7b": (28, 32)}
VISION = 1280
LORA_RANK = 16
LORA_ALPHA = 32


class Values:
    """An endless supply of normal numbers out of one block."""

    def __init__(self, dtype, seed):
        self.dtype = dtype
        self.random = np.random.default_rng(seed)
        block = self.random.standard_normal(BLOCK, dtype=np.float32)
        # Its beginning again at its end: a chunk may start anywhere.
        self.block = np.concatenate([block, block[:CHUNK]])

    def encode(self, values):
        if self.dtype == "f32":
            return values
        bits = values.view(np.uint32)
        # To nearest, ties to even, as the hardware does.
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)

    def write(self, file, count, scale, centre):
        """`count` numbers of the given deviation around `centre`; one value throughout where the scale is 0."""
        while count > 0:
            length = min(count, CHUNK)
            if scale == 0.0:
                values = np.full(length, centre, np.float32)
            else:
                start = int(self.random.integers(0, BLOCK))
                sign = 1.0 if self.random.integers(0, 2) else -1.0
                values = self.block[start : start + length] * np.float32(scale * sign) + np.float32(centre)
            file.write(self.encode(values).data)
            count -= length


def tensors(shape, layers, blocks):
    """(name, dimensions, deviation, centre) of every tensor, in the order in which they are written."""
    hidden, inner, heads = shape["hidden"], shape["intermediate"], shape["heads"]
    kv = hidden // heads * shape["kv"]
    merged = 4 * VISION
    yield "model.embed_tokens.weight", (shape["vocabulary"], hidden), 0.02, 0.0
    yield "visual.patch_embed.proj.weight", (VISION, 3, 2, 14, 14), 0.02, 0.0
    for index in range(blocks):
        name = f"visual.blocks.{index}"
        for norm in ("norm1", "norm2"):
            yield f"{name}.{norm}.weight", (VISION,), 0.0, 1.0
            yield f"{name}.{norm}.bias", (VISION,), 0.01, 0.0
        for linear, rows, columns in (
            ("attn.qkv", 3 * VISION, VISION),
            ("attn.proj", VISION, VISION),
            ("mlp.fc1", 4 * VISION, VISION),
            ("mlp.fc2", VISION, 4 * VISION),
        ):
            yield f"{name}.{linear}.weight", (rows, columns), 0.02, 0.0
            yield f"{name}.{linear}.bias", (rows,), 0.01, 0.0
    yield "visual.merger.ln_q.weight", (VISION,), 0.0, 1.0
    yield "visual.merger.ln_q.bias", (VISION,), 0.01, 0.0
    for linear, rows in (("0", merged), ("2", hidden)):
        yield f"visual.merger.mlp.{linear}.weight", (rows, merged), 0.02, 0.0
        yield f"visual.merger.mlp.{linear}.bias", (rows,), 0.01, 0.0
    # Queries and keys wide enough for attention to choose: else every prompt ends up with the same average.
    sharp = (2.0 / hidden) ** 0.5
    for index in range(layers):
        name = f"model.layers.{index}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{name}.{norm}.weight", (hidden,), 0.0, 1.0
        for linear, rows, scale in (("q", hidden, sharp), ("k", kv, sharp), ("v", kv, 0.02)):
            yield f"{name}.self_attn.{linear}_proj.weight", (rows, hidden), scale, 0.0
            yield f"{name}.self_attn.{linear}_proj.bias", (rows,), 0.01, 0.0
        yield f"{name}.self_attn.o_proj.weight", (hidden, hidden), 0.02, 0.0
        yield f"{name}.mlp.gate_proj.weight", (inner, hidden), 0.02, 0.0
        yield f"{name}.mlp.up_proj.weight", (inner, hidden), 0.02, 0.0
        yield f"{name}.mlp.down_proj.weight", (hidden, inner), 0.02, 0.0
    yield "model.norm.weight", (hidden,), 0.0, 1.0
    if not shape["tied"]:
        yield "lm_head.weight", (shape["vocabulary"], hidden), 0.02, 0.0


def adapter_tensors(shape, layers):
    """The adapter's tensors under the names that PEFT 0.15 gives them with transformers 4.52 and later."""
    hidden = shape["hidden"]
    kv = hidden // shape["heads"] * shape["kv"]
    for index in range(layers):
        for linear, rows in (("q", hidden), ("k", kv), ("v", kv)):
            name = f"base_model.model.model.language_model.layers.{index}.self_attn.{linear}_proj"
            yield f"{name}.lora_A.weight", (LORA_RANK, hidden), hidden**-0.5, 0.0
            # Large enough for a forgotten adapter, or a wrong scale, to show in the score.
            yield f"{name}.lora_B.weight", (rows, LORA_RANK), 0.05, 0.0
    # Scores of about one; training starts from a much smaller head, which would hide differences.
    yield "base_model.model.value_head.weight", (1, hidden), hidden**-0.5, 0.0


def write_safetensors(path, entries, values):
    """One file; its header first, then each tensor as it is drawn. Returns the tensors' bytes."""
    width = 4 if values.dtype == "f32" else 2
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, dimensions, _, _ in entries:
        length = int(np.prod(dimensions)) * width
        header[name] = {
            "dtype": "F32" if values.dtype == "f32" else "BF16",
            "shape": list(dimensions),
            "data_offsets": [offset, offset + length],
        }
        offset += length
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, dimensions, scale, centre in entries:
            values.write(file, int(np.prod(dimensions)), scale, centre)
    return offset


def shards(entries, width):
    """The entries cut into runs of at most SHARD_BYTES."""
    runs, size = [[]], 0
    for entry in entries:
        length = int(np.prod(entry[1])) * width
        if runs[-1] and size + length > SHARD_BYTES:
            runs.append([])
            size = 0
        runs[-1].append(entry)
        size += length
    return runs


def write_checkpoint(folder, shape, layers, blocks, dtype, seed):
    values = Values(dtype, seed)
    runs = shards(list(tensors(shape, layers, blocks)), 4 if dtype == "f32" else 2)
    if len(runs) == 1:
        write_safetensors(folder / "model.safetensors", runs[0], values)
        return
    names, total = {}, 0
    for number, run in enumerate(runs, 1):
        file = f"model-{number:05}-of-{len(runs):05}.safetensors"
        total += write_safetensors(folder / file, run, values)
        names |= {name: file for name, *_ in run}
    index = {"metadata": {"total_size": total}, "weight_map": names}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def config(shape, layers, blocks, dtype):
    """config.json as on the hub."""
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "attention_dropout": 0.0,
        "bos_token_id": 151643,
        "eos_token_id": 151645,
        "vision_start_token_id": 151652,
        "vision_end_token_id": 151653,
        "vision_token_id": 151654,
        "image_token_id": 151655,
        "video_token_id": 151656,
        "hidden_act": "silu",
        "hidden_size": shape["hidden"],
        "initializer_range": 0.02,
        "intermediate_size": shape["intermediate"],
        "max_position_embeddings": 32768,
        "max_window_layers": layers,
        "model_type": "qwen2_vl",
        "num_attention_heads": shape["heads"],
        "num_hidden_layers": layers,
        "num_key_value_heads": shape["kv"],
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "sliding_window": 32768,
        "tie_word_embeddings": shape["tied"],
        "torch_dtype": "float32" if dtype == "f32" else "bfloat16",
        "transformers_version": "4.41.2",
        "use_cache": True,
        "use_sliding_window": False,
        "vision_config": {
            "depth": blocks,
            "embed_dim": VISION,
            "mlp_ratio": 4,
            "num_heads": 16,
            "in_chans": 3,
            "hidden_size": shape["hidden"],
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "temporal_patch_size": 2,
        },
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "vocab_size": shape["vocabulary"],
    }


def adapter_config():
    """adapter_config.json as PEFT 0.15 writes it for the official training script."""
    return {
        "auto_mapping": None,
        "base_model_name_or_path": "model",
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": LORA_ALPHA,
        "lora_bias": False,
        "lora_dropout": 0.05,
        "modules_to_save": ["value_head"],
        "peft_type": "LORA",
        "r": LORA_RANK,
        "rank_pattern": {},
        "alpha_pattern": {},
        "target_modules": ["q_proj", "k_proj", "v_proj"],
        "task_type": None,
        "use_dora": False,
        "use_rslora": False,
    }


def write_processor(folder, tokenizer):
    """Tokenizer and template from `tokenizer`, and Qwen2-VL's own image settings."""
    for name in ("tokenizer_config.json", "chat_template.json"):
        shutil.copyfile(tokenizer / name, folder / name)
    packed = tokenizer / "tokenizer.json.gz"
    if packed.exists():
        (folder / "tokenizer.json").write_bytes(gzip.decompress(packed.read_bytes()))
    else:
        shutil.copyfile(tokenizer / "tokenizer.json", folder / "tokenizer.json")
    image = {
        "min_pixels": 3136,
        "max_pixels": 12845056,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2VLProcessor",
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(image, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write `model` and `adapter` into")
    parser.add_argument("--shape", choices=SHAPES, default="2b-cut")
    parser.add_argument("--dtype", choices=("f32", "bf16"), default="f32", help="of the checkpoint; the adapter is f32")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder with Qwen2-VL's tokenizer and template")
    parser.add_argument("--layers", type=int, help="language layers, instead of the shape's own number")
    parser.add_argument("--blocks", type=int, help="vision blocks, likewise")
    parser.add_argument("--seed", type=int, default=20251)
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    layers, blocks = DEPTHS[arguments.shape]
    layers, blocks = arguments.layers or layers, arguments.blocks or blocks
    model, adapter = arguments.out / "model", arguments.out / "adapter"
    model.mkdir(parents=True, exist_ok=True)
    adapter.mkdir(exist_ok=True)
    write_processor(model, arguments.tokenizer)
    (model / "config.json").write_text(json.dumps(config(shape, layers, blocks, arguments.dtype), indent=2) + "\n")
    (adapter / "adapter_config.json").write_text(json.dumps(adapter_config(), indent=2) + "\n")
    values = Values("f32", arguments.seed + 1)
    write_safetensors(adapter / "adapter_model.safetensors", list(adapter_tensors(shape, layers)), values)
    del values
    write_checkpoint(model, shape, layers, blocks, arguments.dtype, arguments.seed)


if __name__ == "__main__":
    main()
