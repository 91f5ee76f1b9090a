using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Latents to images: residual blocks at each resolution, from the latent's up to the image's.</summary>
internal sealed class AutoencoderDecoder : nn.Module<Tensor, Tensor>
{
    private readonly Convolution conv_in;
    private readonly MiddleBlocks mid;
    private readonly ModuleList<ResolutionLevel> up = new(); // by resolution, the image's first: the last is run first
    private readonly ChannelNorm norm_out;
    private readonly Convolution conv_out;

    public AutoencoderDecoder(AutoencoderCard card, Device device, ScalarType dtype) : base(nameof(AutoencoderDecoder))
    {
        int[] channels = [.. card.Multipliers.Select(multiplier => multiplier * card.Channels)];
        conv_in = new Convolution(card.LatentChannels, channels[^1], kernel: 3, device, dtype, padding: 1);
        mid = new MiddleBlocks(channels[^1], device, dtype);
        for (var level = 0; level < channels.Length; level++)
            up.Add(
                new ResolutionLevel(
                    channels[Math.Min(level + 1, channels.Length - 1)], channels[level], card.ResidualBlocks + 1,
                    card.HasAttention(level), Doubling(level), device, dtype));
        norm_out = new ChannelNorm(channels[0], device, dtype);
        conv_out = new Convolution(channels[0], AutoencoderKL.ImageChannels, kernel: 3, device, dtype, padding: 1);

        register_module(nameof(conv_in), conv_in);
        register_module(nameof(mid), mid);
        register_module(nameof(up), up);
        register_module(nameof(norm_out), norm_out);
        register_module(nameof(conv_out), conv_out);

        Upsampling? Doubling(int level) => level == 0 ? null : new Upsampling(channels[level], device, dtype);
    }

    /// <param name="z">Unscaled latents behind the quantizing convolution, (N, C, Y, X).</param>
    /// <returns>Images, (N, 3, f Y, f X).</returns>
    public override Tensor forward(Tensor z)
    {
        using var scope = NewDisposeScope();
        var h = conv_in.forward(z).Then(mid.forward);
        foreach (var step in up.Reverse().SelectMany(static level => level.Steps)) h = h.Then(step.forward);
        return h.Then(norm_out.Activated).Then(conv_out.forward).MoveToOuterDisposeScope();
    }

    public void Initialize(Generator random)
    {
        conv_in.Initialize(random);
        mid.Initialize(random);
        foreach (var level in up) level.Initialize(random);
        norm_out.Initialize();
        conv_out.Initialize(random);
    }

    protected override void RegisterComponents() { } // done by name, without reflection
}
