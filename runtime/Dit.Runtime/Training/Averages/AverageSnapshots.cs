using System.Globalization;
using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The snapshots of the averages that a run with <see cref="TrainingRecipe.PostHocEma"/> has left: an average of any
/// length is reconstructed from them (Karras et al., arXiv 2312.02696, section 3.2).
/// </summary>
public sealed class AverageSnapshots
{
    /// <summary>The metadata key of the length of a reconstructed average.</summary>
    public const string LengthKey = "dit.average.length";

    private readonly IReadOnlyList<Snapshot> snapshots; // the last one last

    private AverageSnapshots(IReadOnlyList<Snapshot> snapshots) => this.snapshots = snapshots;

    /// <summary>How many there are.</summary>
    public int Count => snapshots.Count;

    /// <summary>The step of the last one, at which averages are reconstructed.</summary>
    public int Step => snapshots[^1].Step;

    /// <summary>Finds the snapshots of a run; no tensor is read yet.</summary>
    /// <param name="run">The folder of the run.</param>
    /// <exception cref="DitException">There are none, one is damaged, or they are of different runs.</exception>
    public static AverageSnapshots Of(string run)
    {
        var folder = new TrainingFolder(run).Averages;
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.safetensors") : [];
        if (files.Length == 0)
            throw new DitException(
                $"'{run}' has no snapshots of averages: name the folder of a run that was trained with --post-hoc-ema and has saved one.");
        Snapshot[] all = [.. files.Select(Snapshot.Read).OrderBy(static snapshot => snapshot.Step)];
        if (all.FirstOrDefault(one => one.Spec != all[^1].Spec || one.Averages != all[^1].Averages) is { } other)
            throw new DitException($"'{other.Path}' and '{all[^1].Path}' are of different runs: remove those of one of them.");
        if (all.Zip(all.Skip(1)).FirstOrDefault(static pair => pair.First.Step == pair.Second.Step) is ({ } one, { } twin))
            throw new DitException($"'{one.Path}' and '{twin.Path}' are of the same step, {one.Step}: remove one of them.");
        return new(all);
    }

    /// <summary>The path of a snapshot.</summary>
    /// <param name="folder">The folder of snapshots.</param>
    /// <param name="step">Its step.</param>
    internal static string PathOf(string folder, int step) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{step:D8}.safetensors"));

    /// <summary>
    /// How the snapshots are combined: the coefficients of the shorter average of each snapshot in the order of steps,
    /// and then those of the longer one.
    /// </summary>
    /// <param name="length">sigma_rel, above 0 and at most <see cref="PowerProfile.LargestLength"/>.</param>
    /// <exception cref="DitException">There is no average of this length.</exception>
    public PowerFit Fit(double length) => PowerProfile.OfLength(Step, length).FitBy(
        [.. snapshots[0].Averages.Lengths.SelectMany(own => snapshots.Select(one => PowerProfile.OfLength(one.Step, own)))]);

    /// <summary>Writes the average of a length, at the step of the last snapshot, as weights of the model.</summary>
    /// <param name="length">sigma_rel, above 0 and at most <see cref="PowerProfile.LargestLength"/>.</param>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="dtype">Type of the numbers in it.</param>
    /// <param name="progress">Receives the number of snapshots that have been read.</param>
    /// <param name="cancellation">Stops before the next snapshot; nothing is written then.</param>
    /// <returns>How the snapshots were combined.</returns>
    /// <exception cref="DitException">
    /// There is no average of this length, a snapshot cannot be read, or the file cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public PowerFit Write(
        double length, string path, ScalarType dtype = ScalarType.Float32, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        var fit = Fit(length);
        AtomicFile.RequireWritable(path);
        using var scope = NewDisposeScope();
        var sums = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        for (var i = 0; i < Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            snapshots[i].AddTo(sums, [.. snapshots[i].Averages.Lengths.Select((_, own) => fit.Coefficients[own * Count + i])]);
            progress?.Report(i + 1);
        }
        var (last, metadata) = (snapshots[^1], new Dictionary<string, string>(snapshots[^1].Metadata));
        metadata[LengthKey] = length.ToString("R", CultureInfo.InvariantCulture);
        SafeTensors.Save(path, [.. sums.Select(static sum => (sum.Key, sum.Value)), .. last.FixedTensors()], metadata, dtype);
        return fit;
    }

    private sealed record Snapshot(string Path, int Step, PostHocEma Averages, IReadOnlyDictionary<string, string> Metadata)
    {
        public string? Spec => Metadata.GetValueOrDefault(ModelCard.SpecHashKey);

        public static Snapshot Read(string path)
        {
            using var file = SafeTensorsFile.Open(path);
            return int.TryParse(
                    file.Metadata.GetValueOrDefault(TrainingCheckpoint.StepKey),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var step)
                && step > 0
                && file.Holds(PowerAverages.Prefix(0))
                && AveragesOf(file) is { } averages
                ? new(path, step, averages, file.Metadata)
                : throw new DitException($"'{path}' is no snapshot of the averages of a run.");
        }

        /// <summary>Adds the averages of this snapshot, each times a coefficient, to sums in float64.</summary>
        public void AddTo(OrderedDictionary<string, Tensor> sums, IReadOnlyList<double> coefficients)
        {
            using var file = SafeTensorsFile.Open(Path);
            foreach (var name in file.Tensors.Keys.Where(static name => name.StartsWith(PowerAverages.Prefix(0), StringComparison.Ordinal)))
            {
                var own = name[PowerAverages.Prefix(0).Length..];
                if (!sums.TryGetValue(own, out var sum)) sums.Add(own, sum = zeros(file.Tensors[name].Shape, ScalarType.Float64));
                using var scope = NewDisposeScope();
                for (var i = 0; i < coefficients.Count; i++)
                {
                    using TorchSharp.Scalar coefficient = coefficients[i];
                    sum.add_(file.Read(PowerAverages.Prefix(i) + own, dtype: ScalarType.Float64), coefficient);
                }
            }
        }

        /// <summary>The tensors that are not trained, and so are no average.</summary>
        public IReadOnlyList<(string Name, Tensor Tensor)> FixedTensors()
        {
            using var file = SafeTensorsFile.Open(Path);
            return [.. file.Tensors.Keys.Where(static name => PowerAverages.FixedName(name) is not null)
                .Select(name => (PowerAverages.FixedName(name) ?? name, file.Read(name)))];
        }

        private static PostHocEma? AveragesOf(SafeTensorsFile file)
        {
            try
            {
                return file.Metadata.TryGetValue(TrainingCheckpoint.RecipeKey, out var recipe)
                    ? JsonSerializer.Deserialize(recipe, TrainingJson.Default.TrainingRecipe)?.PostHocEma
                    : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
