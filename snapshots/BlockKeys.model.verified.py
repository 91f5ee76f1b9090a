"""BlockKeys: a Diffusion Transformer of 2 adaLN-Zero blocks with RMS norm, SwiGLU, query-key norm, rotary positions and
no shift, width 64, 4 heads, 96 tokens (arXiv 2212.09748).

It predicts the noise. Timesteps are 0 to 999, whole or fractional. Labels are 0 to 4, and 5 for no class.
Its state dict is under the names of LightningDiT's checkpoints (hustvl/LightningDiT).

    model = BlockKeys()
    model.load_state_dict(torch.load("weights.pt"))

Written by Dit.Gen from the model's spec. It needs torch 2.4 or later, and nothing else.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# Sizes, by the letters of the shapes; N is the batch.
T = 96  # tokens
D = 64  # width
H = 4  # heads
K = 16  # head width


def modulate(x, shift, scale):
    """x: (N, T, D); shift, scale: (N, 1, D). Returns (N, T, D)."""
    return x * (1 + scale) + shift


def rotate(x, rotary):
    """Turns pairs of neighboring channels (RoFormer, arXiv 2104.09864, section 3.4).

    x: (N, H, T, K); rotary: cosines, then sines, (T, 2 K). Returns (N, H, T, K).
    """
    cos, sin = rotary.chunk(2, dim=-1)  # 2 x (T, K)
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)  # 2 x (N, H, T, K / 2)
    return x * cos + torch.stack([-b, a], dim=-1).flatten(-2) * sin


def qk_attention(qkv, heads, q_norm=nn.Identity(), k_norm=nn.Identity(), rotary=None):
    """Multi-head self-attention whose queries and keys are normalized, turned by rotary positions, or both.

    qkv: (N, T, 3 D); rotary: (T, 2 K). Returns (N, T, D).
    """
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (N, H, T, K)
    q, k = q_norm(q), k_norm(k)
    if rotary is not None:
        q, k = rotate(q, rotary), rotate(k, rotary)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)


def swiglu(x):
    """SwiGLU's gate (arXiv 2002.05202). x: two halves, (..., 2 D). Returns (..., D)."""
    a, b = x.chunk(2, dim=-1)
    return F.silu(a) * b


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


def rotary_angles(width, rows, columns):
    """Angles of rotary positions: half of a head by a patch's row, half by its column. Returns (T, K)."""
    frequencies = 10000 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = [torch.outer(place.flatten().double(), frequencies) for place in (y, x)]  # 2 x (T, K / 4)
    return torch.cat(angles, dim=1).repeat_interleave(2, dim=1)


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
        x: Noised inputs, (N, 4, 16, 24).
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
        self.embedding_table = nn.Embedding(6, D)

    def forward(self, labels):
        """
        labels: Classes, (N,).
        Returns: Vectors, (N, D).
        """
        return self.embedding_table(labels)  # (N, D)

    def initialize_weights(self):
        nn.init.normal_(self.embedding_table.weight, std=0.02)


class RotaryPositions(nn.Module):
    """Rotary positions of a grid: half of a head is turned by a patch's row, half by its column."""

    def __init__(self):
        super().__init__()
        self.register_buffer("freqs_cos", torch.zeros(T, K))
        self.register_buffer("freqs_sin", torch.zeros(T, K))

    def forward(self):
        """
        Returns: Cosines, then sines, (T, 2 K).
        """
        return torch.cat([self.freqs_cos, self.freqs_sin], dim=-1)  # (T, 2 K)

    def initialize_weights(self):
        """Cosines and sines of the angles."""
        self.freqs_cos.copy_(rotary_angles(K, rows=8, columns=12).cos())
        self.freqs_sin.copy_(rotary_angles(K, rows=8, columns=12).sin())


class Attention(nn.Module):
    """Multi-head self-attention, 4 heads of width 16, with norms of queries and keys, and rotary positions."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D)
        self.q_norm = nn.LayerNorm(K, eps=1e-5)
        self.k_norm = nn.LayerNorm(K, eps=1e-5)
        self.proj = nn.Linear(D, D)

    def forward(self, x, rotary):
        """
        x: Tokens, (N, T, D).
        rotary: Rotary positions, cosines and sines, (T, 2 K).
        Returns: Tokens, (N, T, D).
        """
        mixed = qk_attention(self.qkv(x), heads=H, q_norm=self.q_norm, k_norm=self.k_norm, rotary=rotary)  # (N, T, D)
        return self.proj(mixed)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        self.q_norm.reset_parameters()
        self.k_norm.reset_parameters()
        xavier_uniform(self.proj.weight)
        nn.init.zeros_(self.proj.bias)


class Mlp(nn.Module):
    """SwiGLU: two linear layers, the output of the first half gate and half gated (arXiv 2002.05202)."""

    def __init__(self):
        super().__init__()
        self.w12 = nn.Linear(D, 340)
        self.w3 = nn.Linear(170, D)

    def forward(self, x):
        """
        x: Tokens, (N, T, D).
        Returns: Tokens, (N, T, D).
        """
        h = swiglu(self.w12(x))  # (N, T, 170)
        return self.w3(h)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.w12.weight)
        nn.init.zeros_(self.w12.bias)
        xavier_uniform(self.w3.weight)
        nn.init.zeros_(self.w3.bias)


class Block(nn.Module):
    """One adaLN-Zero block: scale and gate of both branches regressed from the condition (paper, section 3.2)."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.RMSNorm(D, eps=1e-6)
        self.norm2 = nn.RMSNorm(D, eps=1e-6)
        self.attn = Attention()
        self.mlp = Mlp()
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(D, 4 * D))

    def forward(self, x, c, rotary):
        """
        x: Tokens, (N, T, D).
        c: Condition, t + y, (N, D).
        rotary: Rotary positions, cosines and sines, (T, 2 K).
        Returns: Tokens, (N, T, D).
        """
        scale1, gate1, scale2, gate2 = self.adaLN_modulation(c).unsqueeze(1).chunk(4, dim=-1)  # 4 x (N, 1, D)
        h = x + gate1 * self.attn(self.norm1(x) * (1 + scale1), rotary)  # (N, T, D)
        return h + gate2 * self.mlp(self.norm2(h) * (1 + scale2))  # (N, T, D)

    def initialize_weights(self):
        """Linear layers Xavier uniform, the regressing layer zero: the block starts as the identity."""
        self.norm1.reset_parameters()
        self.norm2.reset_parameters()
        self.attn.initialize_weights()
        self.mlp.initialize_weights()
        nn.init.zeros_(self.adaLN_modulation[1].weight)
        nn.init.zeros_(self.adaLN_modulation[1].bias)


class FinalLayer(nn.Module):
    """Adaptive root mean square norm, then a linear layer from tokens to patches."""

    def __init__(self):
        super().__init__()
        self.norm_final = nn.RMSNorm(D, eps=1e-6)
        self.linear = nn.Linear(D, 16)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(D, 2 * D))

    def forward(self, x, c):
        """
        x: Tokens, (N, T, D).
        c: Condition, (N, D).
        Returns: Patches, (N, T, 16).
        """
        shift, scale = self.adaLN_modulation(c).unsqueeze(1).chunk(2, dim=-1)  # 2 x (N, 1, D)
        return self.linear(modulate(self.norm_final(x), shift, scale))  # (N, T, 16)

    def initialize_weights(self):
        """All zero: a new model predicts zero."""
        self.norm_final.reset_parameters()
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        nn.init.zeros_(self.adaLN_modulation[1].weight)
        nn.init.zeros_(self.adaLN_modulation[1].bias)


class BlockKeys(nn.Module):
    """
    BlockKeys: a Diffusion Transformer of 2 adaLN-Zero blocks with RMS norm, SwiGLU, query-key norm, rotary positions
    and no shift, width 64, 4 heads, 96 tokens (arXiv 2212.09748).
    """

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, T, D), requires_grad=False)
        self.x_embedder = PatchEmbedding()
        self.t_embedder = TimestepEmbedder()
        self.y_embedder = LabelEmbedder()
        self.feat_rope = RotaryPositions()
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.final_layer = FinalLayer()
        self.initialize_weights()

    def forward(self, x, t, labels):
        """
        x: Noised inputs, (N, 4, 16, 24).
        t: Timesteps, (N,).
        labels: Classes, (N,).
        Returns: (N, 4, 16, 24).
        """
        c = self.t_embedder(t) + self.y_embedder(labels)  # (N, D)
        tokens = self.x_embedder(x) + self.pos_embed  # (N, T, D)
        rotary = self.feat_rope()  # (T, 2 K)
        for block in self.blocks:
            tokens = block(tokens, c, rotary)  # (N, T, D)
        patches = self.final_layer(tokens, c)  # (N, T, 16)
        return unpatchify(patches, rows=8, columns=12, patch=2, channels=4)  # (N, 4, 16, 24)

    def initialize_weights(self):
        """The paper's initialization: every block is the identity, and the output is zero."""
        self.pos_embed.data.copy_(sincos_positions(D, rows=8, columns=12))
        self.x_embedder.initialize_weights()
        self.t_embedder.initialize_weights()
        self.y_embedder.initialize_weights()
        self.feat_rope.initialize_weights()
        for block in self.blocks:
            block.initialize_weights()
        self.final_layer.initialize_weights()
