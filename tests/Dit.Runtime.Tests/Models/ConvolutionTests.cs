using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A convolution and its gradients, whatever freed memory holds.</summary>
public class ConvolutionTests
{
    private const int Rounds = 20;

    [Theory]
    [InlineData(3, 3, 3, 1, 1)] // the last layer of U-ViT
    [InlineData(4, 4, 3, 1, 1)]
    [InlineData(1, 1, 3, 1, 1)]
    [InlineData(24, 24, 3, 1, 1)]
    [InlineData(16, 16, 3, 1, 1)]
    [InlineData(8, 24, 3, 2, 1)]
    [InlineData(24, 24, 1, 1, 0)]
    [InlineData(3, 72, 2, 2, 0)] // patches of a width that fills no blocks
    [InlineData(20, 32, 4, 4, 0)]
    public void Outputs_and_gradients_are_those_in_float64_over_memory_with_NaN(int input, int output, int kernel, int stride, int padding)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(5);
        using var layer = new Convolution(input, output, kernel, CPU, ScalarType.Float32, stride, padding);
        layer.Initialize(random);
        var x = randn([4, input, 16, 16], generator: random);
        var expected = Results(layer, x, ScalarType.Float64, gradient: null);
        for (var round = 0; round < Rounds; round++)
        {
            for (var size = 4; size <= 1 << 20; size *= 2) full([size], float.NaN).Dispose();
            var actual = Results(layer, x, ScalarType.Float32, expected.Gradient);
            Close.To(expected.Y, actual.Y, Close.OneStep, $"output, round {round}");
            Close.To(expected.Dx, actual.Dx, Close.OneStep, $"gradient of the input, round {round}");
            Close.To(expected.DWeight, actual.DWeight, Close.OneStep, $"gradient of the weight, round {round}");
            Close.To(expected.DBias, actual.DBias, Close.OneStep, $"gradient of the bias, round {round}");
        }
    }

    [Fact]
    public void In_bfloat16_an_output_is_that_in_float32_but_for_rounding_over_memory_with_NaN()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator(7);
        using var layer = new Convolution(3, 3, kernel: 3, CPU, ScalarType.Float32, padding: 1);
        layer.Initialize(random);
        var x = randn([4, 3, 16, 16], generator: random);
        var expected = layer.call(x);
        layer.to(ScalarType.BFloat16);
        for (var round = 0; round < Rounds; round++)
        {
            for (var size = 4; size <= 1 << 20; size *= 2) full([size], float.NaN).Dispose();
            Close.To(expected, layer.call(x.bfloat16()).to(ScalarType.Float32), 0.02, $"output, round {round}");
        }
    }

    private static (Tensor Y, Tensor Dx, Tensor DWeight, Tensor DBias, Tensor Gradient) Results(
        Convolution layer, Tensor x, ScalarType type, Tensor? gradient)
    {
        layer.to(type).zero_grad();
        var input = x.to(type, copy: true).requires_grad_(true);
        var y = layer.call(input);
        using var random = new Generator(6);
        gradient ??= randn(y.shape, generator: random);
        y.backward([gradient.to(type)]);
        return (Single(y), Single(input.grad!), Single(layer.weight.grad!), Single(layer.bias.grad!), gradient);

        static Tensor Single(Tensor tensor) => tensor.detach().to(ScalarType.Float32, copy: true);
    }
}
