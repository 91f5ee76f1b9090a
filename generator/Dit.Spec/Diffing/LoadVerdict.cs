namespace Dit.Spec;

/// <summary>Whether a checkpoint of one model loads into a different one, and what its weights then mean.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record LoadVerdict
{
    private LoadVerdict() { }

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(
        Func<AsItIs, R> asItIs,
        Func<LoadsWithOtherMeaning, R> loadsWithOtherMeaning,
        Func<RecomputePositions, R> recomputePositions,
        Func<DoesNotLoad, R> doesNotLoad) => this switch
        {
            AsItIs verdict => asItIs(verdict),
            LoadsWithOtherMeaning verdict => loadsWithOtherMeaning(verdict),
            RecomputePositions verdict => recomputePositions(verdict),
            DoesNotLoad verdict => doesNotLoad(verdict),
            _ => throw new InvalidOperationException("LoadVerdict has four cases."),
        };

    /// <summary>Names and shapes are the same, and the weights compute the same function.</summary>
    public sealed record AsItIs : LoadVerdict;

    /// <summary>
    /// Names and shapes are the same, so loading succeeds, but the weights were trained for a different setting.
    /// </summary>
    /// <param name="Because">The settings that changed their meaning.</param>
    public sealed record LoadsWithOtherMeaning(EquatableArray<SettingChange> Because) : LoadVerdict;

    /// <summary>
    /// The grid of patches differs, and only the fixed position table depends on it: the checkpoint loads if the table
    /// is recomputed.
    /// </summary>
    /// <param name="LoadingNotices">
    /// Whether the table's shape differs. Grids with the same number of patches, 16 x 24 and 24 x 16, have tables of
    /// the same shape.
    /// </param>
    /// <param name="AlsoMeans">Settings that also change what the weights mean; usually empty.</param>
    public sealed record RecomputePositions(bool LoadingNotices, EquatableArray<SettingChange> AlsoMeans) : LoadVerdict;

    /// <summary>Tensors are missing, unexpected or of a different shape.</summary>
    /// <param name="Because">Those tensors.</param>
    public sealed record DoesNotLoad(EquatableArray<ParameterChange> Because) : LoadVerdict;

    /// <summary>Whether a checkpoint of <paramref name="a"/> loads into <paramref name="b"/>.</summary>
    internal static LoadVerdict Of(ModelSpec a, ModelSpec b, IEnumerable<SettingChange> settings, LayoutDiff layout)
    {
        var differing = layout.NotKept.ToEquatableArray();
        if (differing.Any(static change => change is not ParameterChange.Reshaped { IsPositionTable: true }))
            return new DoesNotLoad(differing);
        // A changed setting that could change shapes, and did not, changes what the tensors contain.
        var meaning = settings.Where(static s => s.Impact is Impact.Meaning or Impact.Tensors).ToEquatableArray();
        var isRecomputed = settings.Any(static s => s.Impact == Impact.Positions);
        if (isRecomputed && (a.GridHeight, a.GridWidth) != (b.GridHeight, b.GridWidth))
            return new RecomputePositions(differing.Count > 0, meaning);
        return meaning.Count > 0 ? new LoadsWithOtherMeaning(meaning) : new AsItIs();
    }
}
