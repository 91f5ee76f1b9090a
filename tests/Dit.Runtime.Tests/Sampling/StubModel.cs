using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A class-conditional model of one parameter: its noise estimate is the parameter times the input, plus a little per label.</summary>
internal sealed class StubModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<StubModel>
{
    private readonly Parameter weight;

    public StubModel(ScalarType dtype = ScalarType.Float32) : base("stub")
    {
        weight = new Parameter(full(1, 0.1, dtype: dtype));
        RegisterComponents();
    }

    public static ModelCard Card { get; } = new("Stub/1", "dit", "adaln-zero", new(2, 4, 4), 4, new ModelCondition.Classes(10, 0.1), 1, 8, 1, 1, 16, 1, 1, 1, null, "0");

    public static GaussianDiffusion Diffusion { get; } = new(NoiseSchedule.Linear(1000), Prediction.Epsilon, ModelVariance.LearnedRange);

    public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } = [new("weight", 1)];

    public static Sampler<StubModel> Ddpm10 { get; } = Sampler.Ddpm<StubModel>("ddpm-10", steps: 10);

    public static Sampler<StubModel> Ddim5 { get; } = Sampler.Ddim<StubModel>("ddim-5", steps: 5, eta: 0);

    public static IReadOnlyList<Sampler<StubModel>> AllSamplers { get; } = [Ddpm10, Ddim5];

    public List<(bool Training, ScalarType Input, bool Guided, double Scale)> Calls { get; } = [];

    /// <summary>Passes of a batch through the network: two for a guided call.</summary>
    public int Passes { get; private set; }

    public static StubModel Create(Device? device = null, ScalarType? dtype = null, long seed = 0) => new(dtype ?? ScalarType.Float32);

    public static StubModel Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null) => Create(device, dtype);

    public override Tensor forward(Tensor x, Tensor t, Tensor labels)
    {
        Calls.Add((training, x.dtype, false, 1));
        return Predict(x, labels);
    }

    public Tensor ForwardWithGuidance(Tensor x, Tensor t, Tensor labels, double scale, GuidanceChannels channels = GuidanceChannels.FirstThree)
    {
        Calls.Add((training, x.dtype, true, scale));
        using var scope = NewDisposeScope();
        var unconditional = Predict(x, full_like(labels, Card.NullClass));
        return Guidance.Combine(Predict(x, labels), unconditional, scale, channels, Card.Input.Channels).MoveToOuterDisposeScope();
    }

    private Tensor Predict(Tensor x, Tensor labels)
    {
        Passes++;
        using var scope = NewDisposeScope();
        var y = x * weight + 0.01 * labels.to(x.dtype).view(-1, 1, 1, 1);
        return cat([y, y * 0.1], dim: 1).MoveToOuterDisposeScope();
    }
}
