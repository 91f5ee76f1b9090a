using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Images to moments: residual blocks at each resolution, from the image's down to the latent's.</summary>
internal sealed class AutoencoderEncoder : nn.Module<Tensor, Tensor>
{
    private readonly Convolution conv_in;
    private readonly ModuleList<ResolutionLevel> down = new();
    private readonly MiddleBlocks mid;
    private readonly ChannelNorm norm_out;
    private readonly Convolution conv_out;

    public AutoencoderEncoder(AutoencoderCard card, Device device, ScalarType dtype) : base(nameof(AutoencoderEncoder))
    {
        int[] channels = [card.Channels, .. card.Multipliers.Select(multiplier => multiplier * card.Channels)];
        conv_in = new Convolution(AutoencoderKL.ImageChannels, card.Channels, kernel: 3, device, dtype, padding: 1);
        for (var level = 0; level < card.Multipliers.Count; level++)
            down.Add(
                new ResolutionLevel(
                    channels[level], channels[level + 1], card.ResidualBlocks, card.HasAttention(level), Halving(level), device, dtype));
        mid = new MiddleBlocks(channels[^1], device, dtype);
        norm_out = new ChannelNorm(channels[^1], device, dtype);
        conv_out = new Convolution(channels[^1], 2 * card.LatentChannels, kernel: 3, device, dtype, padding: 1);

        register_module(nameof(conv_in), conv_in);
        register_module(nameof(down), down);
        register_module(nameof(mid), mid);
        register_module(nameof(norm_out), norm_out);
        register_module(nameof(conv_out), conv_out);

        Downsampling? Halving(int level) =>
            level == card.Multipliers.Count - 1 ? null : new Downsampling(channels[level + 1], device, dtype);
    }

    /// <param name="x">Images, (N, 3, f Y, f X).</param>
    /// <returns>Moments before the quantizing convolution, (N, 2 C, Y, X).</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = conv_in.forward(x);
        foreach (var step in down.SelectMany(static level => level.Steps)) h = h.Then(step.forward);
        return h.Then(mid.forward).Then(norm_out.Activated).Then(conv_out.forward).MoveToOuterDisposeScope();
    }

    public void Initialize(Generator random)
    {
        conv_in.Initialize(random);
        foreach (var level in down) level.Initialize(random);
        mid.Initialize(random);
        norm_out.Initialize();
        conv_out.Initialize(random);
    }

    protected override void RegisterComponents() { } // done by name, without reflection
}
