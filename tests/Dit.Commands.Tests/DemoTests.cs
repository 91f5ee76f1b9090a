using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>The demo model as it ships.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly TestFolder folder = new();

    private static string Weights => Path.Combine(AppContext.BaseDirectory, "weights", "shapes.safetensors");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Its_weights_are_there_small_and_of_the_model_as_it_is_declared()
    {
        Assert.InRange(new FileInfo(Weights).Length, 1, 5_000_000);
        using var file = CheckpointFile.Open(Weights);
        Assert.Equal(("Shapes", Shapes.Card.SpecHash), (file.Metadata["dit.model"], file.Metadata["dit.spec"]));
        Assert.Equal(
            """["arrow","circle","crescent","cross","diamond","heart","ring","square","star","triangle"]""",
            file.Metadata["dit.classes"]);
        using var model = Shapes.Load(Weights);
        Assert.All(model.parameters(), static p => Assert.True(p.isfinite().all().item<bool>()));
    }

    [Fact]
    public void Sample_without_weights_named_draws_with_its_own()
    {
        var result = Cli.Run("sample", "--steps", "2", "--count", "1", "--out", folder.Path("demo.png"));

        Assert.Equal(0, result.Code);
        Assert.Contains("Wrote 10 samples of Shapes", result.Out, StringComparison.Ordinal);
        using var picture = ImageFile.ReadTensor(folder.Path("demo.png"));
        Assert.True(picture.shape[1] > 10 * 96);
    }
}
