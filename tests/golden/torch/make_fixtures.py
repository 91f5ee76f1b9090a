"""Writes the files of this folder with PyTorch: see README.md. Usage: python3 make_fixtures.py <folder>"""
import argparse
import collections
import json
import os
import struct
import sys

import numpy as np
import torch

TYPES = [
    ("F64", torch.float64), ("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16), ("I64", torch.int64),
    ("I32", torch.int32), ("I16", torch.int16), ("I8", torch.int8), ("U8", torch.uint8), ("BOOL", torch.bool),
]


def elements(tensor):
    """The bytes of a tensor in row-major order."""
    flat = tensor.detach().contiguous().reshape(-1)
    return (flat.view(torch.int16) if flat.dtype == torch.bfloat16 else flat).numpy().tobytes()


def save_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        piece = elements(tensor)
        kind = next(name for name, dtype in TYPES if dtype == tensor.dtype)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def flatten(value, name=""):
    """Nested dicts and lists as names joined by dots, tensors only."""
    if isinstance(value, torch.Tensor):
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else []
    return {key: tensor for k, v in items for key, tensor in flatten(v, f"{name}.{k}" if name else str(k)).items()}


def every_type():
    """Each type: its extremes, and for real numbers what is no number."""
    state = collections.OrderedDict()
    for kind, dtype in TYPES:
        if dtype.is_floating_point:
            values = torch.tensor([0.0, -0.0, 1.0, -2.5, float("inf"), float("-inf"), float("nan"), torch.finfo(dtype).tiny, torch.finfo(dtype).max], dtype=torch.float64)
        elif dtype == torch.bool:
            values = torch.tensor([True, False, True])
        else:
            values = torch.tensor([0, 1, torch.iinfo(dtype).min, torch.iinfo(dtype).max])
        state["type." + kind] = values.to(dtype)
    return state


def every_layout():
    """What a tensor can be of its storage."""
    base = torch.arange(24, dtype=torch.float32)
    grid = torch.arange(12, dtype=torch.int64).view(3, 4)
    image = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    return collections.OrderedDict([
        ("whole", base), ("shared", base.view(2, 3, 4)), ("offset", base[5:11]), ("permuted", base.view(2, 3, 4).permute(2, 0, 1)),
        ("transposed", grid.t()), ("column", grid[:, 1]), ("every_other", base[1::2]), ("channels_last", image.contiguous(memory_format=torch.channels_last)),
        ("scalar", torch.tensor(3.5, dtype=torch.float64)), ("element", grid[2, 3]), ("empty", torch.zeros(0)), ("empty_rows", torch.zeros(0, 7)),
        ("parameter", torch.nn.Parameter(torch.full((2, 2), 0.5))), ("frozen", torch.nn.Parameter(torch.ones(3), requires_grad=False)),
    ])


def state():
    nested = collections.OrderedDict([("inner", collections.OrderedDict([("weight", torch.ones(2, 3)), ("bias", torch.zeros(2))]))])
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    with torch.no_grad():
        for i, parameter in enumerate(module.parameters()):
            parameter.copy_(torch.arange(parameter.numel()).view_as(parameter) / 8 + i)
    return collections.OrderedDict([
        *every_type().items(), *every_layout().items(), ("nested", nested), ("list", [torch.tensor([1]), (torch.tensor([2]),)]), ("module", module.state_dict()),
    ])


def training():
    """{model, ema, opt, args}, as the training script of DiT keeps it."""
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(torch.arange(6.0).view(2, 3))
        model.bias.fill_(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    model(torch.ones(1, 3)).sum().backward()
    ema = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer.step()
    arguments = argparse.Namespace(model="DiT-XL/2", image_size=256, epochs=1400, lr=1e-4, resume=None, use_ema=True)
    return {"model": model.state_dict(), "ema": ema, "opt": optimizer.state_dict(), "args": arguments}


def lightning():
    model = {"model.diffusion_model.weight": torch.ones(2), "first_stage_model.encoder.conv_in.weight": torch.arange(4.0).view(2, 2)}
    return {"epoch": 3, "global_step": 470000, "pytorch-lightning_version": "1.4.2", "state_dict": collections.OrderedDict(model), "callbacks": {}, "lr_schedulers": []}


def main(folder):
    for name, value in (("state", state()), ("training", training()), ("lightning", lightning())):
        path = os.path.join(folder, name)
        torch.save(value, path + ".pt")
        torch.save(value, path + ".legacy.pt", _use_new_zipfile_serialization=False)
        save_safetensors(path + ".expected.safetensors", flatten(value))
    torch.save(state(), os.path.join(folder, "state.protocol4.pt"), pickle_protocol=4)
    torch.save(state(), os.path.join(folder, "state.legacy.protocol4.pt"), pickle_protocol=4, _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main(sys.argv[1])
