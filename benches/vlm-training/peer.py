#!/usr/bin/env python3
"""The PyTorch side of the bench of LVLM training: steps on one query, as the official trainer makes them, on the CPU.

    pip install torch==2.11.0 torchvision==0.26.0 transformers==4.52.4 peft==0.15.1 qwen-vl-utils==0.0.8 psutil
    echo '{"checkpointing": false}' | python benches/vlm-training/peer.py --model M --adapter A --pairs F --dtype f32

Says on stdout what it is once the model is loaded; then each line of input (`checkpointing`: true | false) is one step,
answered by one line: photos from files, one forward pass of all prompts, the multi-order loss, backward, clipping, AdamW.

Loading, prompts and attention are those of ../vlm/peer.py. As the official trainer: the adapter of PEFT, not merged, its
pairs and the value head trained, everything else frozen. As it does not, to its advantage: the vocabulary's logits are
not computed, and the value head is applied to the last position only. Dropout is off, so that the losses of both sides
can be compared. In bf16 PEFT keeps the trained tensors in f32, as ours does.
"""

import argparse
import ctypes
import json
import platform
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vlm"))

# First: it sets the environment that torch reads.
import peer as scoring

import peft
import torch
import transformers
from transformers import AutoProcessor


def multi_order_loss(scores, distances, share):
    """First and second order with K = 1, pairs as in the official code, of one query (stable log-sum-exp)."""
    order = torch.argsort(distances, stable=True)
    scores, distances = scores[order], distances[order]
    first = torch.logsumexp(scores, 0) - scores[0]
    gaps, steps = scores[0] - scores[1:], distances[0] - distances[1:]
    gaps = gaps[torch.argsort(steps, stable=True)]
    tails = torch.logcumsumexp(gaps.flip(0), 0).flip(0)
    second = (tails - gaps).mean()
    return share * first + (1 - share) * second


class Trainer(scoring.Scorer):
    def __init__(self, model, processor, conversations, distances):
        super().__init__(model, processor, conversations)
        self.distances = torch.tensor(distances, dtype=torch.float64)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("lora_" in name or "value_head.modules_to_save" in name)
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        # Only a model in training mode checkpoints.
        model.train()
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=1e-4, weight_decay=0.01)

    def scores(self, inputs):
        inner = self.model.base_model.model
        hidden = inner.model(**inputs, use_cache=False).last_hidden_state[:, -1]
        return inner.value_head(hidden.float()).squeeze(-1)

    def run(self, request):
        if request["checkpointing"] != self.last:
            if request["checkpointing"]:
                self.model.gradient_checkpointing_enable({"use_reentrant": False})
            else:
                self.model.gradient_checkpointing_disable()
            # What another configuration left behind is not this one's memory.
            ctypes.CDLL(None).malloc_trim(0)
            self.last = request["checkpointing"]
        Path("/proc/self/clear_refs").write_text("5")
        start = time.perf_counter()
        inputs = self.prepare(self.conversations)
        prepared = time.perf_counter()
        scores = self.scores(inputs)
        loss = multi_order_loss(scores.double(), self.distances, 0.7)
        passed = time.perf_counter()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        end = time.perf_counter()
        return request | {
            "seconds": end - start,
            "preprocess": prepared - start,
            "forward": passed - prepared,
            "backward": end - passed,
            "peak_rss_mb": scoring.status_mb("VmHWM"),
            "loss": loss.item(),
            "grad_norm": norm.item(),
            "scores": scores.tolist(),
            "tokens": int(inputs["attention_mask"].sum()),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--distances", type=float, nargs="+", required=True, help="km, of the first candidates")
    parser.add_argument("--dtype", choices=scoring.DTYPES, default="f32")
    parser.add_argument("--attention", choices=("sdpa", "sdpa-images", "eager"), default="sdpa-images")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    start = time.perf_counter()
    model = scoring.load(arguments.model, arguments.adapter, scoring.DTYPES[arguments.dtype], arguments.attention)
    processor = AutoProcessor.from_pretrained(arguments.model, use_fast=True)
    row = json.loads(arguments.pairs.read_text(encoding="utf-8").splitlines()[0])
    row["candidates"] = row["candidates"][: len(arguments.distances)]
    conversations = scoring.messages(row, arguments.pairs.resolve().parent)
    trainer = Trainer(model, processor, conversations, arguments.distances)
    ready = {
        "load_seconds": time.perf_counter() - start,
        "versions": {
            "Python": platform.python_version(),
            "PyTorch": torch.__version__,
            "transformers": transformers.__version__,
            "peft": peft.__version__,
        },
    }
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(trainer.run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
