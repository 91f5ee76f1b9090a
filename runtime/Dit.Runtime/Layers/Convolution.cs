using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A convolution over square windows.</summary>
/// <remarks>State: <c>weight</c> (output, input, K, K) and <c>bias</c> (output).</remarks>
public sealed class Convolution : nn.Module<Tensor, Tensor>
{
    internal readonly Parameter weight, bias; // fields: Module.to sets them
    private readonly long[] strides, padding;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="input">Channels in.</param>
    /// <param name="output">Channels out.</param>
    /// <param name="kernel">K.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="stride">Pixels from one window to the next.</param>
    /// <param name="padding">Zeros around the input.</param>
    public Convolution(int input, int output, int kernel, Device device, ScalarType dtype, int stride = 1, int padding = 0)
        : base(nameof(Convolution))
    {
        weight = Layer.Unset([output, input, kernel, kernel], device, dtype);
        bias = Layer.Unset([output], device, dtype);
        (strides, this.padding) = ([stride, stride], [padding, padding]);
        register_parameter(nameof(weight), weight);
        register_parameter(nameof(bias), bias);
    }

    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, output, Y', X').</returns>
    public override Tensor forward(Tensor x) => nn.functional.conv2d(x, weight, bias, strides, padding);

    /// <summary>Xavier uniform over the kernel seen as a matrix (output, input K K), bias zero.</summary>
    public void Initialize(Generator random)
    {
        Init.XavierUniform(weight, random);
        Init.Zero(bias);
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
