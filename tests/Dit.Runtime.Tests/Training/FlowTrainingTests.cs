using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Training of a generated model of a flow.</summary>
public sealed class FlowTrainingTests : IDisposable
{
    private static readonly TrainingRecipe Short = new() { Steps = 100, BatchSize = 8, LearningRate = 5e-3, EmaDecay = 0.5, Seed = 5 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Images of one brightness, one of three, which is the class.</summary>
    private static TrainingSet<ClassLabels> Data => TrainingSet.OfClasses(12, ["dark", "gray", "bright"], static (indices, _) =>
    {
        using var scope = NewDisposeScope();
        var labels = tensor(Array.ConvertAll(indices, static i => i % 3L));
        var images = (labels.to(ScalarType.Float32) - 1).view(-1, 1, 1, 1).expand(-1, 3, 4, 8).contiguous();
        return (images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    });

    [Fact]
    public void A_hundred_steps_lower_the_loss_leave_no_tensor_behind_and_save_weights_that_carry_the_spec()
    {
        var training = new TrainingFolder(folder["run"]);
        using var model = FlowPixels.Create();
        var before = LiveTensors.Count();
        var losses = new List<double>();

        new Trainer(Short, training).Run(model, Data, new Each<TrainingProgress>(at => losses.Add(at.Losses.Total)));

        Assert.Equal(before, LiveTensors.Count());
        Assert.True(losses[^20..].Average() < 0.8 * losses[..20].Average(), $"{losses[..20].Average()} to {losses[^20..].Average()}");
        using (var file = CheckpointFile.Open(training.Weights))
            Assert.Contains("schedule: flow-gvp", file.Metadata[ModelCard.SpecKey]);
        using var loaded = FlowPixels.Load(training.Weights);
        Assert.Equal(model.state_dict().Keys, loaded.state_dict().Keys);
    }

    [Fact]
    public void The_process_is_the_one_of_the_spec()
    {
        Assert.Equal(
            new FlowTraining { Loss = Prediction.Velocity, Times = new TrainingTimes.LogitNormal(), Shift = 2, CosineLoss = true },
            FlowPixels.Process.Training);
        Assert.Equal((FlowPath.Gvp, Prediction.StartX), (FlowPixels.Process.Path, FlowPixels.Process.Prediction));
        Assert.Equal(new FlowTraining(), FlowGolden.Process.Training);
    }

    [Fact]
    public void A_flow_has_no_form_in_diffusers_and_nothing_is_written()
    {
        using var model = FlowPixels.Create();
        Checkpoint.Save(model, folder["own.safetensors"]);
        using var own = CheckpointFile.Open(folder["own.safetensors"]);

        var error = Assert.Throws<DitException>(() => DiffusersFolder.Save<FlowPixels>(folder["out"], own, null));

        Assert.Contains("Flow-Pixels has no form in diffusers", error.Message);
        Assert.False(Directory.Exists(folder["out"]));
    }
}
