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
        Assert.Equal(Enum.GetNames<Spec.Prediction>(), Enum.GetNames<Runtime.Prediction>());
        string[] ofFlows = [nameof(Spec.Variance.None), nameof(Spec.Variance.Ignored)];
        Assert.Equal(Enum.GetNames<Spec.Variance>().Except(ofFlows), Enum.GetNames<Runtime.ModelVariance>());
        Assert.Equal(Enum.GetNames<Spec.LossWeight>(), Enum.GetNames<Runtime.FlowWeight>());
        Assert.Equal(Enum.GetNames<Spec.Numerics>(), Enum.GetNames<Runtime.Numerics>());
    }
}
