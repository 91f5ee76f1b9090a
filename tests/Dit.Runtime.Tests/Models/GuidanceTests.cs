using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Which channels guidance changes, for inputs of every number of channels.</summary>
public class GuidanceTests
{
    [Theory]
    [
        InlineData(1, 1),
        InlineData(1, 2),
        InlineData(2, 2),
        InlineData(2, 4),
        InlineData(3, 3),
        InlineData(3, 6),
        InlineData(4, 4),
        InlineData(4, 8),
        InlineData(5, 10)
    ]
    public void The_learned_variance_is_never_guided(int channels, int outputs)
    {
        using var scope = NewDisposeScope();
        var (conditional, unconditional) = (randn(2, outputs, 4, 4), randn(2, outputs, 4, 4));
        var mixed = unconditional + 4.0 * (conditional - unconditional);
        foreach (var (which, guided) in new[] { (GuidanceChannels.FirstThree, Math.Min(3, channels)), (GuidanceChannels.All, channels) })
        {
            var combined = Guidance.Combine(conditional, unconditional, 4, which, channels);
            Assert.True(mixed.narrow(1, 0, guided).allclose(combined.narrow(1, 0, guided), rtol: 1e-6, atol: 1e-6));
            Assert.True(conditional.narrow(1, guided, outputs - guided).Equals(combined.narrow(1, guided, outputs - guided)));
        }
    }

    [Theory]
    [InlineData(3, 3), InlineData(3, 6), InlineData(4, 4), InlineData(4, 8), InlineData(16, 32)]
    public void The_first_three_are_the_official_slice_where_the_input_has_as_many(int channels, int outputs)
    {
        using var scope = NewDisposeScope();
        var (conditional, unconditional) = (randn(2, outputs, 4, 4), randn(2, outputs, 4, 4));
        var half = unconditional[.., ..3] + 1.5 * (conditional[.., ..3] - unconditional[.., ..3]);
        Assert.True(
            cat([half, conditional[.., 3..]], dim: 1)
                .Equals(Guidance.Combine(conditional, unconditional, 1.5, GuidanceChannels.FirstThree, channels)));
    }

    [Fact]
    public void What_cannot_be_guided_is_named()
    {
        using var scope = NewDisposeScope();
        var output = zeros(2, 6, 4, 4);
        Refused("A guidance scale of NaN was given: it must be a finite number.", () =>
            Guidance.Combine(output, output, double.NaN, GuidanceChannels.All, 3));
        Refused("A guidance scale of Infinity was given", () =>
            Guidance.Combine(output, output, double.PositiveInfinity, GuidanceChannels.All, 3));
        Refused("There are no channels '7' to guide: choose FirstThree or All.", () =>
            Guidance.Combine(output, output, 2, (GuidanceChannels)7, 3));
        Refused("(2, 6, 4, 4) and (1, 6, 4, 4)", () => Guidance.Combine(output, output[..1], 2, GuidanceChannels.All, 3));
        Refused("C = 7", () => Guidance.Combine(output, output, 2, GuidanceChannels.All, 7));
        using var model = OfClasses.Create();
        Refused("A guidance scale of NaN", () =>
            model.ForwardWithGuidance(zeros(1, 3, 4, 8), zeros(1), zeros(1, ScalarType.Int64), double.NaN));
    }

    private static void Refused(string message, Func<Tensor> act) =>
        Assert.Contains(message, Assert.Throws<DitException>(act).Message, StringComparison.Ordinal);
}
