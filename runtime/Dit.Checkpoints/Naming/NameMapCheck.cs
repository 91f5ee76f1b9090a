namespace Dit.Checkpoints;

/// <summary>Whether a map is total and one to one.</summary>
internal static class NameMapCheck
{
    /// <summary>A sentence for each fault.</summary>
    public static IReadOnlyList<string> Of(NameMap map, IReadOnlyList<CheckpointEntry> own) =>
    [
        .. Totality(map, own),
        .. map.Tensors.SelectMany(Parts),
        .. Twice(map.Foreign.Select(static entry => entry.Name).Concat(map.Ignored))
            .Select(name => $"The name '{name}' of {map.Convention} stands for two tensors."),
    ];

    private static IEnumerable<string> Totality(NameMap map, IReadOnlyList<CheckpointEntry> own)
    {
        var wanted = own.ToDictionary(static entry => entry.Name);
        string[] given = [.. map.Tensors.Select(static tensor => tensor.Own.Name)];
        foreach (var name in wanted.Keys.Except(given))
            yield return $"The map leaves out '{name}'.";
        foreach (var name in given.Except(wanted.Keys))
            yield return $"The map has '{name}', and the model has not.";
        foreach (var name in Twice(given))
            yield return $"The map has '{name}' twice.";
        foreach (var entry in map.Tensors.Select(static tensor => tensor.Own))
            if (wanted.TryGetValue(entry.Name, out var model) && !model.Shape.SequenceEqual(entry.Shape))
                yield return $"The map has '{entry.Name}' as {TensorInfo.ShapeText(entry.Shape)}, the model as "
                    + $"{TensorInfo.ShapeText(model.Shape)}.";
    }

    private static IEnumerable<string> Parts(MappedTensor tensor) => tensor.Match(Faults, static _ => []);

    private static IEnumerable<string> Faults(MappedTensor.Stored tensor)
    {
        if (tensor.Parts.Count == 0 || tensor.Parts.Any(static part => part.Names.Count == 0))
            yield return $"'{tensor.Own.Name}' has no name.";
        var elements = new ForeignTensor([], tensor.Own.Shape).Elements;
        if (tensor.Parts.Sum(static part => part.Elements) is var sum && sum != elements)
            yield return $"The parts of '{tensor.Own.Name}' have {sum} elements; it has {elements}.";
        if (tensor.Parts.Select(static part => string.Join(' ', part.Shape.Skip(1))).Distinct().Count() > 1)
            yield return $"The parts of '{tensor.Own.Name}' cannot be stacked: they differ in more than dimension 0.";
    }

    private static IEnumerable<string> Twice(IEnumerable<string> names) =>
        names.GroupBy(static name => name).Where(static g => g.Skip(1).Any()).Select(static g => g.Key);
}
