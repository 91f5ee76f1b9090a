using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class DiffusersFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_schedule_is_written_as_what_it_is()
    {
        Assert.Equal(
            """{"_class_name":"DDPMScheduler","clip_sample":false,"num_train_timesteps":500,"prediction_type":"epsilon","steps_offset":""" +
            """0,"variance_type":"fixed_large","beta_schedule":"linear","beta_start":0.0002,"beta_end":0.04}""",
            Scheduler(new(NoiseSchedule.Linear(500), Prediction.Epsilon, ModelVariance.FixedLarge)));
        Assert.Equal(
            """{"_class_name":"DDIMScheduler","clip_sample":false,"num_train_timesteps":10,"prediction_type":"sample","steps_offset":""" +
            """0,"set_alpha_to_one":true,"beta_schedule":"squaredcos_cap_v2"}""",
            Scheduler(new(NoiseSchedule.SquaredCosine(10), Prediction.StartX, ModelVariance.LearnedRange)));
        Assert.Equal(
            """{"_class_name":"DDPMScheduler","clip_sample":false,"num_train_timesteps":1000,"prediction_type":"v_prediction","steps_offset":"""
                + """0,"variance_type":"fixed_small","beta_schedule":"scaled_linear","beta_start":0.00085,"beta_end":0.012}""",
            Scheduler(new(NoiseSchedule.ScaledLinear(), Prediction.Velocity, ModelVariance.FixedSmall)));
        Assert.EndsWith("\"trained_betas\":[0.1,0.25,0.5]}",
            Scheduler(new(NoiseSchedule.FromBetas([0.1, 0.25, 0.5]), Prediction.Epsilon, ModelVariance.FixedSmall)));

        static string Scheduler(GaussianDiffusion diffusion) => DiffusersScheduler.Settings("A", diffusion, clip: false).ToJsonString();
    }

    [Theory]
    [InlineData("id2label", """{"0": "tench, Tinca tinca"}""", """{"0":"tench, Tinca tinca"}""")]
    [InlineData("dit.classes", """["a", "b"]""", """{"0":"a","1":"b"}""")]
    [InlineData("other", "x", null)]
    public void Names_of_classes_are_taken_from_what_a_checkpoint_says(string key, string text, string? labels) =>
        Assert.Equal(labels, DiffusersSettings.Labels("a.pt", new Dictionary<string, string> { [key] = text })?.ToJsonString());

    [Theory]
    [InlineData("id2label", "{")]
    [InlineData("id2label", "[1]")]
    [InlineData("dit.classes", "not json")]
    public void Names_of_classes_that_are_no_json_are_refused(string key, string text) =>
        Assert.Contains("metadata of 'a.pt' are not JSON",
            Assert.Throws<DitException>(() => DiffusersSettings.Labels("a.pt", new Dictionary<string, string> { [key] = text })).Message);

    [Theory]
    [InlineData("norm_eps", "1e-05", null)] // as Python writes it
    [InlineData("out_channels", "null", null)] // the class's default
    [InlineData("_class_name", "Transformer2DModel", null)] // its name until 2024
    [InlineData("norm_eps", "1e-06", "its config.json has norm_eps 1e-06, and Small-Diffusers has 1E-05")]
    [InlineData("patch_size", "4", "its config.json has patch_size 4, and Small-Diffusers has 2")]
    [InlineData("activation_fn", "geglu", "its config.json has activation_fn geglu")]
    [InlineData("sample_size", "64", "name its file of weights rather than the folder")]
    public void A_setting_that_matters_is_held_to_the_models(string key, string value, string? words)
    {
        using var file = CheckpointFile.Open(GoldenFile.Path("diffusers/dit-small.safetensors"))
            .With([KeyValuePair.Create($"config.{key}", value)]);
        var other = DiffusersFolder.OtherSetting(file, SmallDiffusers.Card);
        if (words is null) Assert.Null(other);
        else Assert.Contains(words, other);
    }

    [Fact]
    public void A_folder_is_whole_or_not_there()
    {
        AtomicFolder.Write(folder["a"], path => File.WriteAllText(Path.Combine(path, "x"), "1"));
        Assert.Equal("1", File.ReadAllText(folder["a", "x"]));
        Assert.Throws<OperationCanceledException>(() => AtomicFolder.Write(folder["b"], path =>
        {
            File.WriteAllText(Path.Combine(path, "x"), "1");
            throw new OperationCanceledException();
        }));
        Assert.Contains("Cannot write",
            Assert.Throws<DitException>(() =>
                AtomicFolder.Write(folder["b"], static _ => throw new IOException("The disk is full."))).Message);
        Assert.Contains("exists already",
            Assert.Throws<DitException>(() => AtomicFolder.Write(folder["b"], _ => Directory.CreateDirectory(folder["b"]))).Message);
        Assert.Contains("exists already", Assert.Throws<DitException>(() => AtomicFolder.RequireWritable(folder["a"])).Message);
        Assert.Contains("does not exist",
            Assert.Throws<DitException>(() => AtomicFolder.Write(folder["c", "d"], static _ => { })).Message);
        Assert.Equal(["a", "b"], Directory.GetFileSystemEntries(folder.Root).Select(static path => Path.GetFileName(path)).Order());
        Assert.Empty(Directory.GetFileSystemEntries(folder["b"]));
    }
}
