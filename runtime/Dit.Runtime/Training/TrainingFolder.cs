using System.Globalization;
using System.Text;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The files that training leaves in a folder, each of them whole or absent.</summary>
/// <param name="Path">The folder; it is created when missing.</param>
/// <param name="SaveEvery">Steps from one checkpoint to the next.</param>
/// <param name="WeightsType">Type of the numbers in <see cref="Weights"/>.</param>
public sealed record TrainingFolder(string Path, int SaveEvery = 1000, ScalarType WeightsType = ScalarType.Float32)
{
    /// <summary>
    /// The metadata key of the class names of a class-conditional model, a JSON array: label i is the name at i.
    /// </summary>
    /// <remarks>Classes of the model beyond the last name were not in the data, and so were never trained.</remarks>
    public const string ClassesKey = ModelCard.ClassesKey;

    /// <summary>The file name of the list of images that were left out because they cannot be read.</summary>
    public const string UnreadableName = Runtime.UnreadableList.Name;

    /// <summary>
    /// Where a run stands, to sample from: the weights as <c>model.*</c>, their moving average as <c>ema.*</c>.
    /// </summary>
    /// <remarks>The state of the optimizer is not kept: a run cannot be resumed.</remarks>
    public string Checkpoint => System.IO.Path.Combine(Path, "checkpoint.safetensors");

    /// <summary>The finished model: the moving average under the official names.</summary>
    public string Weights => System.IO.Path.Combine(Path, "weights.safetensors");

    /// <summary>The losses of every step.</summary>
    public string LossTable => System.IO.Path.Combine(Path, "loss.csv");

    /// <summary>The losses as a picture.</summary>
    public string LossPlot => System.IO.Path.Combine(Path, "loss.png");

    /// <summary>
    /// The images that were left out because they cannot be read, a line for each; there where there are such.
    /// </summary>
    public string UnreadableList => System.IO.Path.Combine(Path, UnreadableName);

    /// <summary>
    /// Claims the folder for a run, creating it, and finds out before hours of work whether they can be kept.
    /// </summary>
    /// <returns>
    /// The claim, for <see cref="Trainer"/>. It is given up by disposing of it, and with it the folder goes if nothing
    /// was written.
    /// </returns>
    /// <exception cref="DitException">
    /// It cannot be written, a different run writes to it, it holds one of the files already, or a setting makes no
    /// sense.
    /// </exception>
    public FolderClaim Claim()
    {
        if (SaveEvery < 1) throw new DitException($"A checkpoint can be saved every 1 or more steps, not every {SaveEvery}.");
        if (WeightsType is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32))
            throw new DitException($"Weights are saved as float16, bfloat16 or float32, not as {WeightsType}.");
        var claim = FolderClaim.Take(Path);
        try
        {
            string[] files = [Checkpoint, Weights, LossTable, LossPlot, UnreadableList];
            if (files.FirstOrDefault(System.IO.Path.Exists) is { } taken)
                throw new DitException($"'{taken}' exists already, and training would write over it: name another folder, or remove it.");
            AtomicFile.RequireWritable(Checkpoint);
            return claim;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>Writes the checkpoint and the losses so far.</summary>
    internal IEnumerable<string> SaveState(TrainingState state)
    {
        if (!state.Average.IsFinite())
            throw new DitException(
                $"The weights are no longer finite at step {state.Step}; {Kept}. A smaller learning rate or a gradient clip may help.");
        SafeTensors.Save(
            Checkpoint,
            [.. Prefixed("model.", state.Model.state_dict()), .. Prefixed("ema.", state.Average.Tensors)],
            Metadata(state));
        AtomicFile.WriteText(LossTable, Table(state.Losses));
        Plot.LossCurve(LossPlot, $"{state.Card.Name}: losses", Curves(state.Losses), new PlotOptions(LogY: true));
        if (state.Unreadable.Count == 0) return [Checkpoint, LossTable, LossPlot];
        Runtime.UnreadableList.Write(UnreadableList, state.Unreadable);
        return [Checkpoint, LossTable, LossPlot, UnreadableList];
    }

    /// <summary>Writes the finished model.</summary>
    internal string SaveWeights(TrainingState state)
    {
        SafeTensors.Save(Weights, Prefixed("", state.Average.Tensors), Metadata(state), WeightsType);
        return Weights;
    }

    /// <summary>What a failed run says of the last checkpoint.</summary>
    internal string Kept =>
        File.Exists(Checkpoint) ? $"the last good checkpoint is kept in '{Checkpoint}'" : "no checkpoint had been saved";

    private static IEnumerable<(string Name, Tensor Tensor)> Prefixed(string prefix, IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        tensors.Select(pair => (prefix + pair.Key, pair.Value));

    private static Dictionary<string, string> Metadata(TrainingState state)
    {
        var metadata = new Dictionary<string, string>(state.Card.ToMetadata())
        {
            [SafeTensors.FormatKey] = SafeTensors.Format,
            ["dit.step"] = state.Step.ToString(CultureInfo.InvariantCulture),
        };
        if (state.Card.Condition is ModelCondition.Classes)
            metadata.Add(ClassesKey, JsonSerializer.Serialize(state.Classes, TrainingJson.Default.IReadOnlyListString));
        metadata.Add("dit.recipe", JsonSerializer.Serialize(state.Recipe, TrainingJson.Default.TrainingRecipe));
        return metadata;
    }

    // The bound jumps by orders of magnitude with the timesteps that a batch happens to draw: apart, it hides nothing.
    // Where the variance is not learned there is none.
    private static PlotSeries[] Curves(IReadOnlyList<StepLosses> losses)
    {
        var mse = new PlotSeries("mse", [.. losses.Select((loss, i) => new PlotPoint(i + 1, loss.Mse))]);
        return losses.All(static loss => loss.VariationalBound == 0)
            ? [mse]
            : [mse, new("variational bound", [.. losses.Select((loss, i) => new PlotPoint(i + 1, loss.VariationalBound))])];
    }

    private static string Table(IReadOnlyList<StepLosses> losses)
    {
        var table = new StringBuilder("step,loss,mse,vb\n");
        for (var i = 0; i < losses.Count; i++)
            table.Append(
                CultureInfo.InvariantCulture,
                $"{i + 1},{losses[i].Total:G6},{losses[i].Mse:G6},{losses[i].VariationalBound:G6}\n");
        return table.ToString();
    }
}

/// <summary>What a run has reached; it owns nothing.</summary>
internal sealed record TrainingState(
    int Step,
    TrainingRecipe Recipe,
    ModelCard Card,
    IReadOnlyList<string> Classes,
    nn.Module Model,
    ExponentialMovingAverage Average,
    IReadOnlyList<StepLosses> Losses,
    IReadOnlyList<UnreadableImage> Unreadable);
