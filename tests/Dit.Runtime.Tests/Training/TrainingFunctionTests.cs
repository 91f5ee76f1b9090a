using Dit.Kernels;
using Dit.Runtime.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The functions that training takes on the processor, against the operators of libtorch: values, gradients, and
/// gradients of gradients.
/// </summary>
public class TrainingFunctionTests
{
    private const int Heads = 2;

    private static readonly string[] Functions = ["linear", "gelu", "modulate", "residual", "attention"];

    // Sizes that fill no vector and no tile, that fill them all, and more than one task and one block of a product.
    private static readonly (int N, int T, int D, int Out)[] Sizes =
        [(1, 1, 1, 1), (3, 5, 7, 13), (2, 67, 50, 33), (2, 64, 48, 96), (1, 130, 801, 449)];

    public static TheoryData<string, int, int> Cases()
    {
        var cases = new TheoryData<string, int, int>();
        foreach (var function in Functions)
            for (var width = 0; width < TrainingKernels.All.Count; width++)
                for (var size = 0; size < Sizes.Length; size++) cases.Add(function, width, size);
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_function_gives_what_operators_give_and_so_do_its_gradients(string function, int width, int size)
    {
        using var scope = NewDisposeScope();
        using var tools = new TrainingTools(TrainingKernels.All[width], memory: null);
        var inputs = Inputs(function, Sizes[size]);
        var (expected, actual) = (Operators(function, inputs), Kernels(function, inputs, tools));
        Close.To(expected, actual, Close.OneStep, function);
        var along = randn_like(expected);
        foreach (var (wanted, given) in autograd.grad([expected], inputs, [along]).Zip(autograd.grad([actual], inputs, [along])))
            Close.To(wanted, given, Close.OneStep, "gradient of " + function);
    }

    [Theory, InlineData(true, false), InlineData(false, true), InlineData(false, false)]
    public void What_is_frozen_in_a_linear_layer_gets_no_gradient(bool weight, bool bias)
    {
        using var scope = NewDisposeScope();
        using var tools = new TrainingTools(TrainingKernels.All[0], memory: null);
        var inputs = Inputs("linear", Sizes[2]);
        (inputs[1].requires_grad, inputs[2].requires_grad) = (weight, bias);
        var (expected, actual) = (Operators("linear", inputs), Kernels("linear", inputs, tools));
        Close.To(expected, actual, Close.OneStep);
        Tensor[] learned = [.. inputs.Where(static input => input.requires_grad)];
        var along = randn_like(expected);
        foreach (var (wanted, given) in autograd.grad([expected], learned, [along]).Zip(autograd.grad([actual], learned, [along])))
            Close.To(wanted, given, Close.OneStep);
        Kernels("linear", inputs, tools).sum().backward();
        Assert.Equal([true, weight, bias], inputs.Select(static input => input.grad is { IsInvalid: false }));
    }

    public static TheoryData<string, int> Widths()
    {
        var cases = new TheoryData<string, int>();
        foreach (var function in Functions)
            for (var width = 0; width < TrainingKernels.All.Count; width++) cases.Add(function, width);
        return cases;
    }

    [Theory, MemberData(nameof(Widths))]
    public void A_gradient_has_a_gradient(string function, int width)
    {
        using var scope = NewDisposeScope();
        using var tools = new TrainingTools(TrainingKernels.All[width], memory: null);
        var inputs = Inputs(function, (2, 5, 7, 6));
        var second = new[] { Operators(function, inputs), Kernels(function, inputs, tools) }.Select(result =>
        {
            var first = autograd.grad([result.square().sum()], inputs, retain_graph: true, create_graph: true);
            return autograd.grad([first.Aggregate(zeros(1), (sum, gradient) => sum + gradient.sin().sum())], inputs);
        }).ToArray();
        foreach (var (wanted, given) in second[0].Zip(second[1])) Close.To(wanted, given, Close.Loop, function);
    }

    [Theory, InlineData(ScalarType.Float64), InlineData(ScalarType.Float32), InlineData(ScalarType.BFloat16)]
    public void The_layers_take_every_type_and_keep_it(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var x = randn(2, 70, 16, dtype: type, requires_grad: true);
        var row = randn(2, 1, 16, dtype: type, requires_grad: true);
        var linear = nn.Linear(16, 24, dtype: type);
        var y = Functional.Gelu(Functional.Linear(linear, Functional.GatedResidual(x, row, Functional.Modulate(x, row, row))));
        y.sum().backward();
        Assert.Equal((type, type), (y.dtype, (x.grad ?? zeros(0)).dtype));
        Assert.Equal([2, 70, 24], y.shape);
    }

    [Fact]
    public void What_is_expanded_or_transposed_is_taken_as_well()
    {
        using var scope = NewDisposeScope();
        var x = randn(2, 16, 70, requires_grad: true);
        var rows = randn(2, 1, 48, requires_grad: true);
        Tensor Run(bool records)
        {
            using var mode = set_grad_enabled(records);
            var parts = rows.chunk(3, dim: -1);
            var tokens = x.transpose(1, 2);
            return Functional.Gelu(Functional.GatedResidual(tokens, parts[0], Functional.Modulate(tokens, parts[1], parts[2])));
        }
        Close.To(Run(records: false), Run(records: true), Close.OneStep);
        Run(records: true).sum().backward();
        Assert.Equal((true, true), (x.grad is not null, rows.grad is not null));
    }

    private static Tensor Attention(Tensor qkv)
    {
        var parts = qkv.view(qkv.shape[0], qkv.shape[1], 3, Heads, qkv.shape[2] / 3 / Heads).permute(2, 0, 3, 1, 4).unbind(0);
        var weights = (parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt(parts[0].shape[^1])).softmax(-1);
        return weights.matmul(parts[2]).transpose(1, 2).reshape(qkv.shape[0], qkv.shape[1], -1);
    }

    private static Tensor[] Inputs(string function, (int N, int T, int D, int Out) size)
    {
        random.manual_seed(size.D);
        long[][] shapes = function switch
        {
            "linear" => [[size.N, size.T, size.D], [size.Out, size.D], [size.Out]],
            "gelu" => [[size.N, size.T, size.D]],
            "attention" => [[size.N, size.T, 3 * Heads * size.Out]],
            "modulate" => [[size.N, size.T, size.D], [size.N, 1, size.D], [size.N, 1, size.D]],
            _ => [[size.N, size.T, size.D], [size.N, 1, size.D], [size.N, size.T, size.D]],
        };
        var spread = function == "linear" ? 1 / Math.Sqrt(size.D) : 1;
        return [.. shapes.Select(shape => (spread * randn(shape)).detach().requires_grad_())];
    }

    private static Tensor Operators(string function, Tensor[] x) => function switch
    {
        "linear" => nn.functional.linear(x[0], x[1], x[2]),
        "gelu" => nn.functional.gelu(x[0], TorchSharp.Modules.GELU.Approximate.tanh),
        "attention" => Attention(x[0]),
        "modulate" => nn.functional.layer_norm(x[0], [x[0].shape[^1]], eps: 1e-6) * (1 + x[2]) + x[1],
        _ => x[0] + x[1] * x[2],
    };

    private static Tensor Kernels(string function, Tensor[] x, TrainingTools tools) => function switch
    {
        "linear" => LinearFunction.apply(x[0], x[1], x[2], tools),
        "gelu" => GeluFunction.apply(x[0], tools),
        "attention" => AttentionFunction.apply(x[0], Heads, tools),
        "modulate" => ModulateFunction.apply(x[0], x[1], x[2], 1e-6, tools),
        _ => ResidualFunction.apply(x[0], x[1], x[2], tools),
    };
}
