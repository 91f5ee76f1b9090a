using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Initial values of parameters, drawn on the CPU in float32 so that a seed gives the same model on every device.
/// </summary>
/// <remarks>libtorch's CPU generator takes the lower 32 bits of a seed.</remarks>
public static class Init
{
    /// <summary>Weight Xavier uniform, bias zero.</summary>
    public static void XavierUniform(Linear layer, Generator random)
    {
        XavierUniform(layer.weight, random);
        Zero(layer.bias);
    }

    /// <summary>Xavier uniform over the parameter seen as a matrix of its first side by the rest.</summary>
    public static void XavierUniform(Parameter parameter, Generator random)
    {
        var output = parameter.shape[0];
        var bound = Math.Sqrt(6.0 / (output + parameter.numel() / output));
        Fill(parameter, tensor => tensor.uniform_(-bound, bound, random));
    }

    /// <summary>Kernel Xavier uniform over it seen as a matrix of its first side by the rest, bias zero.</summary>
    public static void XavierUniform(Convolution layer, Generator random) => layer.Initialize(random);

    /// <summary>Rows normal with mean 0.</summary>
    public static void Normal(EmbeddingTable table, double std, Generator random) => Normal(table.weight, std, random);

    /// <summary>Weight normal with mean 0, bias zero.</summary>
    public static void Normal(Linear layer, double std, Generator random)
    {
        Normal(layer.weight, std, random);
        Zero(layer.bias);
    }

    /// <summary>Normal with mean 0.</summary>
    public static void Normal(Tensor parameter, double std, Generator random) =>
        Fill(parameter, tensor => tensor.normal_(0, std, random));

    /// <summary>Uniform between minus and plus a bound.</summary>
    internal static void Uniform(Tensor parameter, double bound, Generator random) =>
        Fill(parameter, tensor => tensor.uniform_(-bound, bound, random));

    /// <summary>Weight and bias zero.</summary>
    public static void Zero(Linear layer)
    {
        Zero(layer.weight);
        Zero(layer.bias);
    }

    /// <summary>Zeros.</summary>
    public static void Zero(Parameter? parameter) => Constant(parameter, 0);

    /// <summary>Ones.</summary>
    public static void One(Parameter parameter) => Constant(parameter, 1);

    /// <summary>The fixed position table.</summary>
    /// <param name="parameter">(1, Y X, D).</param>
    /// <param name="rows">Y.</param>
    /// <param name="columns">X.</param>
    /// <param name="scale">As for <see cref="Positions.SinCos2D"/>.</param>
    /// <param name="baseSize">As for <see cref="Positions.SinCos2D"/>.</param>
    public static void SinCosPositions(Tensor parameter, int rows, int columns, double scale = 1, int? baseSize = null)
    {
        if (parameter.device.type == TorchSharp.DeviceType.META) return; // shapes only
        using var frozen = no_grad();
        using var table = Positions.SinCos2D((int)parameter.shape[^1], rows, columns, scale, baseSize);
        using var batched = table.unsqueeze(0);
        parameter.copy_(batched);
    }

    /// <summary>Cosines of the angles of rotary positions.</summary>
    /// <param name="buffer">(Y X, K).</param>
    /// <param name="rows">Y.</param>
    /// <param name="columns">X.</param>
    public static void RotaryCosines(Tensor buffer, int rows, int columns) =>
        Copy(buffer, () => Positions.RotaryAngles((int)buffer.shape[^1], rows, columns).cos());

    /// <summary>Sines of the angles of rotary positions.</summary>
    /// <param name="buffer">(Y X, K).</param>
    /// <param name="rows">Y.</param>
    /// <param name="columns">X.</param>
    public static void RotarySines(Tensor buffer, int rows, int columns) =>
        Copy(buffer, () => Positions.RotaryAngles((int)buffer.shape[^1], rows, columns).sin());

    private static void Copy(Tensor buffer, Func<Tensor> values)
    {
        if (buffer.device.type == TorchSharp.DeviceType.META) return; // shapes only
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        buffer.copy_(values());
    }

    private static void Constant(Parameter? parameter, double value)
    {
        using var frozen = no_grad();
        parameter?.fill_(value); // zero_() would hand out a second tensor over the same memory
    }

    private static void Fill(Tensor parameter, Action<Tensor> fill)
    {
        using var frozen = no_grad();
        if (parameter.device.type == TorchSharp.DeviceType.META) return; // shapes only
        if (parameter.device.type == TorchSharp.DeviceType.CPU && parameter.dtype == ScalarType.Float32)
        {
            fill(parameter);
            return;
        }
        using var drawn = empty(parameter.shape, ScalarType.Float32, CPU);
        fill(drawn);
        parameter.copy_(drawn);
    }
}
