"""Holds a file that Dit.Runtime wrote against what it should hold, with PyTorch. Tensors with values that are not finite are not written.

Usage: python3 check_written.py <file.pt> <file.safetensors> [<only this group of names> ...]
"""
import json
import struct
import sys
import zipfile

import torch

from make_fixtures import TYPES, elements, flatten


def load_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: (dict(TYPES)[t["dtype"]], t["shape"], data[slice(*t["data_offsets"])]) for name, t in header.items()}


def is_finite(tensor):
    dtype, _, data = tensor
    return not dtype.is_floating_point or not data or bool(torch.frombuffer(bytearray(data), dtype=dtype).isfinite().all())


def main(written, expected, *groups):
    wanted = {name: t for name, t in load_safetensors(expected).items() if (not groups or name.split(".")[0] in groups) and is_finite(t)}
    with zipfile.ZipFile(written) as archive:
        assert archive.testzip() is None, "a checksum is wrong"
    for weights_only in (False, True):
        given = flatten(torch.load(written, weights_only=weights_only))
        assert list(given) == list(wanted), f"names differ: {sorted(set(given) ^ set(wanted))}"
        for name, (dtype, shape, data) in wanted.items():
            assert given[name].dtype == dtype and list(given[name].shape) == shape, name
            assert elements(given[name]) == data, name
    print(f"{written}: {len(wanted)} tensors are right")


if __name__ == "__main__":
    main(*sys.argv[1:])
