namespace Dit.Spec;

/// <summary>The shape that an operation gives, or why it does not fit.</summary>
/// <remarks>A closed sum.</remarks>
public abstract record Fit
{
    private Fit() { }

    /// <summary>It fits.</summary>
    /// <param name="Shape">What the operation gives.</param>
    public sealed record Gives(EquatableArray<Dim> Shape) : Fit;

    /// <summary>It does not fit.</summary>
    /// <param name="Because">Why, in a sentence without a period.</param>
    public sealed record Misfit(string Because) : Fit;

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<EquatableArray<Dim>, R> gives, Func<string, R> misfit) => this switch
    {
        Gives fit => gives(fit.Shape),
        Misfit wrong => misfit(wrong.Because),
        _ => throw new InvalidOperationException("Fit has two cases."),
    };
}

/// <summary>The shape rule of each layer and operation: pure, total, and on sides that know their letters.</summary>
public static class ShapeRules
{
    /// <summary>A linear layer: (..., in) to (..., out).</summary>
    public static Fit Linear(Member.Linear layer, EquatableArray<Dim> x) => x.Count >= 2 && x.Last() == layer.In
        ? new Fit.Gives(x.WithLast(layer.Out))
        : Wrong($"the linear layer {layer.Name} takes (..., {layer.In}), and is given {Shape.Text(x)}");

    /// <summary>Patches of an image: (N, C, Y P, X P) to (N, T, D).</summary>
    public static Fit Patches(Member.Patches layer, EquatableArray<Dim> x)
    {
        if (x.Count != 4 || x[1] != (Dim)layer.Channels)
            return Wrong(
                $"{layer.Name} takes images of {layer.Channels} channels, (N, {layer.Channels}, height, width), and is given "
                    + $"{Shape.Text(x)}");
        var (height, width, patch) = (x[2].Size, x[3].Size, layer.Patch);
        if (height % patch != 0 || width % patch != 0)
            return Wrong($"{layer.Name} cuts patches of {patch} x {patch}, which do not tile {height} x {width}");
        return height / patch * (width / patch) == layer.Tokens.Size
            ? new Fit.Gives(Shape.Of(x[0], layer.Tokens, layer.Width))
            : Wrong(
                $"{layer.Name} gives {layer.Tokens} = {layer.Tokens.Size} tokens, and {height} x {width} has "
                    + $"{height / patch * (width / patch)} patches");
    }

    /// <summary>A convolution that keeps an image's size: (N, in, Y, X) to (N, out, Y, X).</summary>
    public static Fit Convolution(Member.Convolution layer, EquatableArray<Dim> x) =>
        layer.Kernel % 2 == 0 ? Wrong($"{layer.Name} has a window of {layer.Kernel} x {layer.Kernel}, which has no pixel in its middle")
        : x.Count != 4 || x[1] != (Dim)layer.In
            ? Wrong(
                $"{layer.Name} takes images of {layer.In} channels, (N, {layer.In}, height, width), and is given {Shape.Text(x)}")
        : new Fit.Gives(Shape.Of(x[0], layer.Out, x[2], x[3]));

    /// <summary>A norm over the last side: the same shape.</summary>
    public static Fit Norm(Member.Norm norm, EquatableArray<Dim> x) => x.Count >= 2 && x.Last() == norm.Width
        ? new Fit.Gives(x)
        : Wrong($"the norm {norm.Name} takes (..., {norm.Width}), and is given {Shape.Text(x)}");

    /// <summary>Rows of a table: (N,) to (N, D).</summary>
    public static Fit Embedding(Member.Embedding layer, EquatableArray<Dim> indices) => indices.Count == 1
        ? new Fit.Gives(Shape.Of(indices[0], layer.Width))
        : Wrong($"the embedding {layer.Name} takes one index for each sample, (N,), and is given {Shape.Text(indices)}");

    /// <summary>A sum: shapes are equal, or one has batch 1.</summary>
    public static Fit Add(EquatableArray<Dim> left, EquatableArray<Dim> right)
    {
        if (left == right) return new Fit.Gives(left);
        var alike = left.Count == right.Count && left.Skip(1).SequenceEqual(right.Skip(1));
        if (alike && right[0] == (Dim)1) return new Fit.Gives(left);
        if (alike && left[0] == (Dim)1) return new Fit.Gives(right);
        return Wrong($"{Shape.Text(left)} and {Shape.Text(right)} cannot be added");
    }

    /// <summary>
    /// Modulation of a norm: tokens (N, T, D), shift, where there is one, and scale (N, 1, D). A LayerNorm has no scale
    /// and shift of its own then; a root mean square norm may have a scale (LightningDiT, arXiv 2501.01423).
    /// </summary>
    public static Fit Modulate(Member.Norm norm, EquatableArray<Dim> x, EquatableArray<Dim>? shift, EquatableArray<Dim> scale) =>
        norm is { IsAffine: true, Kind: NormKind.Layer }
            ? Wrong($"the norm {norm.Name} has a scale of its own, and is modulated by a second one")
        : Norm(norm, x).Match(
            _ => shift is { } given && !IsForTokens(given, x)
                    ? Wrong($"the shift of {Shape.Text(x)} is (N, 1, {x.Last()}), and {Shape.Text(given)} is given")
                : !IsForTokens(scale, x) ? Wrong($"the scale of {Shape.Text(x)} is (N, 1, {x.Last()}), and {Shape.Text(scale)} is given")
                : new Fit.Gives(x),
            Wrong);

    /// <summary>A gated branch: tokens and branch (N, T, D), gate (N, 1, D).</summary>
    public static Fit Gated(EquatableArray<Dim> x, EquatableArray<Dim> gate, EquatableArray<Dim> branch) =>
        x != branch ? Wrong($"a branch of {Shape.Text(branch)} cannot be added to {Shape.Text(x)}")
        : !IsForTokens(gate, x) ? Wrong($"the gate of {Shape.Text(x)} is (N, 1, {x.Last()}), and {Shape.Text(gate)} is given")
        : new Fit.Gives(x);

    /// <summary>Self-attention: (N, T, 3 D) to (N, T, D).</summary>
    public static Fit SelfAttention(int heads, EquatableArray<Dim> qkv) =>
        qkv.Count != 3 || qkv[2].Part(3) is not { } width
            ? Wrong($"self-attention takes queries, keys and values side by side, (N, T, 3 D), and is given {Shape.Text(qkv)}")
            : Heads(heads, width, qkv.WithLast(width));

    /// <summary>
    /// Self-attention with norms over each head, (..., K), of queries and keys, and rotary positions, (T, 2 K), where
    /// there are any: (N, T, 3 D) to (N, T, D).
    /// </summary>
    /// <param name="heads">H.</param>
    /// <param name="qkv">Queries, keys and values side by side.</param>
    /// <param name="norms">The norms.</param>
    /// <param name="rotary">Cosines, then sines; null for no positions.</param>
    public static Fit SelfAttention(
        int heads, EquatableArray<Dim> qkv, IReadOnlyList<Member.Norm> norms, EquatableArray<Dim>? rotary) =>
        SelfAttention(heads, qkv).Match(
            gives =>
            {
                var (tokens, head) = (gives[1], gives[2].Size / heads);
                return norms.FirstOrDefault(norm => norm.Width.Size != head) is { } odd
                        ? Wrong($"the norm {odd.Name} is of {odd.Width} = {odd.Width.Size} channels, and a head has {head}")
                    : rotary is not { } angles ? new Fit.Gives(gives)
                    : head % 2 != 0 ? Wrong($"rotary positions turn pairs of channels, and a head has {head}")
                    : angles.Count != 2 || angles[0] != tokens || angles[1].Size != 2 * head
                        ? Wrong(
                            $"rotary positions of {tokens} tokens are ({tokens}, {2 * head}), cosines and sines for the {head} channels "
                                + $"of a head, and {Shape.Text(angles)} is given")
                    : new Fit.Gives(gives);
            },
            Wrong);

    /// <summary>The gate of SwiGLU: (..., 2 D) to (..., D).</summary>
    public static Fit SwiGlu(EquatableArray<Dim> x) => x.Count >= 2 && x.Last().Part(2) is { } half
        ? new Fit.Gives(x.WithLast(half))
        : Wrong($"a gate takes two halves side by side, (..., 2 D), and is given {Shape.Text(x)}");

    /// <summary>The rows of a table, (k, D), added to a vector, side by side: (N, k D) or (N, D) to (N, k D).</summary>
    public static Fit AddTable(EquatableArray<Dim> x, Member.Table table)
    {
        if (table.Sides.Count != 2) return Wrong($"the rows of {table.Name} are added, (k, D), and it is {Shape.Text(table.Sides)}");
        var (width, all) = (table.Sides[1], (int)table.Sides[0].Size * table.Sides[1]);
        return x.Count == 2 && (x[1] == width || x[1] == all)
            ? new Fit.Gives(x.WithLast(all))
            : Wrong($"{table.Name} is added to (N, {all}) or (N, {width}), and {Shape.Text(x)} is given");
    }

    /// <summary>
    /// Attention to another sequence, and which of its tokens are attended, (N, M), where that is said: (N, T, D) and
    /// (N, M, 2 D) to (N, T, D).
    /// </summary>
    public static Fit CrossAttention(int heads, EquatableArray<Dim> q, EquatableArray<Dim> kv, EquatableArray<Dim>? mask = null) =>
        q.Count != 3 ? Wrong($"queries are (N, T, D), and {Shape.Text(q)} is given")
        : kv.Count != 3 || kv[0] != q[0] || kv[2] != 2 * q[2]
            ? Wrong($"keys and values for queries of {Shape.Text(q)} are (N, M, {2 * q[2]}), and {Shape.Text(kv)} is given")
        : mask is { } given && given != Shape.Of(kv[0], kv[1])
            ? Wrong($"the mask of {kv[1]} keys is {Shape.Text(Shape.Of(kv[0], kv[1]))}, and {Shape.Text(given)} is given")
        : Heads(heads, q[2], q);

    /// <summary>Sequences one behind the other: all but the number of tokens is equal.</summary>
    public static Fit JoinTokens(IReadOnlyList<EquatableArray<Dim>> parts) =>
        parts.FirstOrDefault(part => part.Count != 3 || part[0] != parts[0][0] || part[2] != parts[0][2]) is { Count: > 0 } odd
            ? Wrong($"tokens of {Shape.Text(odd)} cannot follow tokens of {Shape.Text(parts[0])}")
            : new Fit.Gives(
                Shape.Of(parts[0][0], parts.Select(static part => part[1]).Aggregate(static (sum, side) => sum + side), parts[0][2]));

    /// <summary>Features side by side: all but the last side is equal.</summary>
    public static Fit JoinFeatures(IReadOnlyList<EquatableArray<Dim>> parts) =>
        parts.FirstOrDefault(part => part.Count < 2 || part.WithLast(0) != parts[0].WithLast(0)) is { Count: > 0 } odd
            ? Wrong($"features of {Shape.Text(odd)} cannot stand beside those of {Shape.Text(parts[0])}")
            : new Fit.Gives(parts[0].WithLast(parts.Select(static part => part.Last()).Aggregate(static (sum, side) => sum + side)));

    /// <summary>Some of the tokens: (N, T, D) to (N, count, D).</summary>
    public static Fit Tokens(EquatableArray<Dim> x, Dim first, Dim count) =>
        x.Count != 3 ? Wrong($"tokens are taken of (N, T, D), and {Shape.Text(x)} is given")
        : first.Size < 0 || count.Size < 1 || first.Size + count.Size > x[1].Size
            ? Wrong($"{count} tokens from {first} are not among the {x[1]} of {Shape.Text(x)}")
        : new Fit.Gives(Shape.Of(x[0], count, x[2]));

    /// <summary>A vector as one token: (N, D) to (N, 1, D).</summary>
    public static Fit AsToken(EquatableArray<Dim> x) => x.Count == 2
        ? new Fit.Gives(Shape.Of(x[0], 1, x[1]))
        : Wrong($"a vector, (N, D), becomes a token, and {Shape.Text(x)} is given");

    /// <summary>The mean of the tokens: (N, T, D) to (N, D).</summary>
    public static Fit MeanOfTokens(EquatableArray<Dim> x) => x.Count == 3
        ? new Fit.Gives(Shape.Of(x[0], x[2]))
        : Wrong($"the mean is of tokens, (N, T, D), and {Shape.Text(x)} is given");

    /// <summary>Features of timesteps: (N,) to (N, features).</summary>
    public static Fit Sinusoid(int features, EquatableArray<Dim> t) => t.Count == 1
        ? new Fit.Gives(Shape.Of(t[0], features))
        : Wrong($"timesteps are (N,), and {Shape.Text(t)} is given");

    /// <summary>A condition with a learned one for those that are dropped: the same shape.</summary>
    public static Fit FillDropped(EquatableArray<Dim> x, Member.Table? table) => table is null || table.Sides.SequenceEqual(x.Skip(1))
        ? new Fit.Gives(x)
        : Wrong($"{table.Name} stands for one of {Shape.Text(x)}, and is {Shape.Text(table.Sides)}");

    /// <summary>Patches put back: (N, Y X, P P C) to (N, C, Y P, X P).</summary>
    public static Fit Unpatchify(Value.Unpatchify patches, EquatableArray<Dim> x)
    {
        var (rows, columns, patch, channels) = (patches.Rows, patches.Columns, patches.Patch, patches.Channels);
        return x.Count == 3 && x[1].Size == rows * columns && x[2].Size == patch * patch * channels
            ? new Fit.Gives(Shape.Of(x[0], channels, rows * patch, columns * patch))
            : Wrong(
                $"{rows} x {columns} patches of {patch} x {patch} x {channels} are (N, {rows * columns}, {patch * patch * channels}), and "
                    + $"{Shape.Text(x)} is given");
    }

    /// <summary>Equal parts of the features: (..., k D) to k times (..., D).</summary>
    public static Fit Split(int parts, EquatableArray<Dim> x) => x.Count >= 2 && x.Last().Part(parts) is { } part
        ? new Fit.Gives(x.WithLast(part))
        : Wrong($"{Shape.Text(x)} does not split into {parts} equal parts");

    private static Fit Heads(int heads, Dim width, EquatableArray<Dim> gives) => heads > 0 && width.Size % heads == 0
        ? new Fit.Gives(gives)
        : Wrong($"{heads} heads do not divide a width of {width} = {width.Size}");

    private static bool IsForTokens(EquatableArray<Dim> part, EquatableArray<Dim> x) =>
        part.Count == 3 && x.Count == 3 && part[0] == x[0] && part[1] == (Dim)1 && part[2] == x[2];

    private static Fit Wrong(string because) => new Fit.Misfit(because);
}
