using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>What a run does about the folder it writes to, images that cannot be read, and memory.</summary>
public sealed class TrainingRunTests : IDisposable
{
    private static readonly TrainingRecipe Short = new() { Steps = 6, BatchSize = 4, EmaDecay = 0.5, Seed = 5 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name = "run") => new(folder[name]);

    private ImageFolder Shapes()
    {
        ShapesDataset.Write(folder["shapes"], 12, 1, size: 8);
        foreach (var extra in Directory.GetDirectories(folder["shapes"]).Order(StringComparer.Ordinal).Skip(3))
            Directory.Delete(extra, recursive: true);
        return ImageFolder.Open(folder["shapes"]);
    }

    private static TrainingSet<ClassLabels> SetOf(ImageFolder images) => TrainingSet.Of(images, TinyDenoiser.Card.Input);

    [Fact]
    public void An_image_that_fails_midway_is_left_out_and_listed_where_that_is_asked_for()
    {
        var images = Shapes();
        DamagedImage.InTheMiddle(images.Files[1].Path);
        using var model = TinyDenoiser.Create();
        Assert.ThrowsAny<DitException>(() => new Trainer(Short, Run("no")).Run(model, SetOf(images)));

        using var again = TinyDenoiser.Create();
        var result = new Trainer(Short, Run()).Run(again, SetOf(images.SkippingUnreadable([])));
        Assert.Contains(Run().UnreadableList, result.Files);
        Assert.StartsWith($"{images.Files[1].Path} ", Assert.Single(File.ReadAllLines(Run().UnreadableList)), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_float16_does_not_hold_are_refused_and_the_checkpoint_is_named()
    {
        using var model = TinyDenoiser.Create();
        using (no_grad())
        {
            model.pos_embed.fill_(1e6); // not trained
            model.proj.weight.zero_(); // so that the loss of the one step does not see it
        }
        var run = Run() with { WeightsType = ScalarType.Float16 };
        var message = Assert.Throws<DitException>(() => new Trainer(Short with { Steps = 1 }, run).Run(model, SetOf(Shapes()))).Message;
        Assert.Equal(
            $"Tensor 'pos_embed' holds 1000000, and Float16 ends at 65504: keep f32 or bf16. Nothing was written; the last good checkpoint "
                + $"is kept in '{run.Checkpoint}'.",
            message);
        Assert.True(File.Exists(run.Checkpoint));
        Assert.False(File.Exists(run.Weights));
    }

    [Fact]
    public void A_second_run_into_a_folder_is_refused_while_the_first_one_runs()
    {
        var images = Shapes();
        using var model = TinyDenoiser.Create();
        var refused = "";
        new Trainer(Short, Run()).Run(model, SetOf(images), new Each<TrainingProgress>(now =>
        {
            using var other = TinyDenoiser.Create();
            if (now.Step == 1) refused = Assert.Throws<DitException>(() => new Trainer(Short, Run()).Run(other, SetOf(images))).Message;
        }));
        Assert.Contains("A different run is writing to", refused, StringComparison.Ordinal);
        Assert.DoesNotContain(FolderClaim.LockName, Directory.GetFiles(folder["run"]).Select(static path => Path.GetFileName(path)));
    }

    [Fact]
    public void A_claim_that_was_taken_before_is_the_run_s_and_stays_the_caller_s()
    {
        var data = SetOf(Shapes());
        using var model = TinyDenoiser.Create();
        using (var claim = Run().Claim())
        {
            Assert.Contains(
                "claim the folder that is written to",
                Assert.Throws<DitException>(() => new Trainer(Short, Run("other")).Run(model, data, claim: claim)).Message,
                StringComparison.Ordinal);
            new Trainer(Short, Run()).Run(model, data, claim: claim);
            Assert.Throws<DitException>(() => FolderClaim.Take(folder["run"]));
        }
        Assert.True(File.Exists(Run().Weights));
        using (Run("unused").Claim()) Assert.True(Directory.Exists(folder["unused"]));
        Assert.False(Directory.Exists(folder["unused"]));
    }

    [Fact]
    public void A_run_that_is_stopped_before_its_first_step_leaves_no_folder()
    {
        using var model = TinyDenoiser.Create();
        var result = new Trainer(Short, Run("a/b")).Run(model, SetOf(Shapes()), cancellation: new CancellationToken(canceled: true));
        Assert.Equal((0, true), (result.Step, result.Cancelled));
        Assert.False(Directory.Exists(folder["a"]));
    }

    [Fact]
    public void The_need_of_a_batch_is_looked_at_before_a_run_and_on_a_processor_only()
    {
        var trainer = new Trainer(Short with { BatchSize = 100_000 }, Run());
        var data = SetOf(Shapes());
        var wide = TinyDenoiser.Card with { Width = 100_000, Tokens = 10_000, Depth = 100 };
        Assert.Contains(
            "needs about",
            Assert.Throws<DitException>(() => trainer.RequireFit(data, wide, CPU)).Message,
            StringComparison.Ordinal);
        trainer.RequireFit(data, wide, META);
        trainer.RequireFit(data, TinyDenoiser.Card, CPU);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void The_free_memory_is_what_machine_and_control_group_leave()
    {
        Assert.InRange(AvailableMemory.Bytes(), 1, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        Assert.Equal(19_531_264L * 1024, AvailableMemory.OfMachine(["MemTotal:       24633632 kB", "MemAvailable:   19531264 kB"]));
        Assert.Null(AvailableMemory.OfMachine(["MemAvailable: many"]));
        Assert.Null(AvailableMemory.OfGroup(folder["none"]));
        File.WriteAllText(folder["memory.max"], "max\n");
        File.WriteAllText(folder["memory.current"], "600\n");
        Assert.Null(AvailableMemory.OfGroup(folder.Root));
        File.WriteAllText(folder["memory.max"], "1000\n");
        Assert.Equal(400, AvailableMemory.OfGroup(folder.Root));
        File.WriteAllText(folder["memory.stat"], "anon 300\ninactive_file 250\nactive_file 50\n");
        Assert.Equal(650, AvailableMemory.OfGroup(folder.Root));
    }
}
