"""UniDiffuserSample: a UniDiffuser of 5 post-norm blocks, 2 long skips, width 64, 4 heads, 177 tokens (arXiv
2303.06555).

It predicts the noise. Timesteps are 0 to 999, whole or fractional.
Its state dict is under the names of the official checkpoints (thu-ml/unidiffuser).

    model = UniDiffuserSample()
    model.load_state_dict(torch.load("weights.pt"))

Written by Dit.Gen from the model's spec. It needs torch 2.0 or later, and nothing else.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# Sizes, by the letters of the shapes; N is the batch.
T = 96  # tokens of the latents
L = 77  # tokens of the text
M = 3  # tokens of times and data type
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
        x: Tokens, (N, M + L + T + 1, D).
        Returns: Tokens, (N, M + L + T + 1, D).
        """
        mixed = self_attention(self.qkv(x), heads=H)  # (N, M + L + T + 1, D)
        return self.proj(mixed)  # (N, M + L + T + 1, D)

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
        x: Tokens, (N, M + L + T + 1, D).
        Returns: Tokens, (N, M + L + T + 1, D).
        """
        h = F.gelu(self.fc1(x))  # (N, M + L + T + 1, 256)
        return self.fc2(h)  # (N, M + L + T + 1, D)

    def initialize_weights(self):
        nn.init.normal_(self.fc1.weight, std=0.02)
        nn.init.zeros_(self.fc1.bias)
        nn.init.normal_(self.fc2.weight, std=0.02)
        nn.init.zeros_(self.fc2.bias)


class Block(nn.Module):
    """One ViT block whose norms follow the residual sums; all tokens pass through it alike."""

    def __init__(self):
        super().__init__()
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(D, eps=1e-5)
        self.mlp = Mlp()
        self.norm3 = nn.LayerNorm(D, eps=1e-5)

    def forward(self, x):
        """
        x: Tokens, (N, M + L + T + 1, D).
        Returns: Tokens, (N, M + L + T + 1, D).
        """
        h = self.norm2(x + self.attn(x))  # (N, M + L + T + 1, D)
        return self.norm3(h + self.mlp(h))  # (N, M + L + T + 1, D)

    def initialize_weights(self):
        """Linear layers normal with standard deviation 0.02, norms one and zero."""
        self.attn.initialize_weights()
        self.norm2.reset_parameters()
        self.mlp.initialize_weights()
        self.norm3.reset_parameters()


class OutBlock(nn.Module):
    """One post-norm block behind the middle one: what a block before the middle one gave comes back by a long skip."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(D, eps=1e-5)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(D, eps=1e-5)
        self.mlp = Mlp()
        self.norm3 = nn.LayerNorm(D, eps=1e-5)
        self.skip_linear = nn.Linear(2 * D, D)

    def forward(self, x, skip):
        """
        x: Tokens, (N, M + L + T + 1, D).
        skip: Tokens that the block of the long skip gave, (N, M + L + T + 1, D).
        Returns: Tokens, (N, M + L + T + 1, D).
        """
        joined = self.norm1(self.skip_linear(torch.cat([x, skip], dim=-1)))  # (N, M + L + T + 1, D)
        h = self.norm2(joined + self.attn(joined))  # (N, M + L + T + 1, D)
        return self.norm3(h + self.mlp(h))  # (N, M + L + T + 1, D)

    def initialize_weights(self):
        """Linear layers normal with standard deviation 0.02, norms one and zero."""
        self.norm1.reset_parameters()
        self.attn.initialize_weights()
        self.norm2.reset_parameters()
        self.mlp.initialize_weights()
        self.norm3.reset_parameters()
        nn.init.normal_(self.skip_linear.weight, std=0.02)
        nn.init.zeros_(self.skip_linear.bias)


class UniDiffuserSample(nn.Module):
    """
    UniDiffuserSample: a UniDiffuser of 5 post-norm blocks, 2 long skips, width 64, 4 heads, 177 tokens (arXiv
    2303.06555).
    """

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, L + T + 3, D))
        self.pos_embed_token = nn.Parameter(torch.zeros(1, 1, D))
        self.patch_embed = PatchEmbedding()
        self.text_embed = nn.Linear(64, D)
        self.clip_img_embed = nn.Linear(512, D)
        self.token_embedding = nn.Embedding(2, D)
        self.in_blocks = nn.ModuleList(Block() for _ in range(2))
        self.mid_block = Block()
        self.out_blocks = nn.ModuleList(OutBlock() for _ in range(2))
        self.norm = nn.LayerNorm(D, eps=1e-5)
        self.text_out = nn.Linear(D, 64)
        self.clip_img_out = nn.Linear(D, 512)
        self.decoder_pred = nn.Linear(D, 16)
        self.initialize_weights()

    def forward(self, image, clip, text, t_image, t_text, data_type):
        """
        image: Noised latents of images, (N, 4, 16, 24).
        clip: Noised CLIP embeddings of images, (N, 1, 512).
        text: Noised texts, (N, L, 64).
        t_image: Timesteps of the images, (N,).
        t_text: Timesteps of the texts, (N,).
        data_type: Kinds of data, (N,).
        Returns: (N, 4, 16, 24) and (N, 1, 512) and (N, L, 64).
        """
        image_time = timestep_features(t_image, 64, intervals=32)  # (N, D)
        text_time = timestep_features(t_text, 64, intervals=32)  # (N, D)
        # (N, M, D)
        context = torch.cat([image_time.unsqueeze(1), text_time.unsqueeze(1), self.token_embedding(data_type).unsqueeze(1)], dim=1)
        table = self.pos_embed  # (1, L + T + 3, D)
        # (1, M + L + T + 1, D)
        places = torch.cat([table[:, :2], self.pos_embed_token, table[:, 2 : L + T + 3]], dim=1)
        # (N, L + T + 1, D)
        seen = torch.cat([self.text_embed(text), self.clip_img_embed(clip), self.patch_embed(image)], dim=1)
        tokens = torch.cat([context, seen], dim=1) + places  # (N, M + L + T + 1, D)
        skips = []
        for in_block in self.in_blocks:
            tokens = in_block(tokens)  # (N, M + L + T + 1, D)
            skips.append(tokens)
        tokens = self.mid_block(tokens)  # (N, M + L + T + 1, D)
        for out_block in self.out_blocks:
            tokens = out_block(tokens, skips.pop())  # (N, M + L + T + 1, D)
        last = self.norm(tokens)  # (N, M + L + T + 1, D)
        # (N, 4, 16, 24)
        latents = unpatchify(self.decoder_pred(last[:, M + L + 1 : M + L + T + 1]), rows=8, columns=12, patch=2, channels=4)
        embedding = self.clip_img_out(last[:, M + L : M + L + 1])  # (N, 1, 512)
        words = self.text_out(last[:, M : M + L])  # (N, L, 64)
        return latents, embedding, words  # (N, 4, 16, 24), (N, 1, 512), (N, L, 64)

    def initialize_weights(self):
        """The paper's initialization: linear layers and tables are normal with standard deviation 0.02."""
        nn.init.normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.pos_embed_token, std=0.02)
        self.patch_embed.initialize_weights()
        nn.init.normal_(self.text_embed.weight, std=0.02)
        nn.init.zeros_(self.text_embed.bias)
        nn.init.normal_(self.clip_img_embed.weight, std=0.02)
        nn.init.zeros_(self.clip_img_embed.bias)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        for in_block in self.in_blocks:
            in_block.initialize_weights()
        self.mid_block.initialize_weights()
        for out_block in self.out_blocks:
            out_block.initialize_weights()
        self.norm.reset_parameters()
        nn.init.normal_(self.text_out.weight, std=0.02)
        nn.init.zeros_(self.text_out.bias)
        nn.init.normal_(self.clip_img_out.weight, std=0.02)
        nn.init.zeros_(self.clip_img_out.bias)
        nn.init.normal_(self.decoder_pred.weight, std=0.02)
        nn.init.zeros_(self.decoder_pred.bias)
