using System.Text.RegularExpressions;

namespace Dit.Checkpoints;

/// <summary>Where in a file the weights of a model are, and how they differ from the model's.</summary>
/// <param name="Prefix">
/// What their names begin with, the last dot included; empty where they have the model's own names.
/// </param>
/// <param name="Difference">
/// How the tensors below the prefix differ from those wanted: not at all, where the file has weights of the model.
/// </param>
/// <param name="Others">
/// Other prefixes below which the file has weights of the model that are as good a choice; in a file of one model there
/// are none.
/// </param>
public sealed partial record WeightsPlace(string Prefix, NameDifference Difference, IReadOnlyList<string> Others)
{
    private const string EmaPrefix = "ema.";
    private const string ModelPrefix = "model.";
    private const string LightningPrefix = "state_dict.";
    private const string OptimizerPrefix = "optimizer."; // what an optimizer remembers has the shapes of the weights
    private const int ShownNames = 3;

    private static readonly string[][] Usual = [[EmaPrefix, ModelPrefix], [LightningPrefix + EmaPrefix, LightningPrefix + ModelPrefix]];

    /// <summary>
    /// What keeps the weights from being taken from here, as a sentence: those that are asked for are not there, or
    /// there are several; else null.
    /// </summary>
    public string? Problem { get; private init; }

    // A training checkpoint in its usual form, of which everybody knows what is taken.
    private bool IsUsual { get; init; }

    // What has other names, such as another network's weights or a counter of the averaging.
    private IReadOnlyList<string> Beside { get; init; } = [];

    private string LeftOut => Beside.Count switch
    {
        0 => "",
        1 => $"; 1 other tensor is left out: {Printable.Of(Beside[0])}",
        var count => $"; {count} other tensors are left out: {Printable.Some(Beside, ShownNames)}",
    };

    /// <summary>
    /// The sentences that a user should see when the weights are taken from here; none for a file that has the model's
    /// tensors and no others.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model's name.</param>
    public IEnumerable<string> Notices(string path, string model)
    {
        if (Prefix.Length > 0 && !IsUsual)
            yield return $"'{path}' has the weights of {model} below '{Printable.Of(Prefix)}', and they are taken from there{LeftOut}.";
        if (Difference.PassedOver is { Count: > 0 and var count } scalars)
            yield return $"'{path}' has {count} {(count == 1 ? "scalar" : "scalars")} that {model} does not have, passed over: "
                + $"{Printable.Some(scalars, ShownNames)}.";
    }

    /// <summary>Finds the weights of a model by their names and shapes, whatever prefix they have in common.</summary>
    /// <remarks>
    /// A prefix is one where all tensors of the model follow it, in the model's shapes, and nothing but scalars follows
    /// besides. Of several, those of averaged weights (<c>ema.</c>, <c>model_ema.</c>, <c>module.ema_model.</c>) go
    /// before the others, unless others are asked for. Where there is none, the place is the one where most of the
    /// wanted names are.
    /// </remarks>
    /// <param name="file">The file.</param>
    /// <param name="wanted">The tensors.</param>
    /// <param name="ignored">Names that may be there besides.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    internal static WeightsPlace Find(
        ICheckpointFile file, IReadOnlyList<CheckpointEntry> wanted, IReadOnlyList<string> ignored, CheckpointWeights weights)
    {
        var fitting = Fitting(file, wanted, ignored, weights);
        // Averaged weights that do not fit are not replaced by others in silence.
        if (fitting.Count == 0 || (weights == CheckpointWeights.Auto && !IsAveraged(fitting[0]) && HasAveraged(file, wanted)))
        {
            var (usual, problem) = Usually(file, wanted, weights);
            var prefix = fitting.Count > 0 ? usual : Nearest(file, wanted, usual, weights);
            return new(prefix, NameDifference.Between(wanted, ignored, file.Below(prefix).Tensors), []) { Problem = problem };
        }
        var taken = fitting[0];
        return new(taken, NameDifference.Between(wanted, ignored, file.Below(taken).Tensors), [.. fitting.Skip(1)])
        {
            Problem = fitting.Count == 1
                ? null
                : $"'{file.Path}' has weights of the model below {Printable.Some(fitting.Select(static prefix => $"'{prefix}'"))}, "
                + "and nothing says which are meant: save one of them as a file, or load it with CheckpointFile.Open(path).Below(prefix).",
            Beside = [.. file.Tensors.Keys.Where(name => !name.StartsWith(taken, StringComparison.Ordinal))],
            IsUsual = Usual.Any(pair => pair.Contains(taken) && pair.All(prefix => Has(file, [], prefix, ""))),
        };
    }

    /// <summary>The place, where weights can be taken from it.</summary>
    /// <exception cref="DitException">They cannot, see <see cref="Problem"/>.</exception>
    internal WeightsPlace Certain() => Problem is null ? this : throw new DitException(Problem);

    /// <summary>
    /// What the names of the wanted weights begin with by the usual names of training scripts: those of Lightning are
    /// one level deeper.
    /// </summary>
    /// <exception cref="DitException">The file has none of the weights that are asked for.</exception>
    internal static string Conventional(ICheckpointFile file, CheckpointWeights weights) =>
        Usually(file, [], weights) is var (prefix, problem) && problem is null ? prefix : throw new DitException(problem);

    private static (string Prefix, string? Problem) Usually(
        ICheckpointFile file, IReadOnlyList<CheckpointEntry> map, CheckpointWeights weights)
    {
        var outer = Has(file, map, LightningPrefix, "") ? LightningPrefix : "";
        (string, string?) Only(string prefix) => (outer + prefix, Has(file, map, prefix, outer)
            ? null
            : $"'{file.Path}' holds no tensors named {outer}{prefix}*; it is no training checkpoint with such weights.");
        return weights switch
        {
            CheckpointWeights.Ema => Only(EmaPrefix),
            CheckpointWeights.Model => Only(ModelPrefix),
            _ => (outer + (Has(file, map, EmaPrefix, outer) ? EmaPrefix : Has(file, map, ModelPrefix, outer) ? ModelPrefix : ""), null),
        };
    }

    // A model whose own names begin so is no training checkpoint; scalars, such as ema.decay, are no weights.
    private static bool Has(ICheckpointFile file, IReadOnlyList<CheckpointEntry> map, string prefix, string within) =>
        !map.Any(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal))
        && file.Tensors.Any(tensor => tensor.Value.Elements != 1 && tensor.Key.StartsWith(within + prefix, StringComparison.Ordinal));

    private static bool HasAveraged(ICheckpointFile file, IReadOnlyList<CheckpointEntry> map) =>
        Has(file, map, EmaPrefix, "") || (Has(file, map, LightningPrefix, "") && Has(file, map, EmaPrefix, LightningPrefix));

    // The best ones, the first to be taken.
    private static List<string> Fitting(
        ICheckpointFile file, IReadOnlyList<CheckpointEntry> wanted, IReadOnlyList<string> ignored, CheckpointWeights weights)
    {
        if (wanted.MaxBy(static entry => entry.Name.Length) is not { Name: var anchor })
            return [];
        string[] all = [.. file.Tensors.Keys.Where(name => name.EndsWith(anchor, StringComparison.Ordinal))
            .Select(name => name[..^anchor.Length])
            .Where(static prefix => !prefix.StartsWith(OptimizerPrefix, StringComparison.Ordinal))
            .Where(prefix => wanted.All(entry =>
                file.Tensors.TryGetValue(prefix + entry.Name, out var info) && info.Shape.AsSpan().SequenceEqual(entry.Shape)))
            .Where(prefix => NameDifference.Between(wanted, ignored, file.Below(prefix).Tensors).Count == 0)];
        string[] averaged = [.. all.Where(IsAveraged)], others = [.. all.Except(averaged)];
        return [.. weights switch
        {
            CheckpointWeights.Ema => averaged,
            // Beside no averaged ones, the tensors as they are named are not called trained ones.
            CheckpointWeights.Model => others.Where(prefix => averaged.Length > 0 || prefix is not ("" or LightningPrefix)),
            _ => averaged.Length > 0 ? averaged : others,
        }];
    }

    // Where nothing fits: the prefix below which most of the wanted names are, if that is more than half and more than
    // below the usual one.
    private static string Nearest(ICheckpointFile file, IReadOnlyList<CheckpointEntry> wanted, string usual, CheckpointWeights weights)
    {
        var names = wanted.Select(static entry => entry.Name).ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in file.Tensors.Keys)
            for (var start = 0; start >= 0; start = name.IndexOf('.', start) is >= 0 and var dot ? dot + 1 : -1)
                if (names.Contains(name.AsSpan(start)))
                    found[name[..start]] = found.GetValueOrDefault(name[..start]) + 1;
        var best = found.OrderByDescending(static place => place.Value)
            .ThenByDescending(place => IsAveraged(place.Key) == (weights != CheckpointWeights.Model))
                .ThenBy(static place => place.Key.Length).FirstOrDefault();
        var isAsked = weights == CheckpointWeights.Auto || best.Key?.StartsWith(usual, StringComparison.Ordinal) == true;
        return isAsked && best.Value > found.GetValueOrDefault(usual) && 2 * best.Value > wanted.Count ? best.Key ?? usual : usual;
    }

    /// <summary>Whether names with a prefix are of averaged weights, as far as the prefix says.</summary>
    internal static bool IsAveraged(string prefix) => Averaged().IsMatch(prefix);

    [GeneratedRegex(@"(?:^|[._-])(?:ema|avg|averaged?|swa|shadow)[0-9]*(?:[._-]|$)", RegexOptions.IgnoreCase)]
    private static partial Regex Averaged();
}
