using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A model of a flow whose velocity is a multiple of x at every time.</summary>
internal sealed class Stretch : nn.Module<Tensor, Tensor, Tensor>, IModel<Stretch, NoCondition, Flow>
{
    public const double Rate = -0.7;

    public readonly Parameter rate = new(tensor((float)Rate));

    private Stretch() : base(nameof(Stretch)) => register_parameter(nameof(rate), rate);

    public static ModelCard Card { get; } = new(
        "Stretch", "toy", "linear", new ImageShape(1, 2, 2), 1, new ModelCondition.None(), 1, 1, 1, 1, 4, 0, 0, 0, null, "0");

    public static Flow Process { get; } = new(FlowPath.Linear);

    public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } = [];

    public static IReadOnlyList<Sampler<Stretch, NoCondition, Flow>> AllSamplers { get; } = [];

    public static Stretch Create(Device? device = null, ScalarType? dtype = null, long seed = 0)
    {
        using var scope = NewDisposeScope();
        var model = new Stretch();
        model.rate.DetachFromDisposeScope();
        return model;
    }

    public static Stretch Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null) =>
        Create(device, dtype);

    public Tensor Predict(Tensor x, Tensor t, NoCondition condition) => call(x, t);

    public override Tensor forward(Tensor x, Tensor t) => x * rate;
}
