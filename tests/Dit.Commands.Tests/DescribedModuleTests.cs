using Dit.Definitions;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Descriptions against the modules that compute: the state dict, and what a new module starts from.</summary>
public class DescribedModuleTests
{
    private static readonly Dim D = Dim.Letter("D", 64), T = Dim.Letter("T", 16);

    private static IEnumerable<string> State(nn.Module module) =>
        module.state_dict().Select(static p => $"{p.Key}: {string.Join(" x ", p.Value.shape)}");

    private static IEnumerable<string> State(Module module) =>
        Parameters.Of(module).Select(static p => $"{p.Name}: {string.Join(" x ", p.Shape)}");

    private static void Agrees(ModelCard card, nn.Module model)
    {
        using var made = model;
        var network = Description.Of(Assert.Single(SpecFile.Parse(card.Spec ?? "").Models).Spec).Network;

        Assert.Equal(State(network), State(made));
        Assert.Equal(
            Parameters.Of(network).Where(static p => p.IsTrained).Select(static p => p.Name),
            made.named_parameters().Where(static p => p.parameter.requires_grad).Select(static p => p.name));
    }

    [Fact]
    public void AdaLN_Zero() => Agrees(DiTXL2.Card, DiTXL2.Create(META));

    [Fact]
    public void AdaLN() => Agrees(DiTXL2AdaLN.Card, DiTXL2AdaLN.Create(META));

    [Fact]
    public void Cross_attention() => Agrees(DiTXL2CrossAttention.Card, DiTXL2CrossAttention.Create(META));

    [Fact]
    public void In_context() => Agrees(DiTXL2InContext.Card, DiTXL2InContext.Create(META));

    // Ready modules of the runtime are used in place of generated ones wherever a description is equal to these.
    private static void IsReady(Module described, nn.Module ready, Action<torch.Generator> initialize)
    {
        using var scope = NewDisposeScope();
        using var made = ready;
        using var random = new torch.Generator(1);
        initialize(random);
        var state = made.state_dict();

        Assert.Equal(State(described), State(made));
        Assert.All(
            Parameters.Of(described),
            parameter => Assert.True(IsFrom(parameter.Initialization, state[parameter.Name]), parameter.ToString()));
    }

    private static bool IsFrom(Initialization start, Tensor value)
    {
        using var frozen = no_grad();
        var (largest, deviation, side) = (value.abs().max().item<float>(), value.square().mean().sqrt().item<float>(), value.shape[0]);
        return start switch
        {
            Initialization.Zero => largest == 0,
            Initialization.One => value.eq(1).all().item<bool>(),
            Initialization.Normal normal => Math.Abs(deviation / normal.Std - 1) < 0.15,
            // Uniform up to its bound: the deviation is the bound over the square root of 3.
            Initialization.XavierUniform => Math.Sqrt(6.0 / (side + value.numel() / side)) is var bound
                && largest <= bound && Math.Abs(deviation * Math.Sqrt(3) / bound - 1) < 0.1,
            _ => false,
        };
    }

    [Fact]
    public void Patches()
    {
        var ready = new PatchEmbedding(channels: 4, width: 64, patch: 2, CPU, ScalarType.Float32);
        IsReady(StandardParts.PatchEmbedding(new InputSpec(4, 8, 8), 2, T, D), ready, ready.Initialize);
    }

    [Fact]
    public void Timesteps()
    {
        var ready = new TimestepEmbedder(width: 64, CPU, ScalarType.Float32);
        IsReady(StandardParts.TimestepEmbedder(256, 128, D), ready, ready.Initialize);
    }

    [Fact]
    public void Labels()
    {
        var ready = new LabelEmbedder(rows: 11, width: 64, CPU, ScalarType.Float32);
        IsReady(StandardParts.LabelEmbedder(11, D), ready, ready.Initialize);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Texts(bool hasNull)
    {
        var ready = new TextEmbedder(tokens: 7, textWidth: 48, width: 64, hasNull, CPU, ScalarType.Float32);
        IsReady(StandardParts.TextEmbedder(7, 48, hasNull, D), ready, ready.Initialize);
    }
}
