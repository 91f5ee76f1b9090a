"""CrossAttentionSample: a Diffusion Transformer of 2 cross-attention blocks, width 64, 4 heads, 96 tokens (arXiv
2212.09748).

It predicts the noise and, in the second half of the channels, the variance. Timesteps are 0 to 999, whole or
fractional. Texts are embeddings of 77 tokens.
Its state dict is named in the style of the official checkpoints (facebookresearch/DiT).

    model = CrossAttentionSample()
    model.load_state_dict(torch.load("weights.pt"))

Written by Dit.Gen from the model's spec. It needs torch 2.0 or later, and nothing else.
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
M = 78  # tokens of the condition


def self_attention(qkv, heads):
    """Multi-head self-attention (arXiv 1706.03762, section 3.2). qkv: (N, T, 3 D). Returns (N, T, D)."""
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (N, H, T, K)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)


def cross_attention(q, kv, heads):
    """Multi-head attention to another sequence. q: (N, T, D); kv: (N, M, 2 D). Returns (N, T, D)."""
    q = q.unflatten(-1, (heads, -1)).transpose(1, 2)  # (N, H, T, K)
    k, v = kv.unflatten(-1, (2, heads, -1)).permute(2, 0, 3, 1, 4)  # 2 x (N, H, M, K)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)


def timestep_features(t, features, intervals):
    """Sinusoidal features, cosines then sines, at frequencies 10000^(-i / intervals) for i = 0, 1, ...

    t: (N,), whole or fractional. Returns (N, features).
    """
    i = torch.arange(features // 2, dtype=torch.float32, device=t.device)
    angles = t[:, None].float() * torch.exp(-math.log(10000) * i / intervals)  # (N, features / 2)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def fill_dropped(x, dropped, null):
    """x with null in the place of each sample that is dropped. dropped: (N,), bool, or None for no sample."""
    return x if dropped is None else torch.where(dropped.view(-1, *[1] * null.dim()), null, x)


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


class TextEmbedder(nn.Module):
    """Text embeddings to tokens of the model's width."""

    def __init__(self):
        super().__init__()
        self.null_text = nn.Parameter(torch.zeros(77, 768))
        self.mlp = nn.Sequential(nn.Linear(768, D), nn.SiLU(), nn.Linear(D, D))

    def forward(self, text, drop_text=None):
        """
        text: Embedded texts, (N, 77, 768).
        drop_text: The samples whose text is dropped, (N,), bool; None for no sample.
        Returns: Tokens, (N, 77, D).
        """
        return self.mlp(fill_dropped(text, drop_text, self.null_text))  # (N, 77, D)

    def initialize_weights(self):
        nn.init.normal_(self.null_text, std=0.02)
        nn.init.normal_(self.mlp[0].weight, std=0.02)
        nn.init.zeros_(self.mlp[0].bias)
        nn.init.normal_(self.mlp[2].weight, std=0.02)
        nn.init.zeros_(self.mlp[2].bias)


class Attention(nn.Module):
    """Multi-head self-attention, 4 heads of width 16."""

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


class CrossAttention(nn.Module):
    """Multi-head attention of the image's tokens to the condition's, 4 heads of width 16."""

    def __init__(self):
        super().__init__()
        self.q = nn.Linear(D, D)
        self.kv = nn.Linear(D, 2 * D)
        self.proj = nn.Linear(D, D)

    def forward(self, x, context):
        """
        x: Tokens, (N, T, D).
        context: The condition's tokens, (N, M, D).
        Returns: Tokens, (N, T, D).
        """
        mixed = cross_attention(self.q(x), self.kv(context), heads=H)  # (N, T, D)
        return self.proj(mixed)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.q.weight)
        nn.init.zeros_(self.q.bias)
        xavier_uniform(self.kv.weight)
        nn.init.zeros_(self.kv.bias)
        xavier_uniform(self.proj.weight)
        nn.init.zeros_(self.proj.bias)


class Mlp(nn.Module):
    """Two linear layers with the tanh form of GELU between them."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(D, 256)
        self.fc2 = nn.Linear(256, D)

    def forward(self, x):
        """
        x: Tokens, (N, T, D).
        Returns: Tokens, (N, T, D).
        """
        h = F.gelu(self.fc1(x), approximate="tanh")  # (N, T, 256)
        return self.fc2(h)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)
        xavier_uniform(self.fc2.weight)
        nn.init.zeros_(self.fc2.bias)


class Block(nn.Module):
    """One ViT block with cross-attention to the condition's tokens behind self-attention (paper, section 3.2)."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(D, eps=1e-6)
        self.attn = Attention()
        self.cross_attn = CrossAttention()
        self.norm2 = nn.LayerNorm(D, eps=1e-6)
        self.mlp = Mlp()

    def forward(self, x, context):
        """
        x: Tokens, (N, T, D).
        context: The condition's tokens, (N, M, D).
        Returns: Tokens, (N, T, D).
        """
        h = x + self.attn(self.norm1(x))  # (N, T, D)
        g = h + self.cross_attn(h, context)  # (N, T, D)
        return g + self.mlp(self.norm2(g))  # (N, T, D)

    def initialize_weights(self):
        """Linear layers Xavier uniform, norms one and zero."""
        self.norm1.reset_parameters()
        self.attn.initialize_weights()
        self.cross_attn.initialize_weights()
        self.norm2.reset_parameters()
        self.mlp.initialize_weights()


class FinalLayer(nn.Module):
    """LayerNorm, then a linear layer from tokens to patches."""

    def __init__(self):
        super().__init__()
        self.norm_final = nn.LayerNorm(D, eps=1e-6)
        self.linear = nn.Linear(D, 32)

    def forward(self, x):
        """
        x: Tokens, (N, T, D).
        Returns: Patches, (N, T, 32).
        """
        return self.linear(self.norm_final(x))  # (N, T, 32)

    def initialize_weights(self):
        """The linear layer zero: a new model predicts zero."""
        self.norm_final.reset_parameters()
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)


class CrossAttentionSample(nn.Module):
    """
    CrossAttentionSample: a Diffusion Transformer of 2 cross-attention blocks, width 64, 4 heads, 96 tokens (arXiv
    2212.09748).
    """

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, T, D), requires_grad=False)
        self.x_embedder = PatchEmbedding()
        self.t_embedder = TimestepEmbedder()
        self.y_embedder = TextEmbedder()
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.final_layer = FinalLayer()
        self.initialize_weights()

    def forward(self, x, t, text, drop_text=None):
        """
        x: Noised inputs, (N, 4, 16, 24).
        t: Timesteps, (N,).
        text: Embedded texts, (N, 77, 768).
        drop_text: The samples whose text is dropped, (N,), bool; None for no sample.
        Returns: (N, 8, 16, 24).
        """
        # (N, M, D)
        context = torch.cat([self.t_embedder(t).unsqueeze(1), self.y_embedder(text, drop_text=drop_text)], dim=1)
        tokens = self.x_embedder(x) + self.pos_embed  # (N, T, D)
        for block in self.blocks:
            tokens = block(tokens, context)  # (N, T, D)
        patches = self.final_layer(tokens)  # (N, T, 32)
        return unpatchify(patches, rows=8, columns=12, patch=2, channels=8)  # (N, 8, 16, 24)

    def initialize_weights(self):
        """The paper's initialization: the output is zero."""
        self.pos_embed.data.copy_(sincos_positions(D, rows=8, columns=12))
        self.x_embedder.initialize_weights()
        self.t_embedder.initialize_weights()
        self.y_embedder.initialize_weights()
        for block in self.blocks:
            block.initialize_weights()
        self.final_layer.initialize_weights()
