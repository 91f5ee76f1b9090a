"""DiT-XL/2: a Diffusion Transformer of 28 adaLN-Zero blocks, width 1152, 16 heads, 256 tokens (arXiv 2212.09748).

It predicts the noise and, in the second half of the channels, the variance. Timesteps are 0 to 999, whole or
fractional. Labels are 0 to 999, and 1000 for no class.
Its state dict is under the names of the official checkpoints (facebookresearch/DiT).

    model = DiTXL2()
    model.load_state_dict(torch.load("weights.pt"))

Written by Dit.Gen from the model's spec. It needs torch 2.0 or later, and nothing else.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# Sizes, by the letters of the shapes; N is the batch.
T = 256  # tokens
D = 1152  # width
H = 16  # heads
K = 72  # head width


def modulate(x, shift, scale):
    """x: (N, T, D); shift, scale: (N, 1, D). Returns (N, T, D)."""
    return x * (1 + scale) + shift


def self_attention(qkv, heads):
    """Multi-head self-attention (arXiv 1706.03762, section 3.2). qkv: (N, T, 3 D). Returns (N, T, D)."""
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (N, H, T, K)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)


def timestep_features(t, features, intervals):
    """Sinusoidal features, cosines then sines, at frequencies 10000^(-i / intervals) for i = 0, 1, ...

    t: (N,), whole or fractional. Returns (N, features).
    """
    i = torch.arange(features // 2, dtype=torch.float32, device=t.device)
    angles = t[:, None].float() * torch.exp(-math.log(10000) * i / intervals)  # (N, features / 2)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def unpatchify(x, rows, columns, patch, channels):
    """Patches put back in their places. x: (N, Y X, P P C), channels last. Returns (N, C, Y P, X P)."""
    x = x.reshape(-1, rows, columns, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)  # (N, C, Y, P, X, P)
    return x.reshape(-1, channels, rows * patch, columns * patch)


def sincos_positions(width, rows, columns):
    """The fixed 2-D sin-cos table: features of a patch's column, then of its row. Returns (T, D)."""
    frequencies = 10000 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    x, y = (torch.outer(place.flatten().double(), frequencies) for place in (x, y))  # (T, D / 4)
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=1).float()


def xavier_uniform(weight):
    """Xavier uniform over a tensor seen as a matrix of its first side by the rest."""
    nn.init.xavier_uniform_(weight.data.view(weight.shape[0], -1))


class PatchEmbedding(nn.Module):
    """Non-overlapping patches to tokens."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(4, D, kernel_size=2, stride=2)

    def forward(self, x):
        """
        x: Noised inputs, (N, 4, 32, 32).
        Returns: Tokens, (N, T, D).
        """
        return self.proj(x).flatten(2).transpose(1, 2)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.proj.weight)
        nn.init.zeros_(self.proj.bias)


class TimestepEmbedder(nn.Module):
    """Timesteps to vectors: sinusoidal features, then two linear layers with SiLU between them."""

    def __init__(self):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, D), nn.SiLU(), nn.Linear(D, D))

    def forward(self, t):
        """
        t: Timesteps, (N,).
        Returns: Vectors, (N, D).
        """
        return self.mlp(timestep_features(t, 256, intervals=128))  # (N, D)

    def initialize_weights(self):
        nn.init.normal_(self.mlp[0].weight, std=0.02)
        nn.init.zeros_(self.mlp[0].bias)
        nn.init.normal_(self.mlp[2].weight, std=0.02)
        nn.init.zeros_(self.mlp[2].bias)


class LabelEmbedder(nn.Module):
    """Class labels to vectors."""

    def __init__(self):
        super().__init__()
        self.embedding_table = nn.Embedding(1001, D)

    def forward(self, labels):
        """
        labels: Classes, (N,).
        Returns: Vectors, (N, D).
        """
        return self.embedding_table(labels)  # (N, D)

    def initialize_weights(self):
        nn.init.normal_(self.embedding_table.weight, std=0.02)


class Attention(nn.Module):
    """Multi-head self-attention, 16 heads of width 72."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D)
        self.proj = nn.Linear(D, D)

    def forward(self, x):
        """
        x: Tokens, (N, T, D).
        Returns: Tokens, (N, T, D).
        """
        mixed = self_attention(self.qkv(x), heads=H)  # (N, T, D)
        return self.proj(mixed)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        xavier_uniform(self.proj.weight)
        nn.init.zeros_(self.proj.bias)


class Mlp(nn.Module):
    """Two linear layers with the tanh form of GELU between them."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(D, 4608)
        self.fc2 = nn.Linear(4608, D)

    def forward(self, x):
        """
        x: Tokens, (N, T, D).
        Returns: Tokens, (N, T, D).
        """
        h = F.gelu(self.fc1(x), approximate="tanh")  # (N, T, 4608)
        return self.fc2(h)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)
        xavier_uniform(self.fc2.weight)
        nn.init.zeros_(self.fc2.bias)


class Block(nn.Module):
    """
    One adaLN-Zero block: scale, shift and gate of both branches regressed from the condition (paper, section 3.2).
    """

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)
        self.mlp = Mlp()
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(D, 6 * D))

    def forward(self, x, c):
        """
        x: Tokens, (N, T, D).
        c: Condition, t + y, (N, D).
        Returns: Tokens, (N, T, D).
        """
        m = self.adaLN_modulation(c).unsqueeze(1).chunk(6, dim=-1)  # 6 x (N, 1, D)
        shift1, scale1, gate1, shift2, scale2, gate2 = m
        h = x + gate1 * self.attn(modulate(self.norm1(x), shift1, scale1))  # (N, T, D)
        return h + gate2 * self.mlp(modulate(self.norm2(h), shift2, scale2))  # (N, T, D)

    def initialize_weights(self):
        """Linear layers Xavier uniform, the regressing layer zero: the block starts as the identity."""
        self.attn.initialize_weights()
        self.mlp.initialize_weights()
        nn.init.zeros_(self.adaLN_modulation[1].weight)
        nn.init.zeros_(self.adaLN_modulation[1].bias)


class FinalLayer(nn.Module):
    """Adaptive LayerNorm, then a linear layer from tokens to patches."""

    def __init__(self):
        super().__init__()
        self.norm_final = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(D, 32)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(D, 2 * D))

    def forward(self, x, c):
        """
        x: Tokens, (N, T, D).
        c: Condition, (N, D).
        Returns: Patches, (N, T, 32).
        """
        shift, scale = self.adaLN_modulation(c).unsqueeze(1).chunk(2, dim=-1)  # 2 x (N, 1, D)
        return self.linear(modulate(self.norm_final(x), shift, scale))  # (N, T, 32)

    def initialize_weights(self):
        """All zero: a new model predicts zero."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        nn.init.zeros_(self.adaLN_modulation[1].weight)
        nn.init.zeros_(self.adaLN_modulation[1].bias)


class DiTXL2(nn.Module):
    """
    DiT-XL/2: a Diffusion Transformer of 28 adaLN-Zero blocks, width 1152, 16 heads, 256 tokens (arXiv 2212.09748).
    """

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, T, D), requires_grad=False)
        self.x_embedder = PatchEmbedding()
        self.t_embedder = TimestepEmbedder()
        self.y_embedder = LabelEmbedder()
        self.blocks = nn.ModuleList(Block() for _ in range(28))
        self.final_layer = FinalLayer()
        self.initialize_weights()

    def forward(self, x, t, labels):
        """
        x: Noised inputs, (N, 4, 32, 32).
        t: Timesteps, (N,).
        labels: Classes, (N,).
        Returns: (N, 8, 32, 32).
        """
        c = self.t_embedder(t) + self.y_embedder(labels)  # (N, D)
        tokens = self.x_embedder(x) + self.pos_embed  # (N, T, D)
        for block in self.blocks:
            tokens = block(tokens, c)  # (N, T, D)
        patches = self.final_layer(tokens, c)  # (N, T, 32)
        return unpatchify(patches, rows=16, columns=16, patch=2, channels=8)  # (N, 8, 32, 32)

    def initialize_weights(self):
        """The paper's initialization: every block is the identity, and the output is zero."""
        self.pos_embed.data.copy_(sincos_positions(D, rows=16, columns=16))
        self.x_embedder.initialize_weights()
        self.t_embedder.initialize_weights()
        self.y_embedder.initialize_weights()
        for block in self.blocks:
            block.initialize_weights()
        self.final_layer.initialize_weights()
