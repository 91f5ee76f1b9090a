using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A convolution over square windows.</summary>
/// <remarks>State: <c>weight</c> (output, input, K, K) and <c>bias</c> (output).</remarks>
public sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private const int BlockChannels = 16;

    internal readonly Parameter weight, bias; // fields: Module.to sets them
    private readonly long kernel, stride, padding;

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
        (this.kernel, this.stride, this.padding) = (kernel, stride, padding);
        register_parameter(nameof(weight), weight);
        register_parameter(nameof(bias), bias);
    }

    /// <param name="x">(N, C, Y, X).</param>
    /// <returns>(N, output, Y', X').</returns>
    public override Tensor forward(Tensor x) =>
        BlocksAreFilled(x) ? ByProduct(x) : nn.functional.conv2d(x, weight, bias, [stride, stride], [padding, padding]);

    // On the CPU, libtorch leaves a convolution to oneDNN, which puts the channels in blocks of 16 and fills up the
    // last one. Version 3.7.1 (libtorch 2.10) does not clear what it fills up with on every processor, and multiplies
    // it by zero: where that memory holds NaN, so does the result. In the forward pass, the blocks of the input matter,
    // in 32 bits unless there are fewer channels than one has; in the gradient of the input, those of the output.
    // Images with their channels last are not put in blocks in 32 bits.
    private bool BlocksAreFilled(Tensor x)
    {
        var (output, input, isHalf) = (weight.shape[0], weight.shape[1], IsHalf(x.dtype));
        return x.device_type == TorchSharp.DeviceType.CPU && kernel > 1 && (isHalf || input == 1 || x.stride(1) != 1)
            && (((isHalf || input > BlockChannels) && input % BlockChannels != 0)
                || (output % BlockChannels != 0 && x.requires_grad && is_grad_enabled()));
    }

    // The windows as columns, (N, C K K, Y' X'), times the weights as a matrix; of 16 bits in 32.
    private Tensor ByProduct(Tensor x)
    {
        using var scope = NewDisposeScope();
        var type = IsHalf(x.dtype) ? ScalarType.Float32 : x.dtype;
        var columns = nn.functional.unfold(x.to(type), (kernel, kernel), (1, 1), (padding, padding), (stride, stride));
        var rows = (x.shape[2] + 2 * padding - kernel) / stride + 1;
        var y = weight.to(type).flatten(1).matmul(columns) + bias.to(type).unsqueeze(1);
        return y.unflatten(2, [rows, -1]).to(x.dtype).MoveToOuterDisposeScope();
    }

    private static bool IsHalf(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16;

    /// <summary>Xavier uniform over the kernel seen as a matrix (output, input K K), bias zero.</summary>
    public void Initialize(Generator random)
    {
        Init.XavierUniform(weight, random);
        Init.Zero(bias);
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
