using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Group norm over 32 groups of channels, eps 1e-6, with a learned scale and shift, and where wanted SiLU behind it.
/// </summary>
/// <remarks>State: <c>weight</c> (C) and <c>bias</c> (C).</remarks>
internal sealed class ChannelNorm : nn.Module<Tensor, Tensor>
{
    /// <summary>Groups that share mean and variance.</summary>
    public const int Groups = 32;

    private readonly Parameter weight;
    private readonly Parameter bias;

    public ChannelNorm(int channels, Device device, ScalarType dtype) : base(nameof(ChannelNorm))
    {
        weight = Layer.Unset([channels], device, dtype);
        bias = Layer.Unset([channels], device, dtype);
        register_parameter(nameof(weight), weight);
        register_parameter(nameof(bias), bias);
    }

    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, C, Y, X).</returns>
    public override Tensor forward(Tensor x) => nn.functional.group_norm(x, Groups, weight, bias, eps: 1e-6);

    /// <summary>The norm, then SiLU in the same memory.</summary>
    public Tensor Activated(Tensor x)
    {
        var normed = forward(x);
        using var same = nn.functional.silu(normed, inplace: true);
        return normed;
    }

    public void Initialize()
    {
        Init.One(weight);
        Init.Zero(bias);
    }

    protected override void RegisterComponents() { } // done by name, without reflection
}

/// <summary>Two convolutions, each behind norm and SiLU, around a shortcut.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    private readonly ChannelNorm norm1, norm2;
    private readonly Convolution conv1, conv2;
    private readonly Convolution? nin_shortcut; // where the channels change

    public ResidualBlock(int input, int output, Device device, ScalarType dtype) : base(nameof(ResidualBlock))
    {
        norm1 = new ChannelNorm(input, device, dtype);
        conv1 = new Convolution(input, output, kernel: 3, device, dtype, padding: 1);
        norm2 = new ChannelNorm(output, device, dtype);
        conv2 = new Convolution(output, output, kernel: 3, device, dtype, padding: 1);
        nin_shortcut = input == output ? null : new Convolution(input, output, kernel: 1, device, dtype);

        register_module(nameof(norm1), norm1);
        register_module(nameof(conv1), conv1);
        register_module(nameof(norm2), norm2);
        register_module(nameof(conv2), conv2);
        if (nin_shortcut is not null) register_module(nameof(nin_shortcut), nin_shortcut);
    }

    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, C', Y, X).</returns>
    /// <remarks>
    /// At full resolution one of these tensors takes a gigabyte for 1024 x 1024 pixels, so each goes as soon as the
    /// next is there.
    /// </remarks>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = Through(norm1, conv1, x);
        var residual = Through(norm2, conv2, h);
        h.Dispose();
        return residual.add_(nin_shortcut is null ? x : nin_shortcut.forward(x), Scalars.One).MoveToOuterDisposeScope();
    }

    public void Initialize(Generator random)
    {
        norm1.Initialize();
        conv1.Initialize(random);
        norm2.Initialize();
        conv2.Initialize(random);
        nin_shortcut?.Initialize(random);
    }

    protected override void RegisterComponents() { } // done by name, without reflection

    private static Tensor Through(ChannelNorm norm, Convolution convolution, Tensor x)
    {
        using var activated = norm.Activated(x);
        return convolution.forward(activated);
    }
}

/// <summary>Attention of every pixel to every pixel, one head, around a shortcut.</summary>
internal sealed class PixelAttention : nn.Module<Tensor, Tensor>
{
    private readonly ChannelNorm norm;
    private readonly Convolution q, k, v, proj_out;

    public PixelAttention(int channels, Device device, ScalarType dtype) : base(nameof(PixelAttention))
    {
        norm = new ChannelNorm(channels, device, dtype);
        (q, k, v, proj_out) = (Linear(), Linear(), Linear(), Linear());
        register_module(nameof(norm), norm);
        register_module(nameof(q), q);
        register_module(nameof(k), k);
        register_module(nameof(v), v);
        register_module(nameof(proj_out), proj_out);

        Convolution Linear() => new(channels, channels, kernel: 1, device, dtype);
    }

    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, C, Y, X).</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = norm.forward(x);
        var mixed = nn.functional.scaled_dot_product_attention(Tokens(q, h), Tokens(k, h), Tokens(v, h)); // (N, 1, Y X, C)
        var (n, c, rows, columns) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var image = mixed.reshape(n, rows, columns, c).permute(0, 3, 1, 2);                               // (N, C, Y, X), channels last
        return proj_out.forward(image).add_(x, Scalars.One).MoveToOuterDisposeScope();
    }

    public void Initialize(Generator random)
    {
        norm.Initialize();
        foreach (var layer in (Convolution[])[q, k, v, proj_out]) layer.Initialize(random);
    }

    protected override void RegisterComponents() { } // done by name, without reflection

    // (N, C, Y, X) -> (N, 1, Y X, C), contiguous: attention without the Y X x Y X matrix in memory wants it so.
    private static Tensor Tokens(Convolution layer, Tensor h)
    {
        using var scope = NewDisposeScope();
        return layer.forward(h).flatten(2).transpose(1, 2).unsqueeze(1).contiguous().MoveToOuterDisposeScope();
    }
}

/// <summary>What lies between encoder or decoder and the smallest resolution: block, attention, block.</summary>
internal sealed class MiddleBlocks : nn.Module<Tensor, Tensor>
{
    private readonly ResidualBlock block_1, block_2;
    private readonly PixelAttention attn_1;

    public MiddleBlocks(int channels, Device device, ScalarType dtype) : base(nameof(MiddleBlocks))
    {
        block_1 = new ResidualBlock(channels, channels, device, dtype);
        attn_1 = new PixelAttention(channels, device, dtype);
        block_2 = new ResidualBlock(channels, channels, device, dtype);
        register_module(nameof(block_1), block_1);
        register_module(nameof(attn_1), attn_1);
        register_module(nameof(block_2), block_2);
    }

    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, C, Y, X).</returns>
    public override Tensor forward(Tensor x)
    {
        using var first = block_1.forward(x);
        using var mixed = attn_1.forward(first);
        return block_2.forward(mixed);
    }

    public void Initialize(Generator random)
    {
        block_1.Initialize(random);
        attn_1.Initialize(random);
        block_2.Initialize(random);
    }

    protected override void RegisterComponents() { } // done by name, without reflection
}

/// <summary>The way from one resolution to the next.</summary>
internal abstract class LevelChange : nn.Module<Tensor, Tensor>
{
    private protected readonly Convolution conv;

    /// <param name="name">What the level that it ends calls it.</param>
    /// <param name="conv">Runs over the image that is halved, or was doubled.</param>
    private protected LevelChange(string name, Convolution conv) : base(name)
    {
        this.conv = conv;
        register_module(nameof(conv), conv);
    }

    public void Initialize(Generator random) => conv.Initialize(random);

    protected override void RegisterComponents() { } // done by name, without reflection
}

/// <summary>
/// Halves the sides: a convolution with stride 2 over the image with a row and a column of zeros at its end.
/// </summary>
internal sealed class Downsampling(int channels, Device device, ScalarType dtype)
    : LevelChange("downsample", new Convolution(channels, channels, kernel: 3, device, dtype, stride: 2))
{
    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, C, Y / 2, X / 2).</returns>
    public override Tensor forward(Tensor x)
    {
        using var padded = nn.functional.pad(x, [0, 1, 0, 1]);
        return conv.forward(padded);
    }
}

/// <summary>Doubles the sides: every pixel becomes four, then a convolution.</summary>
internal sealed class Upsampling(int channels, Device device, ScalarType dtype)
    : LevelChange("upsample", new Convolution(channels, channels, kernel: 3, device, dtype, padding: 1))
{
    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, C, 2 Y, 2 X).</returns>
    public override Tensor forward(Tensor x)
    {
        using var doubled = nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return conv.forward(doubled);
    }
}

/// <summary>The blocks of one resolution, and the way to the next.</summary>
internal sealed class ResolutionLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> block = new();
    private readonly ModuleList<PixelAttention> attn = new(); // behind each block, or none
    private readonly LevelChange? change;

    public ResolutionLevel(
        int input, int output, int blocks, bool hasAttention, LevelChange? change, Device device, ScalarType dtype)
        : base(nameof(ResolutionLevel))
    {
        this.change = change;
        for (var i = 0; i < blocks; i++)
        {
            block.Add(new ResidualBlock(i == 0 ? input : output, output, device, dtype));
            if (hasAttention) attn.Add(new PixelAttention(output, device, dtype));
        }
        register_module(nameof(block), block);
        if (hasAttention) register_module(nameof(attn), attn);
        if (change is not null) register_module(change.GetName(), change);
    }

    /// <summary>
    /// What a tensor passes through, in order: one list, so that no level keeps its input until its end.
    /// </summary>
    public IEnumerable<nn.Module<Tensor, Tensor>> Steps
    {
        get
        {
            for (var i = 0; i < block.Count; i++)
            {
                yield return block[i];
                if (attn.Count > 0) yield return attn[i];
            }
            if (change is not null) yield return change;
        }
    }

    public void Initialize(Generator random)
    {
        foreach (var residual in block) residual.Initialize(random);
        foreach (var attention in attn) attention.Initialize(random);
        change?.Initialize(random);
    }

    protected override void RegisterComponents() { } // done by name, without reflection
}
