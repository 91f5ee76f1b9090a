"""UViTSample: a U-ViT of 5 blocks, 2 long skips, width 64, 4 heads, 96 tokens (arXiv 2209.12152).

It predicts the noise. Timesteps are 0 to 999, whole or fractional. Texts are embeddings of 77 tokens.
Its state dict is under the names of the official checkpoints (baofff/U-ViT).

    model = UViTSample()
    model.load_state_dict(torch.load("weights.pt"))

Written by Dit.Gen from the model's spec. It needs torch 2.0 or later, and nothing else.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# Sizes, by the letters of the shapes; N is the batch.
T = 96  # tokens
M = 78  # tokens of time and condition
D = 64  # width
H = 4  # heads
K = 16  # head width


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


def fill_dropped(x, dropped, null):
    """x with null in the place of each sample that is dropped. dropped: (N,), bool, or None for no sample."""
    return x if dropped is None else torch.where(dropped.view(-1, *[1] * null.dim()), null, x)


def unpatchify(x, rows, columns, patch, channels):
    """Patches put back in their places. x: (N, Y X, P P C), channels last. Returns (N, C, Y P, X P)."""
    x = x.reshape(-1, rows, columns, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)  # (N, C, Y, P, X, P)
    return x.reshape(-1, channels, rows * patch, columns * patch)


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


class Attention(nn.Module):
    """Multi-head self-attention, 4 heads of width 16."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D, bias=False)
        self.proj = nn.Linear(D, D)

    def forward(self, x):
        """
        x: Tokens, (N, M + T, D).
        Returns: Tokens, (N, M + T, D).
        """
        mixed = self_attention(self.qkv(x), heads=H)  # (N, M + T, D)
        return self.proj(mixed)  # (N, M + T, D)

    def initialize_weights(self):
        nn.init.normal_(self.qkv.weight, std=0.02)
        nn.init.normal_(self.proj.weight, std=0.02)
        nn.init.zeros_(self.proj.bias)


class Mlp(nn.Module):
    """Two linear layers with GELU between them."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(D, 256)
        self.fc2 = nn.Linear(256, D)

    def forward(self, x):
        """
        x: Tokens, (N, M + T, D).
        Returns: Tokens, (N, M + T, D).
        """
        h = F.gelu(self.fc1(x))  # (N, M + T, 256)
        return self.fc2(h)  # (N, M + T, D)

    def initialize_weights(self):
        nn.init.normal_(self.fc1.weight, std=0.02)
        nn.init.zeros_(self.fc1.bias)
        nn.init.normal_(self.fc2.weight, std=0.02)
        nn.init.zeros_(self.fc2.bias)


class Block(nn.Module):
    """One ViT block; tokens of time, condition and image pass through it alike."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(D, eps=1e-5)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(D, eps=1e-5)
        self.mlp = Mlp()

    def forward(self, x):
        """
        x: Tokens, (N, M + T, D).
        Returns: Tokens, (N, M + T, D).
        """
        h = x + self.attn(self.norm1(x))  # (N, M + T, D)
        return h + self.mlp(self.norm2(h))  # (N, M + T, D)

    def initialize_weights(self):
        """Linear layers normal with standard deviation 0.02, norms one and zero."""
        self.norm1.reset_parameters()
        self.attn.initialize_weights()
        self.norm2.reset_parameters()
        self.mlp.initialize_weights()


class OutBlock(nn.Module):
    """One ViT block behind the middle one: what a block before the middle one gave comes back by a long skip."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(D, eps=1e-5)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(D, eps=1e-5)
        self.mlp = Mlp()
        self.skip_linear = nn.Linear(2 * D, D)

    def forward(self, x, skip):
        """
        x: Tokens, (N, M + T, D).
        skip: Tokens that the block of the long skip gave, (N, M + T, D).
        Returns: Tokens, (N, M + T, D).
        """
        joined = self.skip_linear(torch.cat([x, skip], dim=-1))  # (N, M + T, D)
        h = joined + self.attn(self.norm1(joined))  # (N, M + T, D)
        return h + self.mlp(self.norm2(h))  # (N, M + T, D)

    def initialize_weights(self):
        """Linear layers normal with standard deviation 0.02, norms one and zero."""
        self.norm1.reset_parameters()
        self.attn.initialize_weights()
        self.norm2.reset_parameters()
        self.mlp.initialize_weights()
        nn.init.normal_(self.skip_linear.weight, std=0.02)
        nn.init.zeros_(self.skip_linear.bias)


class UViTSample(nn.Module):
    """UViTSample: a U-ViT of 5 blocks, 2 long skips, width 64, 4 heads, 96 tokens (arXiv 2209.12152)."""

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, M + T, D))
        self.null_text = nn.Parameter(torch.zeros(77, 768))
        self.patch_embed = PatchEmbedding()
        self.time_embed = nn.Sequential(nn.Linear(D, 4 * D), nn.SiLU(), nn.Linear(4 * D, D))
        self.context_embed = nn.Linear(768, D)
        self.in_blocks = nn.ModuleList(Block() for _ in range(2))
        self.mid_block = Block()
        self.out_blocks = nn.ModuleList(OutBlock() for _ in range(2))
        self.norm = nn.LayerNorm(D, eps=1e-5)
        self.decoder_pred = nn.Linear(D, 16)
        self.final_layer = nn.Conv2d(4, 4, kernel_size=3, padding=1)
        self.initialize_weights()

    def forward(self, x, t, text, drop_text=None):
        """
        x: Noised inputs, (N, 4, 16, 24).
        t: Timesteps, (N,).
        text: Embedded texts, (N, 77, 768).
        drop_text: The samples whose text is dropped, (N,), bool; None for no sample.
        Returns: (N, 4, 16, 24).
        """
        features = timestep_features(t, 64, intervals=32)  # (N, D)
        time = self.time_embed(features)  # (N, D)
        words = self.context_embed(fill_dropped(text, drop_text, self.null_text))  # (N, 77, D)
        context = torch.cat([time.unsqueeze(1), words], dim=1)  # (N, M, D)
        tokens = torch.cat([context, self.patch_embed(x)], dim=1) + self.pos_embed  # (N, M + T, D)
        skips = []
        for in_block in self.in_blocks:
            tokens = in_block(tokens)  # (N, M + T, D)
            skips.append(tokens)
        tokens = self.mid_block(tokens)  # (N, M + T, D)
        for out_block in self.out_blocks:
            tokens = out_block(tokens, skips.pop())  # (N, M + T, D)
        patches = self.decoder_pred(self.norm(tokens[:, M : M + T]))  # (N, T, 16)
        return self.final_layer(unpatchify(patches, rows=8, columns=12, patch=2, channels=4))  # (N, 4, 16, 24)

    def initialize_weights(self):
        """The paper's initialization: linear layers and tables are normal with standard deviation 0.02."""
        nn.init.normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.null_text, std=0.02)
        self.patch_embed.initialize_weights()
        nn.init.normal_(self.time_embed[0].weight, std=0.02)
        nn.init.zeros_(self.time_embed[0].bias)
        nn.init.normal_(self.time_embed[2].weight, std=0.02)
        nn.init.zeros_(self.time_embed[2].bias)
        nn.init.normal_(self.context_embed.weight, std=0.02)
        nn.init.zeros_(self.context_embed.bias)
        for in_block in self.in_blocks:
            in_block.initialize_weights()
        self.mid_block.initialize_weights()
        for out_block in self.out_blocks:
            out_block.initialize_weights()
        self.norm.reset_parameters()
        nn.init.normal_(self.decoder_pred.weight, std=0.02)
        nn.init.zeros_(self.decoder_pred.bias)
        xavier_uniform(self.final_layer.weight)
        nn.init.zeros_(self.final_layer.bias)
