using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The size of a gradient.</summary>
internal static class GradientNorm
{
    /// <summary>The 2-norm of the gradient of some parameters together; the gradients stay as they are.</summary>
    /// <param name="parameters">The parameters; one without a gradient counts as 0.</param>
    public static double Of(IEnumerable<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor[] norms =
        [
            .. parameters
                .Select(static parameter => parameter.grad)
                .OfType<Tensor>()
                .Where(static gradient => !gradient.IsInvalid)
                .Select(static gradient => gradient.norm()),
        ];
        return norms.Length == 0 ? 0 : stack(norms).norm().item<float>();
    }
}
