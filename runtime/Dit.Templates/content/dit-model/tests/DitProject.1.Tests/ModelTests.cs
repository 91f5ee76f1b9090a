using Dit.Spec;
using Dit.Testing;

namespace DitProject._1.Tests;

public class ModelTests
{
    private static readonly ModelSpec Model = Spec.Model("../../model.dit.yaml");

    [Fact]
    public void The_model_has_no_more_than_ten_million_parameters() =>
        Assert.InRange(ModelLayout.Of(Model).ParameterCount, 1, 10_000_000);

    // The names and shapes that a checkpoint must have. A change of this file is a change that trained weights do not
    // survive.
    [Fact]
    public void Trained_weights_still_load() => Snapshot.Verify(string.Join(
        "\n", ModelLayout.Of(Model).Parameters.Select(parameter => $"{parameter.Name}: {string.Join(" x ", parameter.Shape)}")));
}
