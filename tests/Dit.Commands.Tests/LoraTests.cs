using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>--lora</c>: adapters are trained, drawn with, and added to the weights.</summary>
public sealed class LoraTests : IDisposable
{
    private readonly TestFolder folder = new();

    public LoraTests()
    {
        ShapesDataset.Write(folder.Path("data"), 12, 1, size: 8);
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 10));
        Train("base", "--lr", "0.01").Succeeds();
    }

    public void Dispose() => folder.Dispose();

    private string Base => folder.Path("base", "weights.safetensors");

    private string Adapters => folder.Path("run", "weights.safetensors");

    private CliResult Train(string run, params string[] more) => Cli.Run(TrainLine(run, more));

    private string[] TrainLine(string run, params string[] more) => Line.With(
        "train",
        [
            ("--data", folder.Path("data")), ("--out", folder.Path(run)), ("--model", folder.Path("small.dit.yaml")), ("--steps", "8"),
            ("--batch", "3"), ("--save-every", "2"), ("--ema", "0"),
        ],
        more);

    private string[] LoraLine(string run, params string[] more) =>
        TrainLine(run, ["--from", Base, "--lora", "2", "--lora-targets", "all", "--lr", "0.05", .. more]);

    private byte[] Draw(string file, string checkpoint, params string[] more)
    {
        Cli.Run(["sample", "--checkpoint", checkpoint, "--count", "1", "--classes", "0,1", "--out", folder.Path(file), .. more]).Succeeds();
        return File.ReadAllBytes(folder.Path(file));
    }

    [Fact]
    public void Adapters_are_trained_drawn_with_and_added_to_the_weights()
    {
        Assert.Contains(
            "Training adapters of rank 2 for Small (", Cli.Run(LoraLine("run")).Succeeds(),
            StringComparison.Ordinal);
        using (var file = CheckpointFile.Open(Adapters))
            Assert.All(file.Tensors.Keys, static name => Assert.Matches(@"^transformer\..*\.lora_[AB]\.weight$", name));
        var alone = Draw("alone.safetensors", Base);
        var drawn = Draw("drawn.safetensors", Base, "--lora", Adapters);
        Assert.NotEqual(alone, drawn);
        Assert.Equal(Tensors("alone.safetensors"), Tensors(Draw("none.safetensors", Base, "--lora", $"{Adapters}:0"), "none.safetensors"));

        Assert.Contains(
            ", with weights.safetensors added",
            Cli.Run(
                    "convert",
                    Base,
                    folder.Path("fused.safetensors"),
                    "--to",
                    "dit",
                    "--model",
                    folder.Path("small.dit.yaml"),
                    "--lora",
                    Adapters)
                .Succeeds(),
            StringComparison.Ordinal);
        Draw("fused-drawn.safetensors", folder.Path("fused.safetensors"));
        Assert.Equal(Tensors("drawn.safetensors"), Tensors("fused-drawn.safetensors"));
        Assert.Contains(
            " --lora weights.safetensors:0.5 --lora weights.safetensors ",
            Cli.Run("inspect", Picture("--lora", $"{Adapters}:0.5", "--lora", Adapters)).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_goes_on_from_the_same_weights()
    {
        Cli.Run(LoraLine("whole")).Succeeds();
        Assert.Equal(DitCommand.Stopped, Cli.RunUntil("step 3/", LoraLine("run")).Code);
        string[] resume = ["train", "--data", folder.Path("data"), "--out", folder.Path("run"), "--resume"];
        Train("other", "--seed", "3").Succeeds();
        Assert.Contains(
            "were trained for different weights of the model",
            Cli.Run([.. resume, "--from", folder.Path("other", "weights.safetensors")]).Mistake(),
            StringComparison.Ordinal);
        Cli.Run(resume).Succeeds(); // the run knows where the weights are
        Assert.All(
            (string[])["weights.safetensors", "checkpoint.safetensors", "loss.csv"],
            file => Assert.Equal(File.ReadAllBytes(folder.Path("whole", file)), File.ReadAllBytes(folder.Path("run", file))));
    }

    [Fact]
    public void Mistakes_are_one_line()
    {
        Assert.Contains("--lora trains adapters of weights that are trained already: name them with --from",
            Train("none", "--lora", "2").Mistake(), StringComparison.Ordinal);
        Assert.Contains("--lora-alpha", Train("none", "--from", Base, "--lora-alpha", "2").Mistake(), StringComparison.Ordinal);
        Assert.Contains("--lora-targets", Train("none", "--from", Base, "--lora-targets", "mlp").Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "The rank of LoRA must be 1 or more", Train("none", "--from", Base, "--lora", "0").Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "A rank of 100 is too large for", Train("none", "--from", Base, "--lora", "100").Mistake(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("none")));
        folder.File("classes.dit.yaml", SmallSpec.Of(classes: 12));
        Assert.Contains($"--lora needs all weights of Small, and '{Base}' does not have y_embedder.embedding_table.weight as",
            Cli.Run(LoraLine("none", "--model", folder.Path("classes.dit.yaml"))).Mistake(), StringComparison.Ordinal);

        Cli.Run(LoraLine("run")).Succeeds();
        Assert.Contains("The file holds adapters (LoRA) and no weights of a model",
            Cli.Run("sample", "--checkpoint", Adapters, "--out", folder.Path("a.png")).Mistake(), StringComparison.Ordinal);
        Assert.Contains("holds no adapters",
            Cli.Run("sample", "--checkpoint", Base, "--lora", Base, "--out", folder.Path("a.png")).Mistake(), StringComparison.Ordinal);
    }

    private string Picture(params string[] more)
    {
        Draw("a.png", Base, more);
        return folder.Path("a.png");
    }

    private Dictionary<string, byte[]> Tensors(byte[] written, string name)
    {
        Assert.NotEmpty(written);
        return Tensors(name);
    }

    private Dictionary<string, byte[]> Tensors(string name)
    {
        using var file = CheckpointFile.Open(folder.Path(name));
        return file.Tensors.Keys.ToDictionary(static tensor => tensor, tensor =>
        {
            using var values = file.Read(tensor);
            return values.bytes.ToArray();
        });
    }
}
