using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Finds where numbers of a training step stopped being finite; it costs nothing while they are.</summary>
internal static class NonFiniteCause
{
    /// <summary>
    /// Why a loss is not finite: a weight that is not, or else the module whose output was the first.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="learned">What is trained: the model, or adapters on it.</param>
    /// <param name="again">Computes the loss again.</param>
    /// <returns>A sentence; empty where the cause is not known.</returns>
    public static string OfLoss(nn.Module model, nn.Module learned, Action again)
    {
        if ((NonFiniteReason.OfWeights(learned) ?? NonFiniteReason.OfWeights(model)) is { } weight) return $" Cause: {weight.Text}.";
        return FirstOutput(model, again) is { } module ? $" Cause: the output of '{module}' is the first that is not finite." : "";
    }

    /// <summary>Why the norm of a gradient is not finite: the first parameter whose gradient is not.</summary>
    /// <param name="model">The model, with its gradients.</param>
    /// <returns>A sentence.</returns>
    public static string OfGradient(nn.Module model)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in model.named_parameters())
            if (parameter.grad is { IsInvalid: false } gradient && NonFinite.In(gradient) is { } found)
                return $" Cause: the gradient of '{name}' holds {found}.";
        return " Cause: the sum of the squares of the gradient is too large for its type.";
    }

    // The first that ends with such an output is the innermost: a block ends after the layers in it.
    private static string? FirstOutput(nn.Module model, Action again)
    {
        string? first = null;
        ForwardHooks.Watch(model, (name, output) => first ??= NonFinite.In(output) is null ? null : name, again);
        return first;
    }
}
