"""Holds the PyTorch files that `dit check --python` prints against what the published implementation computed.

Usage: python3 check_models.py CASE FILE.py [CASE FILE.py ...]

CASE is dit-p2, dit-p4 or dit-p8 for the models of tests/Dit.Runtime.Tests/golden.dit.yaml, the name of a file of
tests/golden/lightningdit for those of lightningdit.dit.yaml, of tests/golden/uvit for those of uvit.dit.yaml, of
tests/golden/unidiffuser for the small ones of unidiffuser.dit.yaml or of tests/golden/pixart for those of
pixart.dit.yaml, and official for DiT-XL/2.
"""
import importlib.util
import json
import struct
import sys
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

GOLDEN = Path(__file__).parent.parent
TOLERANCE = 1e-5
TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}

if not hasattr(F, "scaled_dot_product_attention"):  # torch 1.13, as in Debian 12

    def scaled_dot_product_attention(q, k, v, attn_mask=None):
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        if attn_mask is not None:
            scores = scores.masked_fill(~attn_mask, -torch.inf)
        return torch.softmax(scores, dim=-1) @ v

    F.scaled_dot_product_attention = scaled_dot_product_attention

if not hasattr(nn, "RMSNorm"):  # before torch 2.4

    class RMSNorm(nn.Module):
        def __init__(self, width, eps):
            super().__init__()
            self.eps = eps
            self.weight = nn.Parameter(torch.ones(width))

        def forward(self, x):
            return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + self.eps) * self.weight

        def reset_parameters(self):
            nn.init.ones_(self.weight)

    nn.RMSNorm = RMSNorm


def load_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {name: tensor(data[8 + size :], entry) for name, entry in header.items()}


def tensor(data, entry):
    begin, end = entry["data_offsets"]
    return torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])


def under(golden, prefix):
    return {name[len(prefix) :]: value for name, value in golden.items() if name.startswith(prefix)}


def create(file):
    """A new model of the file's last class."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    return classes[-1]()


def difference(given, wanted):
    """The largest difference, relative to the largest value where that exceeds 1."""
    assert given.shape == wanted.shape, f"{tuple(given.shape)} is not {tuple(wanted.shape)}"
    return ((given - wanted).abs().max() / max(1.0, wanted.abs().max())).item()


def conditions(golden):
    """What a model takes beside inputs and times."""
    if "in.mask" not in golden:
        return [golden["in.y"]]
    text = golden["in.y"].requires_grad_().squeeze(1)
    sizes = [*golden["in.img_hw"].unbind(1), golden["in.aspect_ratio"].squeeze(1)] if "in.img_hw" in golden else []
    return [text, golden["in.mask"].bool(), *sizes]


def check_golden(case, model):
    golden = load_safetensors(GOLDEN / case.split("-")[0] / f"{case}.safetensors")
    x, condition = golden["in.x"].requires_grad_(), conditions(golden)
    channels = golden["out.forward"].shape[1]  # the released code of LightningDiT drops a learned variance
    weights = under(golden, "param.")
    if "pos.used" in golden:  # PixArtMS computes those of the image, and ignores those that it stores
        weights["pos_embed"] = golden["pos.used"][None]

    def predict(t):
        return model(x, golden[t], *condition)[:, :channels]

    differences = {
        "new positions": difference(model.pos_embed.data, weights["pos_embed"]),
        "output of a new model": difference(predict("in.t").detach(), torch.zeros_like(golden["out.forward"])),
    }
    for name, buffer in model.named_buffers():
        if name != "y_embedder.y_embedding":  # is drawn
            differences[f"new {name}"] = difference(buffer, weights[name])
    model.load_state_dict(weights)
    outputs = {}

    def keep(name, out):  # a layer that is called twice gives what the published one gives at once
        outputs[name] = torch.cat([outputs[name], out.detach()], dim=1) if name in outputs else out.detach()

    for name in under(golden, "act."):
        model.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: keep(name, out))
    prediction = predict("in.t")
    prediction.square().mean().backward()
    differences["output"] = difference(prediction.detach(), golden["out.forward"])
    for name, wanted in under(golden, "act.").items():
        differences[f"activation of {name}"] = difference(outputs[name], wanted.reshape(outputs[name].shape))
    for name, wanted in under(golden, "grad.").items():
        gradient = golden[name].grad if name.startswith("in.") else model.get_parameter(name).grad
        differences[f"gradient of {name}"] = difference(gradient, wanted)
    if "in.t_fractional" in golden:
        with torch.no_grad():
            differences["output at fractional timesteps"] = difference(
                predict("in.t_fractional"), golden["out.forward_fractional"]
            )
    for what in [name for name in differences if " of " not in name or "new" in name]:
        print(f"{case}: {what}: {differences[what]:.1e}")
    for kind in ("activation", "gradient"):
        values = [value for name, value in differences.items() if name.startswith(kind)]
        print(f"{case}: {len(values)} {kind}s: at most {max(values):.1e}")
    wrong = [name for name, value in differences.items() if not value <= TOLERANCE]
    assert not wrong, f"{case}: more than {TOLERANCE} in {', '.join(wrong)}"


def check_uvit(case, model):
    golden = load_safetensors(GOLDEN / "uvit" / f"{case}.safetensors")
    model.load_state_dict(under(golden, "param."))
    labels = [golden["in.y"]] if hasattr(model, "label_emb") else []
    with torch.no_grad():
        wrong = difference(model(golden["in.x"], golden["in.t"], *labels), golden["out"])
    print(f"{case}: output: {wrong:.1e}")
    assert wrong <= TOLERANCE, case


def check_unidiffuser(case, model):
    golden = load_safetensors(GOLDEN / "unidiffuser" / f"{case}.safetensors")
    model.load_state_dict(under(golden, "param."))
    kinds = [golden["in.data_type"]] if hasattr(model, "token_embedding") else []
    names = ("img", "clip_img", "text")
    with torch.no_grad():
        outputs = model(*(golden[f"in.{name}"] for name in names), golden["in.t_img"], golden["in.t_text"], *kinds)
    for name, given in zip(names, outputs):
        wrong = difference(given, golden[f"out.{name}"])
        print(f"{case}: {name}: {wrong:.1e}")
        assert wrong <= TOLERANCE, f"{case}: {name}"


def check_official(case, model):
    official = json.loads((GOLDEN / "dit" / "official-models.json").read_text())
    wanted = list(official["DiT-XL/2 state dict"].items())
    given = [(name, list(value.shape)) for name, value in model.state_dict().items()]
    assert given == wanted, f"{case}: {[pair for pair in zip(given, wanted) if pair[0] != pair[1]][:1]}"
    counts = official["params"]["DiT-XL/2"]
    assert sum(p.numel() for p in model.parameters()) == counts["params"]
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == counts["trainable"]
    print(f"{case}: {len(given)} names and shapes of the state dict, in its order")


def main(arguments):
    if not arguments or len(arguments) % 2:
        sys.exit(__doc__)
    torch.manual_seed(0)
    for case, file in zip(arguments[::2], arguments[1::2]):
        families = {"official": check_official, "uvit": check_uvit, "unidiffuser": check_unidiffuser}
        families.get(case.split("-")[0], check_golden)(case, create(file))


if __name__ == "__main__":
    main(sys.argv[1:])
