namespace Dit.Commands.Tests;

/// <summary>
/// Words that the spec and the runtime both have. Generated code writes a case of the one by the name of the other, so
/// the names are the same.
/// </summary>
public class SpecTwinTests
{
    [Fact]
    public void Spec_and_runtime_name_the_same_cases()
    {
        Assert.Equal(Enum.GetNames<Spec.Prediction>(), Enum.GetNames<Runtime.Prediction>());
        Assert.Equal(Enum.GetNames<Spec.Variance>(), Enum.GetNames<Runtime.ModelVariance>());
        Assert.Equal(Enum.GetNames<Spec.Numerics>(), Enum.GetNames<Runtime.Numerics>());
    }
}
