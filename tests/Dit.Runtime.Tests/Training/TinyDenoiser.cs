using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The smallest thing that trains like a generated model: a convolution, a table of labels, a frozen position table.
/// </summary>
internal sealed class TinyDenoiser : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModel<TinyDenoiser, ClassLabels, GaussianDiffusion>
{
    public readonly Conv2d proj;
    public readonly Embedding table;
    public readonly Parameter pos_embed;

    /// <summary>Whether the gradient of <see cref="proj"/>'s bias is NaN, while the output is as usual.</summary>
    public bool SpoilsGradients { get; set; }

    /// <summary>Whether the output is NaN where no gradient is recorded, as in sampling.</summary>
    public bool SpoilsSamples { get; set; }

    /// <summary>What is added to the gradient of <see cref="proj"/>'s bias, in multiples of that of the output, while
    /// the output is as usual.</summary>
    public float GradientBoost { get; set; }

    private TinyDenoiser(long seed) : base(nameof(TinyDenoiser))
    {
        using var random = new Generator((ulong)seed);
        proj = nn.Conv2d(3, 6, 3, padding: 1L);
        table = nn.Embedding(4, 6);
        pos_embed = new Parameter(full([1, 3, 4, 4], 0.1), requires_grad: false);
        RegisterComponents();
        using var frozen = no_grad();
        foreach (var parameter in parameters().Where(p => p.requires_grad))
            parameter.copy_(0.1 * randn(parameter.shape, generator: random));
    }

    public static ModelCard Card { get; } = new(
        "Tiny",
        "dit",
        "adaln-zero",
        new ImageShape(3, 4, 4),
        6,
        new ModelCondition.Classes(3, 0.1),
        1,
        4,
        1,
        1,
        16,
        0,
        0,
        0,
        null,
        "tiny-hash")
    {
        Spec = "model: Tiny\n",
    };

    public static GaussianDiffusion Process { get; } = new(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.LearnedRange);

    public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } = [];

    public static IReadOnlyList<Sampler<TinyDenoiser, ClassLabels, GaussianDiffusion>> AllSamplers { get; } = [];

    public static TinyDenoiser Create(Device? device = null, ScalarType? dtype = null, long seed = 0)
    {
        using var scope = NewDisposeScope();
        var model = new TinyDenoiser(seed);
        foreach (var (_, tensor) in model.state_dict()) tensor.DetachFromDisposeScope();
        return model;
    }

    public static TinyDenoiser Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null) =>
        Create(device, dtype);

    public override Tensor forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var output = proj.call(x + pos_embed) + table.forward(labels).unsqueeze(-1).unsqueeze(-1);
        if (SpoilsGradients) output += (proj.bias! * 0).sqrt().sum(); // 0, and its gradient is 0 times infinity
        if (SpoilsSamples && !is_grad_enabled()) output *= float.NaN;
        if (GradientBoost != 0)
        {
            var bias = proj.bias!.view(1, -1, 1, 1);
            output += (bias - bias.detach()) * GradientBoost; // 0
        }
        return output.MoveToOuterDisposeScope();
    }

    public Tensor Predict(Tensor x, Tensor t, ClassLabels condition) => call(x, t, condition.Values);
}
