using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A model's tensors and what they are under another convention: names, parts, shapes. Pure data, read in both directions.</summary>
/// <remarks>
/// A map is strict: each name of a file is in the map or listed as ignored, and each name of the map is in the file.
/// <see cref="Problems"/> says whether a map leaves anything of a model out or uses a name twice.
/// </remarks>
/// <param name="Model">The model's name, for messages.</param>
/// <param name="Convention">Whose names these are, for messages: <c>diffusers</c>.</param>
/// <param name="Tensors">Every tensor of the model, in the order of its state dict.</param>
/// <param name="Ignored">Names that a file of the convention may have besides, and that say nothing of the model.</param>
public sealed record NameMap(string Model, string Convention, IReadOnlyList<MappedTensor> Tensors, IReadOnlyList<string> Ignored)
{
    /// <summary>A map without ignored names.</summary>
    public NameMap(string model, string convention, IReadOnlyList<MappedTensor> tensors) : this(model, convention, tensors, []) { }

    /// <summary>The map of a convention that has the model's own names.</summary>
    public static NameMap Identity(string model, string convention, IReadOnlyList<CheckpointEntry> own) =>
        new(model, convention, [.. own.Select(MappedTensor.Same)]);

    /// <summary>Every tensor of the other convention, a copy as an entry of its own.</summary>
    public IEnumerable<CheckpointEntry> Foreign => Parts.SelectMany(static part => part.Names.Select(name => new CheckpointEntry(name, part.Shape)));

    private IEnumerable<ForeignTensor> Parts => Tensors.SelectMany(static tensor => tensor.Match(static stored => stored.Parts, static _ => []));

    /// <summary>Whether names are rather those of this convention than the model's own.</summary>
    /// <remarks>A file with some tensors too many or too few still looks like its convention: what it lacks is for <see cref="Read"/> to say.</remarks>
    public bool Fits(IEnumerable<string> names)
    {
        var given = names.ToHashSet(StringComparer.Ordinal);
        var foreign = Foreign.Count(entry => given.Contains(entry.Name));
        return foreign > 0 && foreign >= Tensors.Count(tensor => given.Contains(tensor.Own.Name));
    }

    /// <summary>Whether a file has rather the names of this convention than the model's own.</summary>
    public bool Fits(ICheckpointFile file) => Fits(file.Tensors.Keys);

    /// <summary>What keeps this map from being one to one between a model and the convention: nothing, or one sentence for each fault.</summary>
    /// <param name="own">Every tensor of the model.</param>
    public IReadOnlyList<string> Problems(IReadOnlyList<CheckpointEntry> own) => NameMapCheck.Of(this, own);

    /// <summary>A file of this convention under the model's own names.</summary>
    /// <param name="foreign">The file. Closing the result closes it.</param>
    /// <returns>What reads as a file of the model: parts go straight into their place in the tensor that is filled.</returns>
    /// <exception cref="CheckpointMismatchException">Names or shapes differ from the map's; all of them are listed, as the file calls them.</exception>
    /// <exception cref="DitException">Copies of one tensor have different values or types, or the file cannot be read.</exception>
    public ICheckpointFile Read(ICheckpointFile foreign)
    {
        Compare(foreign.Path, $"has the names of {Convention}, but ", foreign.Tensors, [.. Foreign], Ignored);
        return new RenamedCheckpoint(foreign, this);
    }

    /// <summary>A file of the model under the names of this convention.</summary>
    /// <param name="own">The file, under the model's own names; it is read when the tensors are.</param>
    /// <returns>Every tensor of the convention, copies included; the same tensor is read again for each of its parts.</returns>
    /// <exception cref="CheckpointMismatchException">The file is not one of the model.</exception>
    public IEnumerable<DeferredTensor> Write(ICheckpointFile own)
    {
        Compare(own.Path, "", own.Tensors, Own, []);
        return Write(name => own.Tensors[name].DType, name => own.Read(name));
    }

    /// <summary>A model under the names of this convention.</summary>
    /// <param name="own">The model, which must live as long as the sequence is used.</param>
    /// <returns>Every tensor of the convention, copies included, as views of the model's.</returns>
    /// <exception cref="CheckpointMismatchException">The module is not the model.</exception>
    public IEnumerable<DeferredTensor> Write(nn.Module own)
    {
        var state = own.state_dict();
        Compare(own.GetName(), "", state.ToDictionary(static t => t.Key, static t => new TensorInfo(t.Value.dtype, t.Value.shape)), Own, []);
        return Write(name => state[name].dtype, name => state[name].detach());
    }

    private IReadOnlyList<CheckpointEntry> Own => [.. Tensors.Select(static tensor => tensor.Own)];

    private IEnumerable<DeferredTensor> Write(Func<string, ScalarType> type, Func<string, Tensor> read) =>
        Tensors.SelectMany(tensor => tensor.Match(stored => Split(stored, type(stored.Own.Name), read), static _ => []));

    private static IEnumerable<DeferredTensor> Split(MappedTensor.Stored tensor, ScalarType type, Func<string, Tensor> read)
    {
        long start = 0;
        foreach (var part in tensor.Parts)
        {
            var first = start;
            foreach (var name in part.Names)
                yield return new(name, new TensorInfo(type, part.Shape), () => Slice(read(tensor.Own.Name), first, part));
            start += part.Elements;
        }
    }

    // Stacked along dimension 0 and row by row: each part is one run of elements.
    private static Tensor Slice(Tensor whole, long start, ForeignTensor part)
    {
        using var scope = NewDisposeScope();
        using (whole)
            return whole.reshape(-1).narrow(0, start, part.Elements).view(part.Shape).MoveToOuterDisposeScope();
    }

    private void Compare(
        string path, string but, IReadOnlyDictionary<string, TensorInfo> given, IReadOnlyList<CheckpointEntry> wanted, IReadOnlyList<string> ignored)
    {
        var known = wanted.Select(static entry => entry.Name).Concat(ignored).ToHashSet(StringComparer.Ordinal);
        string[] missing = [.. wanted.Select(static entry => entry.Name).Where(name => !given.ContainsKey(name))];
        string[] unexpected = [.. given.Keys.Where(name => !known.Contains(name))];
        ShapeMismatch[] misshaped = [.. wanted.Where(entry => given.TryGetValue(entry.Name, out var info) && !info.Shape.SequenceEqual(entry.Shape))
            .Select(entry => new ShapeMismatch(entry.Name, entry.Shape, given[entry.Name].Shape))];
        if (missing.Length + unexpected.Length + misshaped.Length > 0)
            throw new CheckpointMismatchException($"'{path}' {but}is not a checkpoint of {Model}", missing, unexpected, misshaped);
    }
}
