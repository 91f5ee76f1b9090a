using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// A class-conditional model of one parameter: its noise estimate is the parameter times the input, plus a little per
/// label.
/// </summary>
internal sealed class StubModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModel<StubModel, ClassLabels, GaussianDiffusion>
{
    private readonly Parameter weight;

    public StubModel(ScalarType dtype = ScalarType.Float32) : base("stub")
    {
        weight = new Parameter(full(1, 0.1, dtype: dtype));
        RegisterComponents();
    }

    public static ModelCard Card { get; } =
        new("Stub/1", "dit", "adaln-zero", new(2, 4, 4), 4, new ModelCondition.Classes(10, 0.1), 1, 8, 1, 1, 16, 1, 1, 1, null, "0");

    public static GaussianDiffusion Process { get; } = new(NoiseSchedule.Linear(1000), Prediction.Epsilon, ModelVariance.LearnedRange);

    public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } = [new("weight", 1)];

    public static Sampler<StubModel, ClassLabels, GaussianDiffusion> Ddpm10 { get; } = new("ddpm-10", new Ddpm(10));

    public static Sampler<StubModel, ClassLabels, GaussianDiffusion> Ddim5 { get; } = new("ddim-5", new Ddim(5));

    public static IReadOnlyList<Sampler<StubModel, ClassLabels, GaussianDiffusion>> AllSamplers { get; } = [Ddpm10, Ddim5];

    /// <summary>
    /// The calls of the network; guided ones have the batch twice, the second time with the null class.
    /// </summary>
    public List<(bool Training, ScalarType Input, bool Guided)> Calls { get; } = [];

    /// <summary>Passes of a batch through the network: two for a guided call.</summary>
    public int Passes => Calls.Sum(static call => call.Guided ? 2 : 1);

    public static StubModel Create(Device? device = null, ScalarType? dtype = null, long seed = 0) => new(dtype ?? ScalarType.Float32);

    public static StubModel Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null) =>
        Create(device, dtype);

    public Tensor Predict(Tensor x, Tensor t, ClassLabels condition) => call(x, t, condition.Values);

    public override Tensor forward(Tensor x, Tensor t, Tensor labels)
    {
        var half = (int)labels.shape[0] / 2;
        Calls.Add((training, x.dtype, half > 0 && labels.data<long>().Skip(half).All(static label => label == Card.NullClass)));
        using var scope = NewDisposeScope();
        var y = x * weight + 0.01 * labels.to(x.dtype).view(-1, 1, 1, 1);
        return cat([y, y * 0.1], dim: 1).MoveToOuterDisposeScope();
    }
}
