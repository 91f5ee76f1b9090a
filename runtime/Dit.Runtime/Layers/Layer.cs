using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Makes the layers and parameters of generated models; <c>Initialize</c> or a checkpoint sets them.</summary>
public static class Layer
{
    /// <summary>A linear layer whose parameters are not set yet: <c>Initialize</c> or a checkpoint sets them.</summary>
    /// <param name="input">Features in.</param>
    /// <param name="output">Features out.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="hasBias">Whether it has a bias.</param>
    /// <returns>Weight (output, input) and, where it has one, bias (output).</returns>
    public static Linear Linear(long input, long output, Device device, ScalarType dtype, bool hasBias = true) =>
        nn.Linear(Unset([output, input], device, dtype), hasBias ? Unset([output], device, dtype) : null);

    /// <summary>A parameter that is not set yet.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="dtype">Its type.</param>
    /// <param name="trained">Whether training changes it.</param>
    /// <returns>
    /// A parameter that outlives the dispose scope it is made in: the module it is registered in owns it.
    /// </returns>
    public static Parameter Unset(long[] shape, Device device, ScalarType dtype, bool trained = true)
    {
        var parameter = new Parameter(empty(shape, dtype, device), requires_grad: trained);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>A buffer that is not set yet: a tensor of the state dict that is no parameter.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="dtype">Its type.</param>
    /// <returns>
    /// A tensor that outlives the dispose scope it is made in: the module it is registered in owns it.
    /// </returns>
    public static Tensor Buffer(long[] shape, Device device, ScalarType dtype) => empty(shape, dtype, device).DetachFromDisposeScope();
}
