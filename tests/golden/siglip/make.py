#!/usr/bin/env python3
"""Makes the SigLIP numbers: a tiny SiglipVisionModel of random weights, and what transformers 4.52.4 makes of photos.

    pip install torch==2.11.0 torchvision==0.26.0 transformers==4.52.4 safetensors pillow==11.1.0
    python tests/golden/siglip/make.py

Writes config.json, preprocessor_config.json, model.safetensors and outputs.safetensors beside itself. The photos are
../images/decoded/*.png, so that decoding plays no part. Weights are larger than at initialisation: attention and
activations are to matter.
"""

from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

HERE = Path(__file__).resolve().parent
PHOTOS = ("photo_b_jpg.png", "tall_jpg.png", "gray_jpg.png")
SIZE = 96


def main():
    torch.manual_seed(20258)
    torch.use_deterministic_algorithms(True)
    config = SiglipVisionConfig(
        hidden_size=48, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, image_size=SIZE, patch_size=16
    )
    model = SiglipVisionModel(config).eval()
    for name, parameter in model.named_parameters():
        spread = 0.3 if parameter.dim() < 2 else parameter[0].numel() ** -0.5
        parameter.data = torch.randn_like(parameter) * spread
        if "norm" in name and name.endswith("weight"):
            parameter.data += 1
    save_file({name: each.contiguous() for name, each in model.state_dict().items()}, HERE / "model.safetensors")
    (HERE / "config.json").write_text(config.to_json_string())
    outputs = {}
    # SigLIP resamples bicubically (3), SigLIP 2 bilinearly (2).
    for name, resample in (("siglip", 3), ("siglip2", 2)):
        processor = SiglipImageProcessor(size={"height": SIZE, "width": SIZE}, resample=resample)
        if name == "siglip":
            processor.to_json_file(HERE / "preprocessor_config.json")
        photos = [Image.open(HERE.parent / "images" / "decoded" / photo).convert("RGB") for photo in PHOTOS]
        pixels = processor(photos, return_tensors="pt").pixel_values
        with torch.inference_mode():
            output = model(pixels)
        outputs[f"{name}.pooled"] = output.pooler_output
        outputs[f"{name}.pixels_first_photo_row_17"] = pixels[0, :, 17]
        outputs[f"{name}.last_hidden_first_photo_first5"] = output.last_hidden_state[0, :5]
    save_file({name: each.contiguous() for name, each in outputs.items()}, HERE / "outputs.safetensors")


if __name__ == "__main__":
    main()
