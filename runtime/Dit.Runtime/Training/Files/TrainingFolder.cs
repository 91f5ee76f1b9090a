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
    private const int StepsOfLoss = 100; // a single step says little: its timesteps decide

    /// <summary>
    /// The metadata key of the class names of a class-conditional model, a JSON array: label i is the name at i.
    /// </summary>
    /// <remarks>Classes of the model beyond the last name were not in the data, and so were never trained.</remarks>
    public const string ClassesKey = ModelCard.ClassesKey;

    /// <summary>The file name of the list of images that were left out because they cannot be read.</summary>
    public const string UnreadableName = Runtime.UnreadableList.Name;

    /// <summary>The file name of the metrics of every step.</summary>
    public const string MetricsName = "metrics.jsonl";

    /// <summary>The file name of the settings of the run.</summary>
    public const string RunFileName = "run.yaml";

    /// <summary>The file name of the spec of the model, beside the settings.</summary>
    public const string SpecName = "model.dit.yaml";

    private const int MostTimeBuckets = 16;

    /// <summary>
    /// Where a run stands, to sample from: the weights as <c>model.*</c>, their moving average as <c>ema.*</c>.
    /// </summary>
    /// <remarks>
    /// It holds AdamW's moments and the losses too, so that the run can go on (<see cref="TrainingCheckpoint"/>).
    /// Earlier ones lie beside it, named after their steps.
    /// </remarks>
    public string Checkpoint => System.IO.Path.Combine(Path, "checkpoint.safetensors");

    /// <summary>
    /// The time after which a checkpoint is saved even if <see cref="SaveEvery"/> steps are not done.
    /// </summary>
    public TimeSpan SaveAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How many checkpoints are kept, the newest included; the one with the least loss, averaged over its last 100
    /// steps, stays besides.
    /// </summary>
    public int Keep { get; init; } = 2;

    /// <summary>
    /// The finished model: the moving average under the official names. With <see cref="TrainingRecipe.Lora"/> the
    /// adapters alone, for <see cref="Lora.Load{TModel}(TModel, string)"/>.
    /// </summary>
    public string Weights => System.IO.Path.Combine(Path, "weights.safetensors");

    /// <summary>The finished model by a further moving average (<see cref="TrainingRecipe.FurtherEma"/>).</summary>
    /// <param name="decay">Its decay.</param>
    public string WeightsOf(double decay) =>
        System.IO.Path.Combine(Path, FormattableString.Invariant($"weights-{decay}.safetensors"));

    /// <summary>
    /// The snapshots of the power-function averages, for <see cref="AverageSnapshots"/>: there where the recipe has
    /// <see cref="TrainingRecipe.PostHocEma"/>.
    /// </summary>
    public string Averages => System.IO.Path.Combine(Path, "averages");

    /// <summary>The losses of every step.</summary>
    public string LossTable => System.IO.Path.Combine(Path, "loss.csv");

    /// <summary>The losses as a picture.</summary>
    public string LossPlot => System.IO.Path.Combine(Path, "loss.png");

    /// <summary>The metrics of every step, a JSON object on a line each (<see cref="TrainingMetrics"/>); they are
    /// written as the run goes on.</summary>
    public string Metrics => System.IO.Path.Combine(Path, MetricsName);

    /// <summary>The mean squared error in intervals of the process's time as a picture.</summary>
    public string LossByTimePlot => System.IO.Path.Combine(Path, "loss-by-time.png");

    /// <summary>In how many equal intervals of the process's time the squared error is measured, 1 to 16.</summary>
    public int TimeBuckets { get; init; } = 4;

    /// <summary>Whether an event file for TensorBoard is written, <c>events.out.tfevents.*</c>.</summary>
    public bool TensorBoard { get; init; }

    /// <summary>
    /// Steps from one grid of samples to the next, the last step besides; 0, the default, draws none. The grids are
    /// drawn with the averaged weights.
    /// </summary>
    public int SampleEvery { get; init; }

    /// <summary>Whether a grid of samples belongs to a step.</summary>
    internal bool HasSamplesAt(int step, int last) => SampleEvery > 0 && (step % SampleEvery == 0 || step == last);

    /// <summary>The folder of the grids of samples, each named after its step: <c>00001000.png</c>.</summary>
    public string Samples => System.IO.Path.Combine(Path, "samples");

    /// <summary>
    /// The settings of the run as the text of a run file, which <c>dit train</c> takes; null for a run that has none.
    /// </summary>
    /// <remarks>
    /// It is written as <see cref="RunFile"/> with each checkpoint, the spec of the model as <see cref="Spec"/> beside
    /// it, and each checkpoint carries it (<see cref="TrainingCheckpoint.RunText"/>). Finished weights do not: it may
    /// name folders of this machine.
    /// </remarks>
    public string? RunText { get; init; }

    /// <summary>The file of the settings: there where there is a <see cref="RunText"/>.</summary>
    public string RunFile => System.IO.Path.Combine(Path, RunFileName);

    /// <summary>The spec of the model: there where there is a <see cref="RunText"/>.</summary>
    public string Spec => System.IO.Path.Combine(Path, SpecName);

    /// <summary>
    /// The images that were left out because they cannot be read, a line for each; there where there are such.
    /// </summary>
    public string UnreadableList => System.IO.Path.Combine(Path, UnreadableName);

    /// <summary>
    /// Claims the folder for a run, creating it, and finds out before hours of work whether they can be kept.
    /// </summary>
    /// <param name="resume">Whether a run goes on whose files are there; what it left half-written is removed.</param>
    /// <returns>
    /// The claim, for <see cref="Trainer"/>. It is given up by disposing of it, and with it the folder goes if nothing
    /// was written.
    /// </returns>
    /// <exception cref="DitException">
    /// It cannot be written, a different run writes to it, it holds one of the files already, or a setting makes no
    /// sense.
    /// </exception>
    public FolderClaim Claim(bool resume = false)
    {
        if (Keep < 1) throw new DitException($"A run keeps 1 or more checkpoints, not {Keep}.");
        if (SaveAfter <= TimeSpan.Zero) throw new DitException($"A checkpoint can be saved after a time above 0, not after {SaveAfter}.");
        if (SaveEvery < 1) throw new DitException($"A checkpoint can be saved every 1 or more steps, not every {SaveEvery}.");
        if (SampleEvery < 0)
            throw new DitException($"Samples can be drawn every 1 or more steps, or never, which is 0; not every {SampleEvery}.");
        if (TimeBuckets is < 1 or > MostTimeBuckets)
            throw new DitException($"The error can be measured in 1 to {MostTimeBuckets} intervals of time, not in {TimeBuckets}.");
        if (WeightsType is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32))
            throw new DitException($"Weights are saved as float16, bfloat16 or float32, not as {WeightsType}.");
        var claim = FolderClaim.Take(Path);
        try
        {
            if (resume) CheckpointShelf.RemoveUnfinished(this);
            string[] files = resume
                ? []
                :
                [
                    Checkpoint,
                    Weights,
                    Averages,
                    LossTable,
                    LossPlot,
                    Metrics,
                    LossByTimePlot,
                    Samples,
                    UnreadableList,
                    .. RunText is null ? Array.Empty<string>() : [RunFile, Spec],
                    .. CheckpointShelf.NewestFirst(this),
                    .. Directory.EnumerateFiles(Path, "weights-*.safetensors"),
                ];
            if (files.FirstOrDefault(System.IO.Path.Exists) is { } taken)
                throw new DitException(
                    $"'{taken}' exists already, and training would write over it: resume that run, name another folder, or remove it.");
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
                $"The weights are no longer finite at step {state.Step}, and a smaller learning rate or a gradient clip may help.");
        string[] settings = [.. SaveSettings(state.Card)];
        SaveAverages(state); // before the checkpoint: a run that goes on from there has the snapshots up to there
        using (NewDisposeScope())
            CheckpointShelf.Put(this, state.Step, path => SafeTensors.Save(
                path,
                [
                    .. Prefixed("model.", state.Learned.state_dict()),
                    .. Prefixed("ema.", state.Average.Tensors),
                    .. Prefixed(TrainingCheckpoint.OptimizerPrefix, state.Optimizer.Moments),
                    (TrainingCheckpoint.LossesName, Tensors(state.Losses)),
                    .. state.Times?.State() ?? [],
                ],
                CheckpointMetadata(state)));
        AtomicFile.WriteText(LossTable, Table(state.Losses));
        Plot.LossCurve(LossPlot, $"{state.Card.Name}: losses", Curves(state.Losses), new PlotOptions(LogY: true));
        var curves = state.ByTime.Curves();
        if (curves.Count > 0) SaveLossByTime($"{state.Card.Name}: mean squared error by time", curves);
        string[] written =
        [
            Checkpoint,
            LossTable,
            LossPlot,
            Metrics,
            .. curves.Count > 0 ? [LossByTimePlot] : Array.Empty<string>(),
            .. TensorBoard ? TensorBoardFile.Of(Path) : [],
            .. settings,
        ];
        if (state.Unreadable.Count == 0) return written;
        Runtime.UnreadableList.Write(UnreadableList, state.Unreadable);
        return [.. written, UnreadableList];
    }

    private IEnumerable<string> SaveSettings(ModelCard card)
    {
        if (RunText is null) yield break;
        AtomicFile.WriteText(RunFile, RunText);
        yield return RunFile;
        if (card.Spec is null) yield break;
        AtomicFile.WriteText(Spec, card.Spec);
        yield return Spec;
    }

    // The points are running means already. A legend of many lines needs a taller picture.
    private void SaveLossByTime(string title, IReadOnlyList<PlotSeries> curves)
    {
        const int Height = 500, OtherThanLegend = 200, LegendLine = 24;
        Plot.LossCurve(LossByTimePlot, title, curves, new PlotOptions(
            Height: Math.Max(Height, OtherThanLegend + LegendLine * curves.Count), YLabel: "mse", LogY: true, Smoothing: 0));
    }

    // Which snapshots there are depends on the steps alone, so that a run that was interrupted leaves the same ones.
    private void SaveAverages(TrainingState state)
    {
        if (state.Optimizer.Powers is not { } powers || (state.Step % SaveEvery != 0 && state.Step != state.Recipe.Steps)) return;
        AtomicFile.CreateFolder(Averages);
        SafeTensors.Save(
            AverageSnapshots.PathOf(Averages, state.Step),
            powers.Snapshot,
            Metadata(state),
            WeightsType == ScalarType.Float16 ? WeightsType : ScalarType.Float32); // bfloat16 has too few digits for differences
    }

    private static double RecentLoss(TrainingState state) => state.Losses.TakeLast(StepsOfLoss).Average(static losses => losses.Total);

    private static Tensor Tensors(IReadOnlyList<StepLosses> losses) => tensor(
        losses.SelectMany(static step => (double[])[step.Total, step.Mse, step.VariationalBound]).ToArray(), [losses.Count, 3]);

    /// <summary>Strings as JSON, as in the metadata of files.</summary>
    internal static string Json(IReadOnlyList<string> words) => JsonSerializer.Serialize(words, TrainingJson.Default.IReadOnlyListString);

    /// <summary>Writes the finished model, by each of its averages.</summary>
    internal IEnumerable<string> SaveWeights(TrainingState state)
    {
        var prefix = state.Lora is null ? "" : LoraFile.Prefix;
        yield return Save(Weights, state.Average.Tensors);
        var further = state.Recipe.FurtherEma?.Values ?? [];
        for (var i = 0; i < further.Count; i++)
        {
            var changing = state.Optimizer.Further.Changing(i).ToDictionary();
            yield return Save(WeightsOf(further[i]), state.Average.Tensors.Select(tensor =>
                KeyValuePair.Create(tensor.Key, changing.GetValueOrDefault(tensor.Key, tensor.Value))));
        }

        string Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors)
        {
            SafeTensors.Save(path, Prefixed(prefix, tensors), Metadata(state), WeightsType);
            return path;
        }
    }

    /// <summary>The grid of samples of a step.</summary>
    internal string SamplesAt(int step) =>
        System.IO.Path.Combine(Samples, string.Create(CultureInfo.InvariantCulture, $"{step:D8}.png"));

    /// <summary>What a failed run says of the last checkpoint.</summary>
    internal string Kept =>
        File.Exists(Checkpoint) ? $"the last good checkpoint is kept in '{Checkpoint}'" : "no checkpoint had been saved";

    /// <summary>What a run that has diverged says of the last checkpoint before the first bad step.</summary>
    internal string KeptBefore(int step) => CheckpointShelf.NewestBefore(this, step) is { } path
        ? $"the last good checkpoint is kept in '{path}'"
        : "no checkpoint had been saved before";

    private static IEnumerable<(string Name, Tensor Tensor)> Prefixed(string prefix, IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        tensors.Select(pair => (prefix + pair.Key, pair.Value));

    private Dictionary<string, string> CheckpointMetadata(TrainingState state)
    {
        var metadata = Metadata(state);
        metadata.Add(TrainingCheckpoint.LossKey, RecentLoss(state).ToString("R", CultureInfo.InvariantCulture));
        metadata.Add(TrainingCheckpoint.ImagesKey, state.Images.ToString(CultureInfo.InvariantCulture));
        if (state.Recipe.Precision == TrainingPrecision.Float16)
            metadata.Add(
                TrainingCheckpoint.LossScaleKey,
                JsonSerializer.Serialize(state.Optimizer.LossScale, TrainingJson.Default.LossScale));
        if (RunText is not null) metadata.Add(TrainingCheckpoint.RunKey, RunText);
        return metadata;
    }

    private static Dictionary<string, string> Metadata(TrainingState state)
    {
        var metadata = new Dictionary<string, string>(state.Card.ToMetadata())
        {
            [SafeTensors.FormatKey] = SafeTensors.Format,
            [TrainingCheckpoint.StepKey] = state.Step.ToString(CultureInfo.InvariantCulture),
        };
        if (state.Card.Condition is ModelCondition.Classes)
            metadata.Add(ClassesKey, Json(state.Classes));
        metadata.Add(TrainingCheckpoint.RecipeKey, JsonSerializer.Serialize(state.Recipe, TrainingJson.Default.TrainingRecipe));
        foreach (var (key, value) in state.Lora?.Metadata ?? []) metadata[key] = value;
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
/// <remarks>
/// <c>Learned</c> is what is trained, the model or the state of its adapters; <c>Lora</c> is null for the model.
/// </remarks>
internal sealed record TrainingState(
    int Step,
    TrainingRecipe Recipe,
    ModelCard Card,
    IReadOnlyList<string> Classes,
    int Images,
    nn.Module Learned,
    Lora? Lora,
    AdamWWithEma Optimizer,
    IReadOnlyList<StepLosses> Losses,
    IReadOnlyList<UnreadableImage> Unreadable,
    LossByTime ByTime)
{
    public ExponentialMovingAverage Average => Optimizer.Average;

    /// <summary>What times are drawn by; null where the process draws them.</summary>
    public LossSecondMoment? Times { get; init; }
}
