"""PixArt-XL/2-1024-MS: a Diffusion Transformer of 28 adaLN-Zero and cross-attention blocks with shared modulation,
width 1152, 16 heads, 4096 tokens (PixArt-alpha, arXiv 2310.00426).

It predicts the noise and, in the second half of the channels, the variance. Timesteps are 0 to 999, whole or
fractional. Texts are embeddings of 120 tokens. The mask is true for the tokens that are attended. Height and width
are the image's, in pixels; the aspect ratio is height by width.
Its state dict is under the names of PixArt-alpha's checkpoints (PixArt-alpha/PixArt-alpha).

    model = PixArtXL21024MS()
    model.load_state_dict(torch.load("weights.pt"))

Written by Dit.Gen from the model's spec. It needs torch 2.0 or later, and nothing else.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# Sizes, by the letters of the shapes; N is the batch.
T = 4096  # tokens
D = 1152  # width
H = 16  # heads
K = 72  # head width
M = 120  # tokens of the condition


def modulate(x, shift, scale):
    """x: (N, T, D); shift, scale: (N, 1, D). Returns (N, T, D)."""
    return x * (1 + scale) + shift


def self_attention(qkv, heads):
    """Multi-head self-attention (arXiv 1706.03762, section 3.2). qkv: (N, T, 3 D). Returns (N, T, D)."""
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (N, H, T, K)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)


def masked_cross_attention(q, kv, mask, heads):
    """Multi-head attention to those tokens of another sequence where the mask is true.

    q: (N, T, D); kv: (N, M, 2 D); mask: (N, M), bool. Returns (N, T, D).
    """
    q = q.unflatten(-1, (heads, -1)).transpose(1, 2)  # (N, H, T, K)
    k, v = kv.unflatten(-1, (2, heads, -1)).permute(2, 0, 3, 1, 4)  # 2 x (N, H, M, K)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None]).transpose(1, 2).flatten(2)


def add_table(x, table):
    """The rows of a table, (k, D), added to a vector. x: (N, k D) or (N, D). Returns (N, k D)."""
    return (x.unflatten(-1, (-1, table.shape[1])) + table).flatten(1)


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


def scaled_sincos_positions(width, rows, columns, base, scale):
    """The fixed 2-D sin-cos table of patches at i / (n / base) / scale along an axis of n. Returns (T, D)."""
    frequencies = 10000 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    places = [torch.arange(n, dtype=torch.float64) / (n / (base or n)) / scale for n in (rows, columns)]
    y, x = torch.meshgrid(*places, indexing="ij")
    x, y = (torch.outer(place.flatten(), frequencies) for place in (x, y))  # (T, D / 4)
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
        x: Noised inputs, (N, 4, 128, 128).
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


class CaptionProjection(nn.Module):
    """Two linear layers with the tanh form of GELU between them."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4096, D)
        self.fc2 = nn.Linear(D, D)

    def forward(self, text):
        """
        text: Embedded texts, (N, 120, 4096).
        Returns: Tokens, (N, 120, D).
        """
        return self.fc2(F.gelu(self.fc1(text), approximate="tanh"))  # (N, 120, D)

    def initialize_weights(self):
        nn.init.normal_(self.fc1.weight, std=0.02)
        nn.init.zeros_(self.fc1.bias)
        nn.init.normal_(self.fc2.weight, std=0.02)
        nn.init.zeros_(self.fc2.bias)


class CaptionEmbedder(nn.Module):
    """Embedded captions to tokens of the model's width."""

    def __init__(self):
        super().__init__()
        self.register_buffer("y_embedding", torch.zeros(120, 4096))
        self.y_proj = CaptionProjection()

    def forward(self, text, drop_text=None):
        """
        text: Embedded texts, (N, 120, 4096).
        drop_text: The samples whose text is dropped, (N,), bool; None for no sample.
        Returns: Tokens, (N, 120, D).
        """
        return self.y_proj(fill_dropped(text, drop_text, self.y_embedding))  # (N, 120, D)

    def initialize_weights(self):
        nn.init.normal_(self.y_embedding, std=0.015625)
        self.y_proj.initialize_weights()


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


class CrossAttention(nn.Module):
    """Multi-head attention of the image's tokens to the text's, 16 heads of width 72."""

    def __init__(self):
        super().__init__()
        self.q_linear = nn.Linear(D, D)
        self.kv_linear = nn.Linear(D, 2 * D)
        self.proj = nn.Linear(D, D)

    def forward(self, x, context, mask):
        """
        x: Tokens, (N, T, D).
        context: The condition's tokens, (N, M, D).
        mask: Whether a token of the text is attended, (N, M).
        Returns: Tokens, (N, T, D).
        """
        mixed = masked_cross_attention(self.q_linear(x), self.kv_linear(context), mask, heads=H)  # (N, T, D)
        return self.proj(mixed)  # (N, T, D)

    def initialize_weights(self):
        xavier_uniform(self.q_linear.weight)
        nn.init.zeros_(self.q_linear.bias)
        xavier_uniform(self.kv_linear.weight)
        nn.init.zeros_(self.kv_linear.bias)
        nn.init.zeros_(self.proj.weight)
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
    One adaLN-single block with cross-attention to a text behind self-attention: scale, shift and gate of both branches
    from the model's shared modulation and a table of its own (PixArt-alpha, arXiv 2310.00426, section 2.3).
    """

    def __init__(self):
        super().__init__()
        self.scale_shift_table = nn.Parameter(torch.zeros(6, D))
        self.norm1 = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)
        self.attn = Attention()
        self.cross_attn = CrossAttention()
        self.norm2 = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)
        self.mlp = Mlp()

    def forward(self, x, c, context, mask):
        """
        x: Tokens, (N, T, D).
        c: Modulation that all blocks share, (N, 6 D).
        context: The condition's tokens, (N, M, D).
        mask: Whether a token of the text is attended, (N, M).
        Returns: Tokens, (N, T, D).
        """
        m = add_table(c, self.scale_shift_table).unsqueeze(1).chunk(6, dim=-1)  # 6 x (N, 1, D)
        shift1, scale1, gate1, shift2, scale2, gate2 = m
        h = x + gate1 * self.attn(modulate(self.norm1(x), shift1, scale1))  # (N, T, D)
        g = h + self.cross_attn(h, context, mask)  # (N, T, D)
        return g + gate2 * self.mlp(modulate(self.norm2(g), shift2, scale2))  # (N, T, D)

    def initialize_weights(self):
        """Linear layers Xavier uniform, the last one of cross-attention zero, the table normal."""
        nn.init.normal_(self.scale_shift_table, std=0.029462782549439483)
        self.attn.initialize_weights()
        self.cross_attn.initialize_weights()
        self.mlp.initialize_weights()


class FinalLayer(nn.Module):
    """Adaptive LayerNorm, then a linear layer from tokens to patches."""

    def __init__(self):
        super().__init__()
        self.scale_shift_table = nn.Parameter(torch.zeros(2, D))
        self.norm_final = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(D, 32)

    def forward(self, x, c):
        """
        x: Tokens, (N, T, D).
        c: Condition, (N, D).
        Returns: Patches, (N, T, 32).
        """
        shift, scale = add_table(c, self.scale_shift_table).unsqueeze(1).chunk(2, dim=-1)  # 2 x (N, 1, D)
        return self.linear(modulate(self.norm_final(x), shift, scale))  # (N, T, 32)

    def initialize_weights(self):
        """The linear layer zero: a new model predicts zero."""
        nn.init.normal_(self.scale_shift_table, std=0.029462782549439483)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)


class SizeEmbedder(nn.Module):
    """Sizes to vectors: sinusoidal features, then two linear layers with SiLU between them."""

    def __init__(self):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, 384), nn.SiLU(), nn.Linear(384, 384))

    def forward(self, size):
        """
        size: Sizes, (N,).
        Returns: Vectors, (N, 384).
        """
        return self.mlp(timestep_features(size, 256, intervals=128))  # (N, 384)

    def initialize_weights(self):
        nn.init.normal_(self.mlp[0].weight, std=0.02)
        nn.init.zeros_(self.mlp[0].bias)
        nn.init.normal_(self.mlp[2].weight, std=0.02)
        nn.init.zeros_(self.mlp[2].bias)


class PixArtXL21024MS(nn.Module):
    """
    PixArt-XL/2-1024-MS: a Diffusion Transformer of 28 adaLN-Zero and cross-attention blocks with shared modulation,
    width 1152, 16 heads, 4096 tokens (PixArt-alpha, arXiv 2310.00426).
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("pos_embed", torch.zeros(1, T, D))
        self.x_embedder = PatchEmbedding()
        self.t_embedder = TimestepEmbedder()
        self.t_block = nn.Sequential(nn.SiLU(), nn.Linear(D, 6 * D))
        self.y_embedder = CaptionEmbedder()
        self.blocks = nn.ModuleList(Block() for _ in range(28))
        self.final_layer = FinalLayer()
        self.csize_embedder = SizeEmbedder()
        self.ar_embedder = SizeEmbedder()
        self.initialize_weights()

    def forward(self, x, t, text, mask, height, width, aspect_ratio, drop_text=None):
        """
        x: Noised inputs, (N, 4, 128, 128).
        t: Timesteps, (N,).
        text: Embedded texts, (N, 120, 4096).
        mask: Whether a token of the text is attended, (N, M).
        height: Heights of the images in pixels, (N,).
        width: Widths of the images in pixels, (N,).
        aspect_ratio: Heights by widths, (N,).
        drop_text: The samples whose text is dropped, (N,), bool; None for no sample.
        Returns: (N, 8, 128, 128).
        """
        # (N, D)
        sizes = torch.cat([self.csize_embedder(height), self.csize_embedder(width), self.ar_embedder(aspect_ratio)], dim=-1)
        c = self.t_embedder(t) + sizes  # (N, D)
        modulation = self.t_block(c)  # (N, 6 D)
        context = self.y_embedder(text, drop_text=drop_text)  # (N, M, D)
        tokens = self.x_embedder(x) + self.pos_embed  # (N, T, D)
        for block in self.blocks:
            tokens = block(tokens, modulation, context, mask)  # (N, T, D)
        patches = self.final_layer(tokens, c)  # (N, T, 32)
        return unpatchify(patches, rows=64, columns=64, patch=2, channels=8)  # (N, 8, 128, 128)

    def initialize_weights(self):
        """The paper's initialization: the output is zero."""
        self.pos_embed.data.copy_(scaled_sincos_positions(D, rows=64, columns=64, base=64, scale=2))
        self.x_embedder.initialize_weights()
        self.t_embedder.initialize_weights()
        nn.init.normal_(self.t_block[1].weight, std=0.02)
        nn.init.zeros_(self.t_block[1].bias)
        self.y_embedder.initialize_weights()
        for block in self.blocks:
            block.initialize_weights()
        self.final_layer.initialize_weights()
        self.csize_embedder.initialize_weights()
        self.ar_embedder.initialize_weights()
