"""Writes checkpoints of random numbers in the size and layout of the official ones: see README.md."""
import argparse
import collections
import json
import os

import torch

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")


def names_and_shapes(path, key):
    with open(os.path.join(GOLDEN, path)) as file:
        return json.load(file)[key]


def random_state(shapes, prefix, generator):
    state = collections.OrderedDict()
    for name, shape in shapes.items():
        state[prefix + name] = torch.randn(shape, generator=generator).mul_(0.02)
    return state


def save(value, folder, name, legacy):
    path = os.path.join(folder, name)
    torch.save(value, path + ".part", _use_new_zipfile_serialization=not legacy)
    os.replace(path + ".part", path)
    print(f"{path}: {os.path.getsize(path) / 1e9:.2f} GB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where the files go: 3 GB")
    parser.add_argument("--only", choices=["dit", "autoencoder"], help="write one of the two")
    parser.add_argument("--legacy", action="store_true", help="in the format of PyTorch before 1.6")
    parser.add_argument("--autoencoder-prefix", default="", metavar="PREFIX", help="first_stage_model. for the layout of a whole latent diffusion model")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    generator = torch.Generator().manual_seed(arguments.seed)
    if arguments.only != "autoencoder":
        shapes = names_and_shapes("dit/official-models.json", "DiT-XL/2 state dict")
        save(random_state(shapes, "", generator), arguments.folder, "DiT-XL-2.pt", arguments.legacy)
    if arguments.only != "dit":
        shapes = names_and_shapes("vae/kl-f8-official.json", "compvis")
        state = random_state(shapes, arguments.autoencoder_prefix, generator)
        save({"state_dict": state}, arguments.folder, "kl-f8.pt", arguments.legacy)


if __name__ == "__main__":
    main()
