"""Reference values of a small DiT under the numerics of diffusers and under those of the official code.

Written from the DiT paper (arXiv 2212.09748, section 3) and from the two differences that docs/name-maps.md states; it imports neither
implementation. Needs torch and numpy. Writes dit-small.safetensors (weights under the names of diffusers) and dit-small.expected.safetensors.
"""

import json
import math
import pathlib
import struct

import torch
import torch.nn.functional as F

DEPTH, D, HEADS, PATCH, CHANNELS, SIZE, CLASSES = 2, 16, 2, 2, 4, 4, 5
GRID, OUT = SIZE // PATCH, 2 * CHANNELS


def positions():
    """2-D sin-cos table, (T, D): the first half encodes the column, the second the row."""
    def one(p):
        w = 1 / 10000 ** (torch.arange(D // 4, dtype=torch.float64) / (D // 4))
        return torch.cat([torch.sin(p * w), torch.cos(p * w)])
    return torch.stack([torch.cat([one(x), one(y)]) for y in range(GRID) for x in range(GRID)]).float()


def weights():
    torch.manual_seed(20)
    def linear(out, inp, scale=0.3):
        return {"weight": scale * torch.randn(out, inp), "bias": 0.1 * torch.randn(out)}
    table = {}
    def put(name, layer):
        table.update({f"{name}.{leaf}": value for leaf, value in layer.items()})
    # The token at (0, 0) has a variance near 1e-4, so that the eps of a norm can be seen.
    put("pos_embed.proj", {"weight": 0.003 * torch.randn(D, CHANNELS, PATCH, PATCH), "bias": 0.01 * torch.randn(D) - positions()[0]})
    time1, time2, labels = linear(D, 256, 0.1), linear(D, D), {"weight": torch.randn(CLASSES + 1, D)}
    for i in range(DEPTH):
        block = f"transformer_blocks.{i}"
        put(f"{block}.norm1.emb.timestep_embedder.linear_1", time1)
        put(f"{block}.norm1.emb.timestep_embedder.linear_2", time2)
        put(f"{block}.norm1.emb.class_embedder.embedding_table", labels)
        modulation = linear(6 * D, D)
        for leaf in modulation:  # the first gate nearly closed: its branch would hide that variance
            modulation[leaf][2 * D:3 * D] *= 0.003
        put(f"{block}.norm1.linear", modulation)
        for name in ("to_q", "to_k", "to_v", "to_out.0"):
            put(f"{block}.attn1.{name}", linear(D, D))
        put(f"{block}.ff.net.0.proj", linear(4 * D, D))
        put(f"{block}.ff.net.2", linear(D, 4 * D))
    put("proj_out_1", linear(2 * D, D))
    put("proj_out_2", linear(PATCH * PATCH * OUT, D))
    return table


def forward(w, x, t, y, intervals, mlp_eps):
    lin = lambda name, h: F.linear(h, w[f"{name}.weight"], w[f"{name}.bias"])
    norm = lambda h, eps: F.layer_norm(h, (D,), eps=eps)
    split = lambda h: h.view(len(x), -1, HEADS, D // HEADS).transpose(1, 2)
    emb = "transformer_blocks.0.norm1.emb"
    angles = t.float()[:, None] * torch.exp(torch.arange(128).float() * (-math.log(10000) / intervals))
    time = lin(f"{emb}.timestep_embedder.linear_1", torch.cat([angles.cos(), angles.sin()], 1))
    c = F.silu(lin(f"{emb}.timestep_embedder.linear_2", F.silu(time)) + w[f"{emb}.class_embedder.embedding_table.weight"][y])
    h = F.conv2d(x, w["pos_embed.proj.weight"], w["pos_embed.proj.bias"], stride=PATCH).flatten(2).transpose(1, 2) + positions()
    for i in range(DEPTH):
        block = f"transformer_blocks.{i}"
        shift1, scale1, gate1, shift2, scale2, gate2 = lin(f"{block}.norm1.linear", c)[:, None].chunk(6, -1)
        n = norm(h, 1e-6) * (1 + scale1) + shift1
        q, k, v = (split(lin(f"{block}.attn1.{name}", n)) for name in ("to_q", "to_k", "to_v"))
        mixed = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(D // HEADS), -1) @ v
        h = h + gate1 * lin(f"{block}.attn1.to_out.0", mixed.transpose(1, 2).reshape(len(x), -1, D))
        n = norm(h, mlp_eps) * (1 + scale2) + shift2
        n = lin(f"{block}.ff.net.0.proj", n)
        n = 0.5 * n * (1 + torch.tanh(math.sqrt(2 / math.pi) * (n + 0.044715 * n ** 3)))
        h = h + gate2 * lin(f"{block}.ff.net.2", n)
    shift, scale = lin("proj_out_1", c)[:, None].chunk(2, -1)
    h = lin("proj_out_2", norm(h, 1e-6) * (1 + scale) + shift)
    return torch.einsum("nyxpqc->ncypxq", h.view(len(x), GRID, GRID, PATCH, PATCH, OUT)).reshape(len(x), OUT, SIZE, SIZE)


def save(path, tensors):
    names = {torch.float32: "F32", torch.int64: "I64"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


folder = pathlib.Path(__file__).parent
w = weights()
x, t, y = torch.randn(4, CHANNELS, SIZE, SIZE), torch.tensor([0, 1, 503, 999]), torch.tensor([0, 2, 4, CLASSES])
numerics = {"diffusers": (127, 1e-5), "official": (128, 1e-6), "only_time": (127, 1e-6), "only_eps": (128, 1e-5)}
outputs = {name: forward(w, x, t, y, *constants) for name, constants in numerics.items()}
for name, output in outputs.items():
    print(name, "largest", output.abs().max().item(), "from official", (output - outputs["official"]).abs().max().item())
save(folder / "dit-small.safetensors", w)
save(folder / "dit-small.expected.safetensors", {"x": x, "t": t, "labels": y, **{f"output.{name}": o for name, o in outputs.items()}})
