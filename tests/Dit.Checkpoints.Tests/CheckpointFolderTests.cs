using System.Text;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class CheckpointFolderTests : IDisposable
{
    private const string Standard = "diffusion_pytorch_model.safetensors";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // As in the pipeline of UniDiffuser.
    [Fact]
    public void A_transformer_may_lie_in_unet()
    {
        using (NewDisposeScope())
        {
            Directory.CreateDirectory(folder["unet"]);
            SafeTensors.Save(folder["unet", Standard], [("x", zeros(1))]);
        }
        using var denoiser = CheckpointFile.Open(folder.Root);

        Assert.Equal(folder["unet", Standard], denoiser.Path);
        Assert.Contains(
            "has no folder vae/",
            Assert.Throws<DitException>(() => CheckpointFile.Open(folder.Root, CheckpointComponent.Autoencoder)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipeline_opens_its_denoiser_and_its_autoencoder_with_their_settings()
    {
        Pipeline();
        using (var denoiser = CheckpointFile.Open(folder.Root))
        {
            Assert.Equal(["x"], denoiser.Tensors.Keys);
            Assert.Equal("DiTTransformer2DModel", denoiser.Metadata["config._class_name"]);
            Assert.Equal("28", denoiser.Metadata["config.num_layers"]);
            Assert.Equal("[1,2]", denoiser.Metadata["config.sizes"]);
            Assert.Equal("true", denoiser.Metadata["config.inner.flag"]);
            Assert.Equal("linear", denoiser.Metadata["scheduler.beta_schedule"]);
            Assert.Equal("""{"0": "tench, Tinca tinca"}""", denoiser.Metadata["id2label"]);
            Assert.Equal(folder["transformer", Standard], denoiser.Path);
        }
        using var autoencoder = CheckpointFile.Open(folder.Root, CheckpointComponent.Autoencoder);
        Assert.Equal(["y"], autoencoder.Tensors.Keys);
        Assert.Equal("0.18215", autoencoder.Metadata["config.scaling_factor"]);
    }

    [Theory]
    [InlineData(CheckpointComponent.Denoiser)]
    [InlineData(CheckpointComponent.Autoencoder)]
    public void The_folder_of_one_component_is_that_component_whichever_is_asked_for(CheckpointComponent component)
    {
        Save("a", Standard);
        Write("""{"depth":2}""", "config.json");
        using (var file = CheckpointFile.Open(folder.Root, component))
            Assert.Equal("2", file.Metadata["config.depth"]);
        using (var file = CheckpointFile.Open(folder[Standard], component)) // an ordinary file
            Assert.Empty(file.Metadata);
    }

    [Fact]
    public void What_needs_no_pickle_is_preferred_and_then_full_precision()
    {
        string[] inOrder =
        [
            "diffusion_pytorch_model.fp16.bin", "diffusion_pytorch_model.bin.index.json", "diffusion_pytorch_model.bin",
            "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors.index.json", Standard,
        ];
        SafeTensors.Save(folder["shard"], []);
        foreach (var name in inOrder)
        {
            if (name.EndsWith(".json"))
                Write("""{"weight_map":{}}""", name);
            else if (name.EndsWith(".bin"))
                folder.Write(name, Pickle.Archive(new Pickle().Op('}').Bytes));
            else
                Save("a", name);
            using var file = CheckpointFile.Open(folder.Root);
            Assert.Equal(folder[name], file.Path);
        }
    }

    [Fact]
    public void A_folder_that_is_none_of_these_says_what_was_looked_for_and_what_is_there()
    {
        Assert.Contains("looked for diffusion_pytorch_model.safetensors (also .index.json, .fp16 and .bin), model_index.json and "
            + "transformer/; it holds nothing", Refusal());
        Write("{}", "config.json");
        foreach (var i in Enumerable.Range(10, 12))
            Write("", $"{i}.txt");
        Assert.Contains("it holds 10.txt, 11.txt, 12.txt, 13.txt, 14.txt, 15.txt, 16.txt, 17.txt, 18.txt, 19.txt and 3 more", Refusal());
    }

    [Fact]
    public void A_pipeline_without_the_component_says_so()
    {
        Write("{}", "model_index.json");
        Assert.Contains("has no folder transformer/, where the denoiser of a pipeline lies; it holds model_index.json.", Refusal());
        Assert.Contains("has no folder vae/, where the autoencoder", Refusal(CheckpointComponent.Autoencoder));
        Directory.CreateDirectory(folder["vae"]);
        Assert.Contains("is a folder without a checkpoint", Refusal(CheckpointComponent.Autoencoder));
        File.WriteAllText(folder["transformer"], ""); // a file where the folder should be
        Assert.Contains("Cannot read the folder", Refusal());
    }

    [Theory]
    [InlineData("config.json", "[]", "not a JSON object")]
    [InlineData("config.json", """{"a":1,"a":2}""", "not JSON")]
    [InlineData("config.json", """{"a":"\udc00"}""", "not text")]
    [InlineData("config.json", "", "is empty")]
    [InlineData("../model_index.json", "{", "not JSON")]
    [InlineData("../scheduler/scheduler_config.json", "<", "not JSON")]
    public void Damaged_settings_are_refused_and_the_weights_closed(string file, string text, string reason)
    {
        Pipeline();
        Write(text, "transformer", file);
        Assert.Contains(reason, Refusal());
        using var alone = new FileStream(folder["transformer", Standard], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.CanWrite);
    }

    [Fact]
    public void Settings_that_would_grow_when_written_out_are_refused()
    {
        Save("a", Standard);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Write($$$"""{"{{{new string('k', 1 << 20)}}}":{{{Many(50_000)}}}}""", "config.json");
        Assert.Contains("holds more settings", Refusal());
        Write(Many(100_001), "config.json");
        Assert.Contains("holds more settings", Refusal());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 500_000_000);
    }

    private static string Many(int count) => "{" + string.Join(",", Enumerable.Range(0, count).Select(i => $"\"{i}\":1")) + "}";

    private string Refusal(CheckpointComponent component = CheckpointComponent.Denoiser)
    {
        var e = Assert.Throws<DitException>(() => CheckpointFile.Open(folder.Root, component).Dispose());
        Assert.DoesNotContain('\n', e.Message);
        Assert.Contains(folder.Root, e.Message);
        return e.Message;
    }

    private void Pipeline()
    {
        foreach (var part in new[] { "transformer", "vae", "scheduler" })
            Directory.CreateDirectory(folder[part]);
        Write("""{"_class_name":"DiTPipeline","id2label":{"0": "tench, Tinca tinca"}}""", "model_index.json");
        Write("""{"_class_name":"DiTTransformer2DModel","num_layers":28,"sizes":[1,2],"inner":{"flag":true}}""",
            "transformer", "config.json");
        Write("""{"scaling_factor":0.18215}""", "vae", "config.json");
        Write("""{"beta_schedule":"linear"}""", "scheduler", "scheduler_config.json");
        Save("x", "transformer", Standard);
        Save("y", "vae", Standard);
    }

    private void Save(string tensor, params string[] path)
    {
        using var values = ones(2);
        SafeTensors.Save(folder[path], [(tensor, values)]);
    }

    private void Write(string text, params string[] path) => File.WriteAllBytes(folder[path], Encoding.UTF8.GetBytes(text));
}
