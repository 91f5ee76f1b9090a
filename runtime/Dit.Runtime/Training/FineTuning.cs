using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// What a new model takes over from a checkpoint of a model that need not be the same: one of other classes, of a
/// different image size or depth.
/// </summary>
/// <remarks>
/// Tensors whose name and shape fit are loaded. A learned position table of a different grid is interpolated as
/// <see cref="PositionTable.At"/> does it; fixed positions are the model's own. All else, such as a class table with
/// another number of rows, keeps its initial values.
/// </remarks>
public sealed class FineTuning
{
    // A few biases have the same shape in all models: they alone are nothing to go on from.
    private const double LeastShare = 0.01;
    private const int Shown = 5;

    private readonly ICheckpointFile file; // the caller's
    private readonly PositionTable? table; // as it is in the file
    private readonly PatchGrid grid;

    private FineTuning(ICheckpointFile file, ModelCard card, IReadOnlyList<CheckpointEntry> map)
    {
        this.file = file;
        grid = PatchGrid.Of(card);
        table = TableIn(file, card, map, grid);
        var own = PositionTable.Of(card).Name;
        CheckpointEntry[] trained =
        [
            .. map.Where(entry => !RotaryPositions.IsBuffer(entry.Name)
                && !(entry.Name == own && card.PatchPositions == PositionKind.SinCos)),
        ];
        Loaded = [.. trained.Where(Fits).Select(static entry => entry.Name)];
        Interpolated = [.. trained.Where(entry => !Fits(entry) && entry.Name == table?.Name).Select(static entry => entry.Name)];
        Anew = [.. trained.Select(static entry => entry.Name).Except(Loaded).Except(Interpolated)];
        NotInModel = [.. file.Tensors.Keys.Except(map.Select(static entry => entry.Name))];
        LoadedShare = (double)trained.Where(Fits).Sum(Elements) / Math.Max(1, trained.Sum(Elements));

        bool Fits(CheckpointEntry entry) => file.Tensors.TryGetValue(entry.Name, out var info)
            && info.Shape.AsSpan().SequenceEqual(entry.Shape) && TensorTypes.IsFloatingPoint(info.DType);
    }

    /// <summary>Tensors that are taken over as they are, by the model's names, in its order.</summary>
    public IReadOnlyList<string> Loaded { get; }

    /// <summary>Learned position tables that are interpolated to the model's grid.</summary>
    public IReadOnlyList<string> Interpolated { get; }

    /// <summary>Tensors that keep their initial values.</summary>
    public IReadOnlyList<string> Anew { get; }

    /// <summary>Tensors of the file that the model does not have, in the order of the file.</summary>
    public IReadOnlyList<string> NotInModel { get; }

    /// <summary>Numbers that are loaded, as a part of those that the model trains.</summary>
    public double LoadedShare { get; }

    /// <summary>Finds out what a model can take over; no tensor is read yet.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="file">
    /// A checkpoint of any format and of any names that the model's <c>Load</c> takes; it stays the caller's, and is
    /// open until <see cref="Fill"/> was called.
    /// </param>
    /// <param name="weights">Which weights of a training checkpoint to take; averaged ones if it has any.</param>
    /// <param name="notice">Receives a sentence about what the names in the file begin with.</param>
    /// <exception cref="CheckpointMismatchException">Nothing of the file fits; the message says why.</exception>
    /// <exception cref="DitException">The file has no such weights, or several.</exception>
    public static FineTuning Of<TModel>(
        ICheckpointFile file, CheckpointWeights weights = CheckpointWeights.Auto, Action<string>? notice = null)
        where TModel : nn.Module, IModel<TModel>
    {
        var (card, map) = (TModel.Card, TModel.CheckpointMap);
        var (named, isForeign) = DitNames.Recognize(file, card, map, weights, notice);
        if (isForeign) return new(named, card, map);
        var place = WeightsPlace.Find(named, map, ignored: [], weights).Certain();
        var start = new FineTuning(named.Below(place.Prefix), card, map);
        if (start.LoadedShare >= LeastShare) return start;
        throw new CheckpointMismatchException(
            $"Nothing of '{file.Path}' fits {card.Name}",
            place.Difference,
            MismatchReason.Guess(place.Difference, map, [.. named.Below(place.Prefix).Tensors.Keys], card.Name, PositionTable.Of(card)));
    }

    /// <summary>Takes over into a model what fits of a checkpoint.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="model">A new model; what is not loaded keeps its values.</param>
    /// <param name="path">A checkpoint of any format that <see cref="CheckpointFile.Open(string)"/> reads.</param>
    /// <param name="weights">Which weights of a training checkpoint to take; averaged ones if it has any.</param>
    /// <returns>What was loaded, and what was not.</returns>
    /// <exception cref="CheckpointMismatchException">Nothing of the file fits; the message says why.</exception>
    /// <exception cref="DitException">The file cannot be read, has no such weights, or several.</exception>
    public static FineTuning Load<TModel>(TModel model, string path, CheckpointWeights weights = CheckpointWeights.Auto)
        where TModel : nn.Module, IModel<TModel>
    {
        using var file = CheckpointFile.Open(path);
        var start = Of<TModel>(file, weights);
        start.Fill(model);
        return start;
    }

    /// <summary>Reads what is taken over into a model, converting to the types and devices of its tensors.</summary>
    /// <param name="model">The model; what is not loaded keeps its values.</param>
    /// <exception cref="DitException">The file cannot be read.</exception>
    public void Fill(nn.Module model)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var state = model.state_dict();
        foreach (var name in Loaded) file.CopyInto(name, state[name]);
        foreach (var name in Interpolated)
            if (table is not null)
                state[name].copy_(table.At(file.Read(name, dtype: ScalarType.Float32), grid));
    }

    /// <summary>
    /// All that there is to say, a sentence each: how many tensors are loaded, and the names of the others.
    /// </summary>
    public IEnumerable<string> Sentences()
    {
        yield return $"Loaded {Loaded.Count} {(Loaded.Count == 1 ? "tensor" : "tensors")} of '{file.Path}'";
        if (Interpolated.Count > 0) yield return $"Interpolated to {grid.Rows} x {grid.Columns} patches: {string.Join(", ", Interpolated)}";
        if (Anew.Count > 0) yield return $"Started anew: {Printable.Some(Anew, Shown)}";
        if (NotInModel.Count > 0) yield return $"Not in this model: {Printable.Some(NotInModel, Shown)}";
    }

    /// <summary>
    /// A learned table of a different grid of the same shape; null where the file has none, or where it is not clear
    /// which places are those of patches.
    /// </summary>
    private static PositionTable? TableIn(ICheckpointFile file, ModelCard card, IReadOnlyList<CheckpointEntry> map, PatchGrid grid)
    {
        var name = PositionTable.Of(card).Name;
        if (card.PatchPositions != PositionKind.Learned
            || map.FirstOrDefault(entry => entry.Name == name) is not { Shape: [1, var places, var width] }
            || !file.Tensors.TryGetValue(name, out var info)
            || info.Shape is not [1, var there, var widthThere]
            || width != widthThere
            || !TensorTypes.IsFloatingPoint(info.DType)) return null;
        var before = (int)places - grid.Rows * grid.Columns;
        var rows = (int)Math.Round(Math.Sqrt((there - before) * (double)grid.Rows / grid.Columns));
        var columns = rows * grid.Columns / grid.Rows;
        return rows > 0 && rows * grid.Columns % grid.Rows == 0 && before + (long)rows * columns == there
            ? new(name, rows, columns) { IsLearned = true, Before = before }
            : null;
    }

    private static long Elements(CheckpointEntry entry) => entry.Shape.Aggregate(1L, static (all, side) => all * side);
}
