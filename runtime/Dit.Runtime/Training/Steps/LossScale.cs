using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The factor of the loss in training with float16, so that small gradients do not vanish (Mixed Precision Training,
/// arXiv 1710.03740, section 3.2): halved when a gradient is not finite, which skips the step, and doubled after
/// <see cref="GoodStepsToDouble"/> steps in a row that are good.
/// </summary>
/// <param name="Value">The factor, a power of 2.</param>
/// <param name="GoodSteps">Good steps in a row since it last changed.</param>
/// <param name="SkippedSteps">Steps of the whole run that were skipped.</param>
internal sealed record LossScale(double Value, int GoodSteps, int SkippedSteps)
{
    /// <summary>Good steps in a row after which the factor is doubled.</summary>
    public const int GoodStepsToDouble = 2000;

    /// <summary>The factor that a run starts with.</summary>
    public static LossScale Start { get; } = new(65_536, 0, 0);

    /// <summary>No scaling, for training in other types than float16.</summary>
    public static LossScale None { get; } = new(1, 0, 0);

    /// <summary>The factor that a run with this recipe starts with.</summary>
    public static LossScale Of(TrainingRecipe recipe) => recipe.Precision == TrainingPrecision.Float16 ? Start : None;

    /// <summary>Divides gradients by the factor.</summary>
    /// <param name="parameters">The parameters; one without a gradient is passed over.</param>
    public void Unscale(IEnumerable<Parameter> parameters)
    {
        if (Value == 1) return;
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using Scalar factor = 1 / Value;
        foreach (var gradient in parameters.Select(static parameter => parameter.grad).OfType<Tensor>())
            if (!gradient.IsInvalid) gradient.mul_(factor);
    }

    /// <summary>The factor of the next step.</summary>
    /// <param name="isFinite">Whether every gradient of this step is finite.</param>
    public LossScale After(bool isFinite) =>
        !isFinite ? new(Value / 2, 0, SkippedSteps + 1)
        : GoodSteps + 1 < GoodStepsToDouble ? this with { GoodSteps = GoodSteps + 1 }
        : this with { Value = 2 * Value, GoodSteps = 0 };
}
