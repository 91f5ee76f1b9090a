using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// A model of a flow on data of one Gaussian for each class, mean + deviation noise: a linear function of x whose
/// weights are a table over
/// pieces of time, which is what the exact velocity is.
/// </summary>
internal sealed class FlowModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModel<FlowModel, ClassLabels, ToyFlow>
{
    private const int Pieces = 16;

    public readonly Parameter slope; // (pieces + 1,)
    public readonly Parameter offset; // (pieces + 1, classes + 1)

    private FlowModel() : base(nameof(FlowModel))
    {
        slope = new Parameter(zeros(Pieces + 1));
        offset = new Parameter(zeros(Pieces + 1, 3));
        register_parameter(nameof(slope), slope);
        register_parameter(nameof(offset), offset);
    }

    public static ModelCard Card { get; } = new(
        "Flow", "toy", "table", new ImageShape(1, 2, 2), 1, new ModelCondition.Classes(2, 0.1), 1, 1, 1, 1, 4, 0, 0, 0, null, "0");

    public static ToyFlow Process { get; } = new();

    public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } = [];

    public static Sampler<FlowModel, ClassLabels, ToyFlow> Euler50 { get; } = new("euler-50", new Euler(50));

    public static Sampler<FlowModel, ClassLabels, ToyFlow> TwoStep20 { get; } = new("2m-20", new TwoStep<ToyFlow>(20));

    public static Sampler<FlowModel, ClassLabels, ToyFlow> Adaptive { get; } = new("adaptive", new AdaptiveEuler(1e-3));

    public static IReadOnlyList<Sampler<FlowModel, ClassLabels, ToyFlow>> AllSamplers { get; } = [Euler50, TwoStep20, Adaptive];

    public static FlowModel Create(Device? device = null, ScalarType? dtype = null, long seed = 0)
    {
        using var scope = NewDisposeScope();
        var model = new FlowModel();
        foreach (var parameter in model.parameters()) parameter.DetachFromDisposeScope();
        return model;
    }

    public static FlowModel Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null) =>
        Create(device, dtype);

    public Tensor Predict(Tensor x, Tensor t, ClassLabels condition) => call(x, t, condition.Values);

    public override Tensor forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var place = (t.to(ScalarType.Float32) * Pieces).clamp(0, Pieces - 1e-3);
        var piece = place.floor();
        var (share, index) = (place - piece, piece.to(ScalarType.Int64));
        var a = slope[index] * (1 - share) + slope[index + 1] * share;
        var b = offset[index, labels] * (1 - share) + offset[index + 1, labels] * share;
        return (x * a.view(-1, 1, 1, 1) + b.view(-1, 1, 1, 1)).MoveToOuterDisposeScope();
    }
}
