#!/usr/bin/env python3
"""Random weights in the shape of CLIP ViT-L/14's photo side: OUT/f32 and OUT/bf16, the second the first rounded.

    python benches/clip/make_weights.py OUT [--layers 24]
"""

import argparse
from pathlib import Path

import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=24)
    options = parser.parse_args()
    torch.manual_seed(20259)
    config = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=options.layers,
        num_attention_heads=16,
        patch_size=14,
        projection_dim=768,
    )
    model = CLIPVisionModelWithProjection(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                # As wide as trained weights are: activations stay of the order of one.
                parameter.normal_(0, parameter[0].numel() ** -0.5)
    model.save_pretrained(options.out / "f32")
    model.to(torch.bfloat16).save_pretrained(options.out / "bf16")


if __name__ == "__main__":
    main()
