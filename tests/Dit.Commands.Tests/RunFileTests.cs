using System.Text;
using System.Text.Json;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands.Tests;

/// <summary>Run files: what they may say, and what their mistakes are called.</summary>
public sealed class RunFileTests
{
    private static RunSettings Settings(string text) => RunFile.Parse(text, "there").Match(
        static set => set(new()), static errors => throw new InvalidOperationException(errors[0].Message));

    private static string[] Errors(string text) => RunFile.Parse(text, "there").Match(
        static _ => [],
        static errors => (string[])[.. errors.Select(static error => CheckedSpec.Line("run.yaml", error))]);

    [Fact]
    public void Every_key_is_read_into_its_place()
    {
        var run = Settings("""
            # a comment
            data: images
            model: Shapes
            out: runs/a
            from: w.safetensors
            recipe: paper
            steps: 7
            batch: 8
            accumulate: 2
            learning_rate: 0.002
            warmup: 3
            schedule: cosine
            weight_decay: 0.05
            decay_matrices: true
            beta1: 0.8
            beta2: 0.95
            clip: 1.5
            min_snr: 5
            seed: -9000000000
            ema: 0.5
            ema_warmup: true
            post_hoc_ema: true
            save_every: 11
            save_minutes: 0.5
            keep: 4
            weights_dtype: bf16
            time_buckets: 16
            tensorboard: true
            flip: false
            skip_unreadable: true
            device: cuda:1
            tf32: true
            """);
        Assert.Equal(
            new TrainingRecipe
            {
                Steps = 7,
                BatchSize = 8,
                Accumulation = 2,
                LearningRate = 0.002,
                WarmupSteps = 3,
                Schedule = LearningRateSchedule.Cosine,
                WeightDecay = 0.05,
                DecayAll = false,
                Beta1 = 0.8,
                Beta2 = 0.95,
                GradientClip = 1.5,
                MinSnrGamma = 5,
                Seed = -9_000_000_000,
                EmaDecay = 0.5,
                EmaWarmup = true,
                PostHocEma = new(),
                HorizontalFlip = false,
            },
            run.Recipe);
        Assert.Equal(
            new TrainingFolder(Path.Combine("there", "runs", "a"), 11, TorchSharp.torch.ScalarType.BFloat16)
            {
                SaveAfter = TimeSpan.FromSeconds(30),
                Keep = 4,
                TimeBuckets = 16,
                TensorBoard = true,
            },
            run.Folder);
        Assert.Equal(
            (Path.Combine("there", "images"), "Shapes", Path.Combine("there", "w.safetensors"), StartRecipe.Paper, true, "cuda:1", true),
            (run.Data?.Value, run.Model?.Value, run.From?.Value, run.Start, run.SkipUnreadable, run.Device, run.TensorFloat32));
    }

    [Fact]
    public void Several_averages_are_a_list() => Assert.Equal(
        (0.9, new EmaDecays(0.99, 0.999), "ema: [0.9, 0.99, 0.999]"),
        Settings("ema: [0.9, 0.99, 0.999]") is var run
            ? (
                run.Recipe.EmaDecay,
                run.Recipe.FurtherEma,
                RunFile.Write(run, "").Split('\n').Single(static line => line.StartsWith("ema:")))
            : default);

    [Fact]
    public void What_is_written_is_read_back_and_paths_count_from_the_folder()
    {
        var run = Settings("data: images\nmodel: ../my.dit.yaml#A\nfrom: /w.safetensors\nlearning_rate: 0.00000001\nclip: 3\nseed: 5\n");
        var text = RunFile.Write(run, Path.Combine("there", "run"));
        Assert.StartsWith(
            """
            data: "../images"
            model: "../../my.dit.yaml#A"
            from: "/w.safetensors"
            recipe: auto
            steps: 400000

            """, text, StringComparison.Ordinal);
        Assert.Contains("\nlearning_rate: 0.00000001\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("min_snr", text, StringComparison.Ordinal);
        Assert.DoesNotContain("out:", text, StringComparison.Ordinal);
        var again = RunFile.Parse(text, Path.Combine("there", "run")).Match(static set => set(new()), static _ => new());
        Assert.Equal(run.Recipe, again.Recipe);
        Assert.Equal(text, RunFile.Write(again, Path.Combine("there", "run")));
    }

    [Theory]
    [InlineData("steps: 5\nlerning_rate: 0.1", "run.yaml(2,1): error DIT002: Unknown key 'lerning_rate'; did you mean 'learning_rate'?")]
    [InlineData("steps: 5\nsteps: 6", "run.yaml(2,1): error DIT005: Key 'steps' appears twice; remove one of them")]
    [InlineData("batch: many", "run.yaml(1,8): error DIT004: 'batch' must be a whole number of at least 1, not 'many'")]
    [InlineData("batch: 1_000", "run.yaml(1,8): error DIT004: 'batch' must be a whole number of at least 1, not '1_000'; write 1000")]
    [InlineData("batch:", "run.yaml(1,7): error DIT004: 'batch' has no value; it must be a whole number of at least 1")]
    [InlineData("batch: 0", "run.yaml(1,8): error DIT007: 'batch' is 0; it must be from 1 to 2147483647")]
    [InlineData("learning_rate: 1e-4", "run.yaml(1,16): error DIT004: 'learning_rate' must be a number above 0, not '1e-4'; write 0.0001")]
    [InlineData("learning_rate: 0", "run.yaml(1,16): error DIT007: 'learning_rate' is 0; it must be above 0")]
    [InlineData("ema: 1", "run.yaml(1,6): error DIT007: 'ema' is 1; it must be from 0 up to, not including, 1")]
    [InlineData("ema: [0.9, 2]", "run.yaml(1,12): error DIT007: 'ema' is 2; it must be from 0 up to, not including, 1")]
    [InlineData("ema: [0.9, 0.99, 0.9]", "run.yaml(1,18): error DIT007: 'ema' has this number twice; remove it here")]
    [InlineData(
        "ema: []",
        "run.yaml(1,6): error DIT004: 'ema' must be a number from 0 up to, not including, 1, or a list of up to 16 such as "
            + "[0.999, 0.9999], not a list")]
    [InlineData("weight_decay: -1", "run.yaml(1,15): error DIT007: 'weight_decay' is -1; it must be at least 0")]
    [InlineData("schedule: cosin", "run.yaml(1,11): error DIT006: 'schedule' cannot be 'cosin'; did you mean 'cosine'?")]
    [InlineData("schedule: step", "run.yaml(1,11): error DIT006: 'schedule' cannot be 'step'; it is one of constant, linear, cosine")]
    [InlineData("flip: no", "run.yaml(1,7): error DIT004: 'flip' must be true or false, not 'no'")]
    [InlineData("data: [a, b]", "run.yaml(1,7): error DIT004: 'data' must be a folder such as data/shapes, not a list")]
    [InlineData("data: on", "run.yaml(1,7): error DIT013: 'data' is on, which YAML readers take for true; quote it, \"on\"")]
    [InlineData(
        "steps: 5\n\tbatch: 3",
        "run.yaml(2,1): error DIT011: This is a tab; YAML is laid out by spaces alone, so write spaces in its place")]
    [InlineData("steps:5\nbatch: 3", "run.yaml(1,6): error DIT001: A space is missing behind the colon of 'steps'; put one there")]
    [InlineData("data: &a x", "run.yaml(1,7): error DIT012: Anchors and aliases are not used in run files; write the value out")]
    [InlineData(
        "",
        "run.yaml(1,1): error DIT001: The file is empty; a run file has settings of 'dit train', such as 'data: DIR' and 'steps: 100000'")]
    [InlineData(
        "steps: 5\n---\nsteps: 6",
        "run.yaml(2,1): error DIT001: A run file holds one YAML document; put the second one into a file of its own")]
    [InlineData(
        "name: x\nversion: 1.0\nscripts: {}",
        "run.yaml(1,1): error DIT019: This is not a run file: it has no line such as 'data: DIR' or 'steps: 100000'; a run file has "
            + "settings of 'dit train', such as data, model, steps, batch and learning_rate")]
    [InlineData(
        "model: A\ndepth: 1\nwidth: 32\nheads: 2\npatch_size: 4\ninput: { channels: 3, size: 8 }\nconditioning: none",
        "run.yaml(1,1): error DIT019: This is a spec, not a run file; name it with --model, or as 'model' in a run file")]
    public void A_mistake_is_named_at_its_place(string text, string error) => Assert.Equal([error], Errors(text));

    [Fact]
    public void All_mistakes_are_named_in_the_order_of_the_file() => Assert.Equal(
        ["run.yaml(1,8): error DIT007", "run.yaml(2,1): error DIT002", "run.yaml(3,7): error DIT004"],
        Errors("steps: 0\nbach: 3\nflip: 1\n").Select(static line => line[..line.LastIndexOf(": ", StringComparison.Ordinal)][..27]));

    [Fact]
    public void Bytes_that_are_no_text_are_named() => Assert.Equal(
        Rule.NotUtf8, RunFile.Parse([0x73, 0xFF, 0x0A], "").ErrorsOrNone.Single().Rule);

    // The list of keys has the ranges that the recipe and the folder hold to.
    public static TheoryData<string, string> OutOfRange
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var key in RunKeys.All)
                foreach (var value in (string[])["-1", "0", "1", "17", "2000000"])
                    if (RunFile.Parse($"{key.Name}: {value}", "").ErrorsOrNone is [{ Rule: var rule }] && rule == Rule.OutOfRange)
                        data.Add(key.Name, value);
            return data;
        }
    }

    [Theory, MemberData(nameof(OutOfRange))]
    public void What_is_out_of_range_in_a_file_is_so_on_the_command_line(string key, string value)
    {
        using var folder = new TestFolder();
        var option = RunKeys.All.Single(one => one.Name == key).Option;
        ShapesDataset.Write(folder.Path("data"), 10, 1, size: 8);
        Assert.Equal(2, Cli.Run("train", "--data", folder.Path("data"), "--out", folder.Path("run"), option, value).Code);
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void The_schema_is_the_one_written_from_the_keys()
    {
        RepositoryFile.Match("definitions/dit-run.schema.json", RunSchema.Json);
        Assert.Equal(RunSchema.Json, Cli.Run("schema", "--of", "run").Succeeds());
        using var schema = JsonDocument.Parse(RunSchema.Json);
        Assert.Equal(
            RunKeys.All.Select(static key => key.Name),
            schema.RootElement.GetProperty("properties").EnumerateObject().Select(static key => key.Name));
    }

    [Fact]
    public void The_page_is_the_one_written_from_the_keys() => RepositoryFile.Match("docs/run-files.md", RunReference.Markdown);
}
