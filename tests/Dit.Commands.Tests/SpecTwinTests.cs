namespace Dit.Commands.Tests;

/// <summary>
/// Words that the spec and the runtime both have. Generated code writes a case of the one by the name of the other, so
/// the names are the same.
/// </summary>
public class SpecTwinTests
{
    [Fact]
    public void The_runtime_has_every_case_of_the_spec_by_its_name()
    {
        // The runtime converts between predictions that no spec has yet.
        Assert.Empty(Enum.GetNames<Spec.Prediction>().Except(Enum.GetNames<Runtime.Prediction>()));
        Assert.Equal(Enum.GetNames<Spec.Variance>(), Enum.GetNames<Runtime.ModelVariance>());
        Assert.Equal(Enum.GetNames<Spec.Numerics>(), Enum.GetNames<Runtime.Numerics>());
    }
}
