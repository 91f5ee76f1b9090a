using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
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
    private readonly IReadOnlyList<string> names;
    private readonly IReadOnlyList<AdamWTensors> tensors;
    private readonly AdamWPass? pass;

    /// <summary>Starts at a model's present weights.</summary>
    /// <param name="model">The model to train; it is not to be moved or converted from now on.</param>
    /// <param name="recipe">The numbers of AdamW and of the average.</param>
    public AdamWWithEma(nn.Module model, TrainingRecipe recipe)
    {
        this.recipe = recipe;
        LossScale = LossScale.Of(recipe);
        Average = new(model, recipe.EmaDecay);
        Powers = recipe.PostHocEma is { } lengths ? new(model, lengths) : null;
        Further = new(model, (recipe.FurtherEma?.Values ?? []).Select(decay =>
            (FormattableString.Invariant($"ema.{decay}."), new Func<int, double>(step => recipe.DecayAt(step, decay)))));
        using var noGradients = no_grad();
        var decayed = recipe.DecayAll ? null : DecayedWeights.Of(model);
        names = [.. Average.Followed.Select(static followed => followed.Name)];
        tensors =
        [
            .. Average.Followed.Select(followed => new AdamWTensors(
                followed.Source,
                Zeros(followed.Source),
                Zeros(followed.Source),
                followed.Average,
                decayed?.Contains(followed.Name) != false)),
        ];
        if (TrainingScope.Current is { } tools && tensors.All(static tensor => IsPlain(tensor.Parameter))) pass = new(tools, tensors);
    }

    /// <summary>The moving average.</summary>
    public ExponentialMovingAverage Average { get; }

    /// <summary>The power-function averages; null where the recipe has none.</summary>
    internal PowerAverages? Powers { get; }

    /// <summary>The averages of <see cref="TrainingRecipe.FurtherEma"/>, in its order.</summary>
    internal AverageSet Further { get; }

    /// <summary>The factor of the loss of the next step.</summary>
    internal LossScale LossScale { get; private set; }

    /// <summary>Steps made so far, those that were skipped not counted.</summary>
    public int Steps { get; private set; }

    /// <summary>
    /// What AdamW remembers of each parameter: the running mean of its gradients as <c>first.NAME</c>, and of their
    /// squares as <c>second.NAME</c>; and the power-function and further averages, where the recipe has them. The
    /// tensors stay the optimizer's.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Moments =>
        names.Zip(tensors).SelectMany(static pair => (KeyValuePair<string, Tensor>[])
            [new($"first.{pair.First}", pair.Second.First), new($"second.{pair.First}", pair.Second.Second)])
        .Concat(Powers?.State ?? []).Concat(Further.State);

    /// <summary>Goes on where a run has been.</summary>
    /// <param name="steps">Steps that the run has made.</param>
    /// <param name="read">Gives the tensor of a name of <see cref="Moments"/>, which this method disposes of.</param>
    public void Restore(int steps, Func<string, Tensor> read)
    {
        using var noGradients = no_grad();
        foreach (var (name, moment) in Moments)
        {
            using var saved = read(name);
            moment.copy_(saved);
        }
        Steps = steps;
    }

    /// <summary>Moves the weights by their gradients, then the averages towards the weights.</summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    public void Step(double learningRate)
    {
        Steps++;
        if (LossScale != LossScale.None) LossScale = LossScale.After(isFinite: true);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var decay = recipe.EmaDecayAt(Steps);
        var gradients = tensors.Select(static tensor => Dense(tensor.Parameter.grad)).ToArray();
        if (pass is not null)
            pass.Run(AdamWStep.At(Steps, learningRate, recipe.WeightDecay, recipe.Beta1, recipe.Beta2, Eps, decay), gradients);
        else
        {
            StepByOperators(learningRate, gradients);
            Average.Update(decay);
        }
        Powers?.Update(Steps);
        Further.Update(Steps);
    }

    /// <summary>Counts a step that leaves the weights, the averages and the moments as they are.</summary>
    internal void LeaveOut() => Steps++;

    /// <summary>Leaves weights and averages as they are, because a gradient is not finite, and halves the loss
    /// scale.</summary>
    internal void Skip() => LossScale = LossScale.After(isFinite: false);

    /// <summary>Goes on where a run has been.</summary>
    /// <param name="steps">Steps of the run, those that were skipped included.</param>
    /// <param name="scale">Its loss scale.</param>
    /// <param name="read">As for the public method.</param>
    internal void Restore(int steps, LossScale scale, Func<string, Tensor> read)
    {
        LossScale = scale;
        Restore(steps - scale.SkippedSteps, read);
    }

    private void StepByOperators(double learningRate, IReadOnlyList<Tensor?> gradients)
    {
        using Scalar keep = 1 - learningRate * recipe.WeightDecay;
        using Scalar beta1 = recipe.Beta1, rest1 = 1 - recipe.Beta1, beta2 = recipe.Beta2, rest2 = 1 - recipe.Beta2;
        using Scalar correction = Math.Sqrt(1 - Math.Pow(recipe.Beta2, Steps)), eps = Eps;
        using Scalar size = -learningRate / (1 - Math.Pow(recipe.Beta1, Steps));
        foreach (var ((parameter, first, second, _, decays), gradient) in tensors.Zip(gradients))
        {
            if (gradient is null) continue;
            if (decays) parameter.mul_(keep);
            first.mul_(beta1).add_(gradient, rest1);
            second.mul_(beta2).addcmul_(gradient, gradient, rest2);
            parameter.addcdiv_(first, (second.sqrt() / correction).add_(eps), size);
        }
    }

    private static Tensor? Dense(Tensor? gradient) => gradient is null || gradient.IsInvalid ? null : gradient.contiguous();

    private static Tensor Zeros(Tensor like) => zeros_like(like, requires_grad: false).DetachFromDisposeScope();

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
        Average.Dispose();
        Powers?.Dispose();
        Further.Dispose();
    }
}
