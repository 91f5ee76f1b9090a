using System.Text.RegularExpressions;

namespace Dit.Spec;

/// <summary>Functions that a printed file has at its top, those of them that it calls.</summary>
internal static class PythonHelpers
{
    /// <summary>The names of all of them.</summary>
    public static IEnumerable<string> Names => All.Select(static one => one.Name);

    /// <summary>The functions that a text calls, and those that these call.</summary>
    public static IEnumerable<string> CalledBy(string text)
    {
        var called = All.Where(one => Calls(text, one.Name)).Select(static one => one.Code).ToArray();
        return All.Where(one => Calls(text, one.Name) || called.Any(code => Calls(code, one.Name)))
            .Select(static one => one.Code);
    }

    private static bool Calls(string text, string name) => Regex.IsMatch(text, $@"(?<![\w.]|def ){name}\(");

    private static (string Name, string Code)[] All { get; } =
    [
        ("modulate", """"
            def modulate(x, shift, scale):
                """x: (N, T, D); shift, scale: (N, 1, D). Returns (N, T, D)."""
                return x * (1 + scale) + shift
            """"),
        ("self_attention", """"
            def self_attention(qkv, heads):
                """Multi-head self-attention (arXiv 1706.03762, section 3.2). qkv: (N, T, 3 D). Returns (N, T, D)."""
                q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (N, H, T, K)
                return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)
            """"),
        ("rotate", """"
            def rotate(x, rotary):
                """Turns pairs of neighboring channels (RoFormer, arXiv 2104.09864, section 3.4).

                x: (N, H, T, K); rotary: cosines, then sines, (T, 2 K). Returns (N, H, T, K).
                """
                cos, sin = rotary.chunk(2, dim=-1)  # 2 x (T, K)
                a, b = x.unflatten(-1, (-1, 2)).unbind(-1)  # 2 x (N, H, T, K / 2)
                return x * cos + torch.stack([-b, a], dim=-1).flatten(-2) * sin
            """"),
        ("qk_attention", """"
            def qk_attention(qkv, heads, q_norm=nn.Identity(), k_norm=nn.Identity(), rotary=None):
                """Multi-head self-attention whose queries and keys are normalized, turned by rotary positions, or both.

                qkv: (N, T, 3 D); rotary: (T, 2 K). Returns (N, T, D).
                """
                q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (N, H, T, K)
                q, k = q_norm(q), k_norm(k)
                if rotary is not None:
                    q, k = rotate(q, rotary), rotate(k, rotary)
                return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)
            """"),
        ("swiglu", """"
            def swiglu(x):
                """SwiGLU's gate (arXiv 2002.05202). x: two halves, (..., 2 D). Returns (..., D)."""
                a, b = x.chunk(2, dim=-1)
                return F.silu(a) * b
            """"),
        ("cross_attention", """"
            def cross_attention(q, kv, heads):
                """Multi-head attention to another sequence. q: (N, T, D); kv: (N, M, 2 D). Returns (N, T, D)."""
                q = q.unflatten(-1, (heads, -1)).transpose(1, 2)  # (N, H, T, K)
                k, v = kv.unflatten(-1, (2, heads, -1)).permute(2, 0, 3, 1, 4)  # 2 x (N, H, M, K)
                return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (N, T, D)
            """"),
        ("masked_cross_attention", """"
            def masked_cross_attention(q, kv, mask, heads):
                """Multi-head attention to those tokens of another sequence where the mask is true.

                q: (N, T, D); kv: (N, M, 2 D); mask: (N, M), bool. Returns (N, T, D).
                """
                q = q.unflatten(-1, (heads, -1)).transpose(1, 2)  # (N, H, T, K)
                k, v = kv.unflatten(-1, (2, heads, -1)).permute(2, 0, 3, 1, 4)  # 2 x (N, H, M, K)
                return F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None]).transpose(1, 2).flatten(2)
            """"),
        ("add_table", """"
            def add_table(x, table):
                """The rows of a table, (k, D), added to a vector. x: (N, k D) or (N, D). Returns (N, k D)."""
                return (x.unflatten(-1, (-1, table.shape[1])) + table).flatten(1)
            """"),
        ("timestep_features", """"
            def timestep_features(t, features, intervals):
                """Sinusoidal features, cosines then sines, at frequencies 10000^(-i / intervals) for i = 0, 1, ...

                t: (N,), whole or fractional. Returns (N, features).
                """
                i = torch.arange(features // 2, dtype=torch.float32, device=t.device)
                angles = t[:, None].float() * torch.exp(-math.log(10000) * i / intervals)  # (N, features / 2)
                return torch.cat([angles.cos(), angles.sin()], dim=-1)
            """"),
        ("fill_dropped", """"
            def fill_dropped(x, dropped, null):
                """x with null in the place of each sample that is dropped. dropped: (N,), bool, or None for no sample."""
                return x if dropped is None else torch.where(dropped.view(-1, *[1] * null.dim()), null, x)
            """"),
        ("unpatchify", """"
            def unpatchify(x, rows, columns, patch, channels):
                """Patches put back in their places. x: (N, Y X, P P C), channels last. Returns (N, C, Y P, X P)."""
                x = x.reshape(-1, rows, columns, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)  # (N, C, Y, P, X, P)
                return x.reshape(-1, channels, rows * patch, columns * patch)
            """"),
        ("sincos_positions", """"
            def sincos_positions(width, rows, columns):
                """The fixed 2-D sin-cos table: features of a patch's column, then of its row. Returns (T, D)."""
                frequencies = 10000 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
                y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
                x, y = (torch.outer(place.flatten().double(), frequencies) for place in (x, y))  # (T, D / 4)
                return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=1).float()
            """"),
        ("scaled_sincos_positions", """"
            def scaled_sincos_positions(width, rows, columns, base, scale):
                """The fixed 2-D sin-cos table of patches at i / (n / base) / scale along an axis of n. Returns (T, D)."""
                frequencies = 10000 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
                places = [torch.arange(n, dtype=torch.float64) / (n / (base or n)) / scale for n in (rows, columns)]
                y, x = torch.meshgrid(*places, indexing="ij")
                x, y = (torch.outer(place.flatten(), frequencies) for place in (x, y))  # (T, D / 4)
                return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=1).float()
            """"),
        ("rotary_angles", """"
            def rotary_angles(width, rows, columns):
                """Angles of rotary positions: half of a head by a patch's row, half by its column. Returns (T, K)."""
                frequencies = 10000 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
                y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
                angles = [torch.outer(place.flatten().double(), frequencies) for place in (y, x)]  # 2 x (T, K / 4)
                return torch.cat(angles, dim=1).repeat_interleave(2, dim=1)
            """"),
        ("xavier_uniform", """"
            def xavier_uniform(weight):
                """Xavier uniform over a tensor seen as a matrix of its first side by the rest."""
                nn.init.xavier_uniform_(weight.data.view(weight.shape[0], -1))
            """"),
    ];
}
