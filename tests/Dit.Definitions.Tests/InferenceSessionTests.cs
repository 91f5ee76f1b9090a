using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Definitions.Tests;

/// <summary>The plan of a model as large as users have.</summary>
public class InferenceSessionTests
{
    private const double Tolerance = 1e-5; // of the largest value

    [Fact]
    public void The_plan_of_DiT_S_2_multiplies_by_Strassens_scheme_and_is_its_forward()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator(1);
        using var model = DiTS2.Create();
        // new ones predict zero
        foreach (var parameter in model.parameters().Where(static p => p.requires_grad)) parameter.normal_(0, 0.02, random);
        using var plan = model.CreateSession();
        var x = randn([3, 4, 32, 32], generator: random);
        x[1] *= 100; // tokens that are halved together are not all as large
        var (t, labels) = (tensor(new long[] { 1, 400, 999 }), tensor(new long[] { 0, 7, 1000 }));

        var (expected, planned) = (model.call(x, t, labels), plan.Forward(x, t, new(labels)));

        Assert.Contains(", Strassen, ", plan.Engine, StringComparison.Ordinal);
        for (var i = 0; i < 3; i++)
        {
            var largest = expected[i].abs().max().item<float>();
            Assert.InRange((expected[i] - planned[i]).abs().max().item<float>(), 0, Tolerance * Math.Max(1, largest));
        }
    }
}
