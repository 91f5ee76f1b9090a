using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>
/// A model's tensors and what they are under another convention: names, parts, shapes. Pure data, read in both
/// directions.
/// </summary>
/// <remarks>
/// <see cref="Read"/> shows a file of the convention as one of the model, <see cref="Write(ICheckpointFile)"/> one of
/// the model as one of the convention; neither reads a tensor before it is asked for. A map is strict: each name of a
/// file is in the map or listed as ignored, and each name of the map is in the file. <see cref="Problems"/> says
/// whether a map leaves anything of a model out or uses a name twice.
/// </remarks>
/// <param name="Model">The model's name, for messages.</param>
/// <param name="Convention">Whose names these are, for messages: <c>diffusers</c>.</param>
/// <param name="Tensors">Every tensor of the model, in the order of its state dict.</param>
/// <param name="Ignored">
/// Names that a file of the convention may have besides, and that say nothing of the model.
/// </param>
public sealed record NameMap(string Model, string Convention, IReadOnlyList<MappedTensor> Tensors, IReadOnlyList<string> Ignored)
{
    /// <summary>A map without ignored names.</summary>
    public NameMap(string model, string convention, IReadOnlyList<MappedTensor> tensors) : this(model, convention, tensors, []) { }

    /// <summary>The map of a convention that has the model's own names.</summary>
    public static NameMap Identity(string model, string convention, IReadOnlyList<CheckpointEntry> own) =>
        new(model, convention, [.. own.Select(MappedTensor.Same)]);

    /// <summary>Every tensor of the other convention, a copy as an entry of its own.</summary>
    public IEnumerable<CheckpointEntry> Foreign =>
        Parts.SelectMany(static part => part.Names.Select(name => new CheckpointEntry(name, part.Shape)));

    private IEnumerable<ForeignTensor> Parts =>
        Tensors.SelectMany(static tensor => tensor.Match(static stored => stored.Parts, static _ => []));

    /// <summary>
    /// What is lost between a file of the convention and one of the model: a sentence for each tensor.
    /// </summary>
    public IEnumerable<string> Losses => Tensors.OfType<MappedTensor.Computed>().Select(static tensor => tensor.Loss).OfType<string>();

    /// <summary>Whether names are rather those of this convention than the model's own.</summary>
    /// <remarks>
    /// A file with some tensors too many or too few still looks like its convention: what it lacks is for <see
    /// cref="Read"/> to say.
    /// </remarks>
    public bool Fits(IEnumerable<string> names)
    {
        var given = names.ToHashSet(StringComparer.Ordinal);
        var foreign = Foreign.Count(entry => given.Contains(entry.Name));
        return foreign > 0 && foreign >= Tensors.Count(tensor => given.Contains(tensor.Own.Name));
    }

    /// <summary>Whether a file has rather the names of this convention than the model's own.</summary>
    public bool Fits(ICheckpointFile file) => Fits(file.Tensors.Keys);

    /// <summary>
    /// What keeps this map from being one to one between a model and the convention: nothing, or one sentence for each
    /// fault.
    /// </summary>
    /// <param name="own">Every tensor of the model.</param>
    public IReadOnlyList<string> Problems(IReadOnlyList<CheckpointEntry> own) => NameMapCheck.Of(this, own);

    /// <summary>A file of this convention under the model's own names.</summary>
    /// <param name="foreign">The file. Closing the result closes it.</param>
    /// <returns>
    /// What reads as a file of the model: parts go straight into their place in the tensor that is filled.
    /// </returns>
    /// <exception cref="CheckpointMismatchException">
    /// Names or shapes differ from the map's; all of them are listed, as the file calls them.
    /// </exception>
    /// <exception cref="DitException">
    /// Copies of one tensor have different values or types, or the file cannot be read.
    /// </exception>
    public ICheckpointFile Read(ICheckpointFile foreign)
    {
        Require(DifferenceFrom(foreign), Fits(foreign)
            ? $"'{foreign.Path}' has the names of {Convention}, but is not a checkpoint of {Model}"
            : $"'{foreign.Path}' is not a checkpoint of {Model} under the names of {Convention}");
        return new RenamedCheckpoint(foreign, this);
    }

    /// <summary>A file of the model under the names of this convention.</summary>
    /// <param name="own">The file, under the model's own names. Closing the result closes it.</param>
    /// <returns>
    /// What reads as a file of the convention, copies included: the model's tensor is read again for each part of it.
    /// </returns>
    /// <exception cref="CheckpointMismatchException">The file is not one of the model.</exception>
    public ICheckpointFile Write(ICheckpointFile own)
    {
        Require(NameDifference.Between([.. Tensors.Select(static tensor => tensor.Own)], [], own.Tensors),
            $"'{own.Path}' is not a checkpoint of {Model}");
        return new ForeignCheckpoint(own, this);
    }

    /// <summary>A model under the names of this convention.</summary>
    /// <param name="own">The model, which must live as long as the result is used.</param>
    /// <returns>What reads as a file of the convention, copies included.</returns>
    /// <exception cref="CheckpointMismatchException">The module is not the model.</exception>
    public ICheckpointFile Write(nn.Module own) => Write(new ModuleCheckpoint(own));

    /// <summary>
    /// How the names and shapes of a file differ from this convention's: each list is empty where they do not.
    /// </summary>
    public NameDifference DifferenceFrom(ICheckpointFile foreign) => NameDifference.Between([.. Foreign], Ignored, foreign.Tensors);

    /// <summary>
    /// Finds the weights of the model in a file of this convention, whatever prefix their names have in common.
    /// </summary>
    /// <param name="file">
    /// The file; <c>Read(file.Below(place.Prefix))</c> shows the weights as those of the model.
    /// </param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    public WeightsPlace Find(ICheckpointFile file, CheckpointWeights weights = CheckpointWeights.Auto) =>
        WeightsPlace.Find(file, [.. Foreign], Ignored, weights);

    private static void Require(NameDifference difference, string what)
    {
        if (difference.Count > 0)
            throw new CheckpointMismatchException(what, difference);
    }
}

/// <summary>How the tensors of a file differ from those that are wanted.</summary>
/// <param name="Missing">What is wanted and not there.</param>
/// <param name="Unexpected">What is there and not wanted.</param>
/// <param name="Misshaped">What is there in another shape.</param>
public sealed record NameDifference(IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected, IReadOnlyList<ShapeMismatch> Misshaped)
{
    /// <summary>
    /// What is there and not wanted, and of one element: counters and rates that a training script left. They make no
    /// difference.
    /// </summary>
    public IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>How many tensors differ.</summary>
    public int Count => Missing.Count + Unexpected.Count + Misshaped.Count;

    internal static NameDifference Between(
        IReadOnlyList<CheckpointEntry> wanted, IReadOnlyList<string> ignored, IReadOnlyDictionary<string, TensorInfo> given)
    {
        var known = wanted.Select(static entry => entry.Name).Concat(ignored).ToHashSet(StringComparer.Ordinal);
        return new(
            [.. wanted.Select(static entry => entry.Name).Where(name => !given.ContainsKey(name))],
            [.. given.Where(entry => !known.Contains(entry.Key) && entry.Value.Elements != 1).Select(static entry => entry.Key)],
            [.. wanted.Where(entry => given.TryGetValue(entry.Name, out var info) && !info.Shape.SequenceEqual(entry.Shape))
                .Select(entry => new ShapeMismatch(entry.Name, entry.Shape, given[entry.Name].Shape))])
        {
            PassedOver = [.. given.Where(entry => !known.Contains(entry.Key) && entry.Value.Elements == 1)
                .Select(static entry => entry.Key)],
        };
    }
}
