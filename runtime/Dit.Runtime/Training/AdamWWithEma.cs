using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>AdamW (arXiv 1711.05101) and the moving average of the weights it gives.</summary>
/// <remarks>
/// On the processor, in float32, both are done in one pass over memory, in PyTorch's order of operations; elsewhere by
/// the operators of libtorch, one after another. The results are the same to float rounding.
/// </remarks>
public sealed class AdamWWithEma : IDisposable
{
    private const double Eps = 1e-8; // PyTorch's default

    private readonly TrainingRecipe recipe;
    private readonly List<AdamWTensors> tensors = [];
    private readonly AdamWPass? pass;
    private readonly AdamW? operators;
    private int steps;

    /// <summary>Starts at a model's present weights.</summary>
    /// <param name="model">The model to train; it is not to be moved or converted from now on.</param>
    /// <param name="recipe">The numbers of AdamW and of the average.</param>
    public AdamWWithEma(nn.Module model, TrainingRecipe recipe)
    {
        this.recipe = recipe;
        Average = new(model, recipe.EmaDecay);
        if (TrainingScope.Current is { } tools && Average.Followed.All(static pair => IsPlain(pair.Source)))
        {
            using var noGradients = no_grad();
            foreach (var (average, source) in Average.Followed) tensors.Add(new(source, Zeros(source), Zeros(source), average));
            pass = new(tools, tensors);
        }
        else operators = recipe.CreateOptimizer(model.parameters().Where(static p => p.requires_grad));
    }

    /// <summary>The moving average.</summary>
    public ExponentialMovingAverage Average { get; }

    /// <summary>Moves the weights by their gradients, then the average towards the weights.</summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    public void Step(double learningRate)
    {
        steps++;
        if (pass is null)
        {
            StepByOperators(learningRate);
            return;
        }
        using var scope = NewDisposeScope();
        var gradients = tensors.Select(static tensor => Dense(tensor.Parameter.grad)).ToArray();
        pass.Run(AdamWStep.At(steps, learningRate, recipe.WeightDecay, recipe.Beta1, recipe.Beta2, Eps, recipe.EmaDecay), gradients);
    }

    private void StepByOperators(double learningRate)
    {
        if (operators is null) return;
        foreach (var group in operators.ParamGroups) group.LearningRate = learningRate;
        operators.step();
        Average.Update();
    }

    private static Tensor? Dense(Tensor? gradient) => gradient is null || gradient.IsInvalid ? null : gradient.contiguous();

    private static Tensor Zeros(Tensor like) => zeros_like(like).DetachFromDisposeScope();

    private static bool IsPlain(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32
        && tensor.device_type == DeviceType.CPU
        && tensor.is_contiguous()
        && tensor.numel() <= int.MaxValue / sizeof(float);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in tensors)
        {
            tensor.First.Dispose();
            tensor.Second.Dispose();
        }
        operators?.Dispose();
        Average.Dispose();
    }
}
