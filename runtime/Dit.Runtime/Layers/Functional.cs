using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The operations of generated models: pure functions of tensors.</summary>
public static class Functional
{
    internal const double OfficialEps = 1e-6;

    /// <summary>LayerNorm over the last dimension, without scale and shift.</summary>
    /// <param name="x">(..., D).</param>
    /// <param name="width">D.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>(..., D).</returns>
    public static Tensor LayerNorm(Tensor x, long width, double eps = OfficialEps) => nn.functional.layer_norm(x, [width], eps: eps);

    /// <summary>
    /// Root mean square norm over the last dimension, without a scale (arXiv 1910.07467); its mean is taken in float32.
    /// </summary>
    /// <param name="x">(..., D).</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <returns>(..., D), of the type of <paramref name="x"/>.</returns>
    public static Tensor RmsNorm(Tensor x, double eps = OfficialEps)
    {
        using var scope = NewDisposeScope();
        using Scalar small = eps; // kept until the call is over, see Scalars
        var values = x.to(ScalarType.Float32);
        var square = (values * values).mean([-1], keepdim: true).add(small); // (..., 1)
        return (values * square.rsqrt()).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Adaptive LayerNorm: <c>norm(x) (1 + scale) + shift</c> (DiT paper, section 3.2).</summary>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <param name="shift">(N, 1, D).</param>
    /// <param name="scale">(N, 1, D).</param>
    /// <param name="eps">Added to the variance in the norm.</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor Modulate(Tensor x, Tensor shift, Tensor scale, double eps = OfficialEps)
    {
        using var scope = NewDisposeScope();
        if (TokenTasks.IsConditionOf(x, shift) && TokenTasks.IsConditionOf(x, scale)
            && TrainingScope.ToolsFor(x, shift, scale) is { } tools)
            return ModulateFunction.apply(x.contiguous(), shift.contiguous(), scale.contiguous(), eps, tools).MoveToOuterDisposeScope();
        return addcmul(shift, LayerNorm(x, x.shape[^1], eps), scale.add(Scalars.One, Scalars.One), Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>What a norm gives, scaled and shifted by the condition: <c>x (1 + scale) + shift</c>.</summary>
    /// <remarks>For norms other than the LayerNorm that <see cref="Modulate"/> includes.</remarks>
    /// <param name="x">Normalized tokens, (N, T, D).</param>
    /// <param name="shift">(N, 1, D).</param>
    /// <param name="scale">(N, 1, D).</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor ScaleShift(Tensor x, Tensor shift, Tensor scale)
    {
        using var scope = NewDisposeScope();
        return addcmul(shift, x, scale.add(Scalars.One, Scalars.One), Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>What a norm gives, scaled by the condition: <c>x (1 + scale)</c>.</summary>
    /// <param name="x">Normalized tokens, (N, T, D).</param>
    /// <param name="scale">(N, 1, D).</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor Scale(Tensor x, Tensor scale)
    {
        using var scope = NewDisposeScope();
        return addcmul(x, x, scale, Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>A gated branch beside its input: <c>x + gate y</c> (DiT paper, section 3.2).</summary>
    /// <param name="x">Tokens, (N, T, D).</param>
    /// <param name="gate">(N, 1, D).</param>
    /// <param name="y">What the branch gives, (N, T, D).</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor GatedResidual(Tensor x, Tensor gate, Tensor y)
    {
        using var scope = NewDisposeScope();
        if (TokenTasks.IsConditionOf(x, gate) && x.shape.AsSpan().SequenceEqual(y.shape) && TrainingScope.ToolsFor(x, gate, y) is { } tools)
            return ResidualFunction.apply(x.contiguous(), gate.contiguous(), y.contiguous(), tools).MoveToOuterDisposeScope();
        return addcmul(x, gate, y, Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>What a linear layer gives, its adapter included where it has one (<see cref="Lora"/>).</summary>
    /// <remarks>
    /// The same as calling it, and where training is on a processor, by a faster way, unless the layer has forward
    /// hooks. In a block that training computes in bfloat16 or float16, the product is of that type, its factors are
    /// rounded to it, and the gradients of weight and bias are float32 again; hooks of the layer are not called.
    /// </remarks>
    /// <param name="linear">Weight (N, K), bias (N).</param>
    /// <param name="x">(..., K).</param>
    /// <returns>(..., N).</returns>
    public static Tensor Linear(Linear linear, Tensor x)
    {
        using var scope = NewDisposeScope();
        if (BlockScope.ComputedType is { } type) return Rounded(linear, x.to(type), type).MoveToOuterDisposeScope();
        if (linear.bias is not { } bias || LinearFunction.ToolsFor(x, linear.weight, bias) is not { } tools || ForwardHooks.IsAnyOn(linear))
            return linear.call(x).MoveToOuterDisposeScope();
        var y = LinearFunction.apply(x.contiguous(), linear.weight, bias, tools);
        return (LoraAdapter.Of(linear)?.AddedInPlace(y, x) ?? y).MoveToOuterDisposeScope();
    }

    private static Tensor Rounded(Linear linear, Tensor x, ScalarType type)
    {
        var y = nn.functional.linear(x, linear.weight.to(type), linear.bias?.to(type));
        return LoraAdapter.Of(linear)?.Added(y, x) ?? y;
    }

    /// <summary>Embedded texts with a learned one in the place of those that are dropped.</summary>
    /// <param name="text">(N, L, W).</param>
    /// <param name="none">The text that stands for none, (L, W); null where no text can be dropped.</param>
    /// <param name="dtype">The type of the result.</param>
    /// <returns>(N, L, W).</returns>
    public static Tensor FillDropped(TextEmbeddings text, Tensor? none, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var values = text.Values.to(dtype);
        return (text.DropMask is { } dropped && none is not null ? where(dropped.view(-1, 1, 1), none, values) : values)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Multi-head self-attention (arXiv 1706.03762, section 3.2).</summary>
    /// <param name="qkv">Queries, keys and values side by side, each head by head, (N, T, 3 D).</param>
    /// <param name="heads">H, a divisor of D.</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor Attention(Tensor qkv, int heads)
    {
        using var scope = NewDisposeScope();
        var (t, width) = (qkv.shape[1], qkv.shape[2] / 3);
        if (TrainingScope.ToolsFor(qkv) is { } tools) return AttentionFunction.apply(qkv.contiguous(), heads, tools)
            .MoveToOuterDisposeScope();
        var parts = qkv.view(-1, t, 3, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0);             // 3 x (N, H, T, K)
        var mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2]);              // (N, H, T, K)
        return mixed.transpose(1, 2).reshape(-1, t, width).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Multi-head self-attention whose queries and keys are normalized head by head, turned by rotary positions, or
    /// both, in this order (LightningDiT, arXiv 2501.01423).
    /// </summary>
    /// <param name="qkv">Queries, keys and values side by side, each head by head, (N, T, 3 D).</param>
    /// <param name="heads">H, a divisor of D.</param>
    /// <param name="queryNorm">A norm over the last side of the queries, (N, H, T, K); none by default.</param>
    /// <param name="keyNorm">A norm over the last side of the keys, (N, H, T, K); none by default.</param>
    /// <param name="rotary">As for <see cref="Rotate"/>, (T, 2 K); no positions by default.</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor Attention(
        Tensor qkv,
        int heads,
        nn.Module<Tensor, Tensor>? queryNorm = null,
        nn.Module<Tensor, Tensor>? keyNorm = null,
        Tensor? rotary = null)
    {
        using var scope = NewDisposeScope();
        var (t, width) = (qkv.shape[1], qkv.shape[2] / 3);
        var parts = qkv.view(-1, t, 3, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (N, H, T, K)
        var (q, k) = (queryNorm?.call(parts[0]) ?? parts[0], keyNorm?.call(parts[1]) ?? parts[1]);
        if (rotary is not null) (q, k) = (Rotate(q, rotary), Rotate(k, rotary));
        (q, k) = (q.to(qkv.dtype), k.to(qkv.dtype)); // norms and angles may be of more digits
        var mixed = nn.functional.scaled_dot_product_attention(q, k, parts[2]);                // (N, H, T, K)
        return mixed.transpose(1, 2).reshape(-1, t, width).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Turns each pair of neighboring channels, (a, b) to (a cos - b sin, b cos + a sin) (RoFormer, arXiv 2104.09864,
    /// section 3.4).
    /// </summary>
    /// <param name="x">(N, H, T, K), K even.</param>
    /// <param name="rotary">
    /// Cosines, then sines, (T, 2 K); the two channels of a pair have the same angle. See
    /// <see cref="RotaryPositions"/>.
    /// </param>
    /// <returns>(N, H, T, K).</returns>
    public static Tensor Rotate(Tensor x, Tensor rotary)
    {
        using var scope = NewDisposeScope();
        var angles = rotary.chunk(2, dim: -1);                                  // cosines and sines, (T, K)
        var pairs = x.view([.. x.shape[..^1], -1, 2]).unbind(-1);               // 2 x (N, H, T, K / 2)
        var turned = stack([pairs[1].neg(), pairs[0]], dim: -1).flatten(-2);    // (N, H, T, K)
        return addcmul(x * angles[0], turned, angles[1], Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>SwiGLU's gate: <c>silu(a) b</c> (arXiv 2002.05202).</summary>
    /// <param name="x">a and b side by side, (..., 2 D).</param>
    /// <returns>(..., D).</returns>
    public static Tensor SwiGlu(Tensor x)
    {
        using var scope = NewDisposeScope();
        var halves = x.chunk(2, dim: -1);
        return (nn.functional.silu(halves[0]) * halves[1]).MoveToOuterDisposeScope();
    }

    /// <summary>Multi-head attention of one sequence to another (arXiv 1706.03762, section 3.2).</summary>
    /// <param name="q">Queries, head by head, (N, T, D).</param>
    /// <param name="kv">Keys and values side by side, each head by head, (N, M, 2 D).</param>
    /// <param name="heads">H, a divisor of D.</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor CrossAttention(Tensor q, Tensor kv, int heads)
    {
        using var scope = NewDisposeScope();
        var (t, m, width) = (q.shape[1], kv.shape[1], q.shape[2]);
        var queries = q.view(-1, t, heads, width / heads).transpose(1, 2);                           // (N, H, T, K)
        var pairs = kv.view(-1, m, 2, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0);        // 2 x (N, H, M, K)
        var mixed = nn.functional.scaled_dot_product_attention(queries, pairs[0], pairs[1]);         // (N, H, T, K)
        return mixed.transpose(1, 2).reshape(-1, t, width).MoveToOuterDisposeScope();
    }

    /// <summary>Multi-head attention of one sequence to some of the tokens of another.</summary>
    /// <param name="q">Queries, head by head, (N, T, D).</param>
    /// <param name="kv">Keys and values side by side, each head by head, (N, M, 2 D).</param>
    /// <param name="mask">Which tokens a sample attends to, bool, (N, M): one at least.</param>
    /// <param name="heads">H, a divisor of D.</param>
    /// <returns>(N, T, D).</returns>
    public static Tensor CrossAttention(Tensor q, Tensor kv, Tensor mask, int heads)
    {
        using var scope = NewDisposeScope();
        var (t, m, width) = (q.shape[1], kv.shape[1], q.shape[2]);
        var queries = q.view(-1, t, heads, width / heads).transpose(1, 2);                           // (N, H, T, K)
        var pairs = kv.view(-1, m, 2, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0);        // 2 x (N, H, M, K)
        var attended = mask.view(-1, 1, 1, m);                                                       // (N, 1, 1, M)
        var mixed = nn.functional.scaled_dot_product_attention(queries, pairs[0], pairs[1], attended); // (N, H, T, K)
        return mixed.transpose(1, 2).reshape(-1, t, width).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The rows of a table added to a vector, side by side: parts of a modulation that blocks share, each with an
    /// offset of its own (adaLN-single, PixArt-alpha, arXiv 2310.00426, section 2.3).
    /// </summary>
    /// <param name="x">A part for each row, (N, k D), or one for all of them, (N, D).</param>
    /// <param name="table">(k, D).</param>
    /// <returns>(N, k D).</returns>
    public static Tensor AddTable(Tensor x, Tensor table)
    {
        using var scope = NewDisposeScope();
        return (x.view(x.shape[0], -1, table.shape[1]) + table).flatten(1).MoveToOuterDisposeScope();
    }

    /// <summary>The tanh form of GELU (arXiv 1606.08415).</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Gelu(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (TrainingScope.ToolsFor(x) is { } tools
            ? GeluFunction.apply(x.contiguous(), tools)
            : nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh)).MoveToOuterDisposeScope();
    }

    /// <summary>Puts patches back in their places.</summary>
    /// <param name="tokens">(N, Y X, P P C): the pixels of each patch row by row, channels last.</param>
    /// <param name="rows">Y, rows of patches.</param>
    /// <param name="columns">X, columns of patches.</param>
    /// <param name="patch">P.</param>
    /// <param name="channels">C.</param>
    /// <returns>(N, C, Y P, X P).</returns>
    public static Tensor Unpatchify(Tensor tokens, int rows, int columns, int patch, int channels)
    {
        using var scope = NewDisposeScope();
        return tokens
            .view(-1, rows, columns, patch, patch, channels) // (N, Y, X, P, P, C)
            .permute(0, 5, 1, 3, 2, 4)                       // (N, C, Y, P, X, P)
            .reshape(-1, channels, rows * patch, columns * patch)
            .MoveToOuterDisposeScope();
    }
}
