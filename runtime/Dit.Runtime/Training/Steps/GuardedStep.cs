using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Steps of a run that do not spoil its weights: one whose loss or gradient is not finite ends the run, one far above
/// the usual ends it or is left out.
/// </summary>
/// <param name="recipe">How to train.</param>
/// <param name="folder">Where the checkpoints are, for messages.</param>
/// <param name="learned">What the steps change.</param>
/// <param name="optimizer">Its optimizer; it stays the caller's.</param>
internal sealed class GuardedStep(TrainingRecipe recipe, TrainingFolder folder, LearnedState learned, AdamWWithEma optimizer)
{
    /// <summary>The processes that train together.</summary>
    public required ProcessGroup Processes { get; init; }

    /// <summary>What becomes of a spike.</summary>
    public required SpikeAction OnSpike { get; init; }

    /// <summary>Receives a sentence about a step that was left out.</summary>
    public required Action<string>? Notice { get; init; }

    /// <summary>Computes the gradients and moves the parameters.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="spikes">What losses and gradients were before.</param>
    /// <param name="backward">Computes the losses and the gradients, which are times the number it is given.</param>
    /// <exception cref="DitException">
    /// The loss or the gradient is not finite, or is a spike that ends the run.
    /// </exception>
    public StepResult Step(int step, SpikeWatch spikes, Func<double, StepLosses> backward)
    {
        using var scope = NewDisposeScope();
        learned.State.zero_grad();
        var scale = optimizer.LossScale;
        var losses = backward(scale.Value);
        if (!double.IsFinite(losses.Total))
            throw NotFinite(
                $"loss is {losses.Total}", step, NonFiniteCause.OfLoss(learned.Model, learned.State, () => backward(scale.Value)));
        scale.Unscale(learned.Parameters);
        var norm = recipe.GradientClip is { } most
            ? nn.utils.clip_grad_norm_(learned.Parameters, most)
            : GradientNorm.Of(learned.Parameters);
        if (!double.IsFinite(norm) && scale.Value > 1) // float16: a smaller scale may do
        {
            optimizer.Skip();
            return new(losses, GradientNorm: 0);
        }
        if (!double.IsFinite(norm)) // the step would spoil every weight
            throw NotFinite($"norm of the gradient is {norm}", step, NonFiniteCause.OfGradient(learned.State));
        var spike = OnSpike == SpikeAction.Ignore ? null : spikes.Of(step, losses.Total, norm);
        if (spike is null) optimizer.Step(recipe.LearningRateAt(step));
        else LeaveOut(spike, () => backward(scale.Value));
        return new(losses, norm);
    }

    private void LeaveOut(Spike spike, Action again)
    {
        if (OnSpike == SpikeAction.Skip && spike.MayBeSkipped)
        {
            optimizer.LeaveOut();
            Notice?.Invoke($"{spike.Text}: the step was skipped.");
            return;
        }
        var cause = spike.IsOfGradient ? SpikeCause.OfGradient(learned.State) : SpikeCause.OfLoss(learned.Model, optimizer.Average, again);
        throw Processes.Shared(new(
            $"{spike.Text}; {folder.KeptBefore(spike.FirstStep)}.{cause} A new run from that checkpoint with a smaller learning rate or "
                + "with a gradient clip may help (--from, --lr, --clip). To go on as before, resume with --on-spike ignore"
                + $"{(spike.IsOfGradient ? ", or skip to leave such steps out" : "")}."));
    }

    // The cause may be in the part of any process.
    private DitException NotFinite(string what, int step, string cause) => Processes.Shared(new(
        $"The {what} at step {step}; {folder.Kept}.{Processes.FirstText(cause)} A smaller learning rate or a gradient clip may help."));
}
