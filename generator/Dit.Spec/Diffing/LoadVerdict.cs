namespace Dit.Spec;

/// <summary>What a checkpoint of one model is to another.</summary>
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

    /// <summary>Names and shapes are the same, and the weights compute what they did.</summary>
    public sealed record AsItIs : LoadVerdict;

    /// <summary>
    /// Names and shapes are the same, so that loading notices nothing, but the weights were trained for something else.
    /// </summary>
    /// <param name="Because">The settings that make the difference.</param>
    public sealed record LoadsWithOtherMeaning(EquatableArray<SettingChange> Because) : LoadVerdict;

    /// <summary>
    /// The grid of patches is another, and the fixed position table is all that depends on it: it loads when the table
    /// is recomputed.
    /// </summary>
    /// <param name="LoadingNotices">
    /// Whether the table's shape differs. Grids of equally many patches, 16 x 24 and 24 x 16, have tables of one shape.
    /// </param>
    /// <param name="AlsoMeans">Settings that give the weights another meaning besides; none as a rule.</param>
    public sealed record RecomputePositions(bool LoadingNotices, EquatableArray<SettingChange> AlsoMeans) : LoadVerdict;

    /// <summary>Tensors are missing, left over or of another shape.</summary>
    /// <param name="Because">These.</param>
    public sealed record DoesNotLoad(EquatableArray<ParameterChange> Because) : LoadVerdict;

    /// <summary>What a checkpoint of <paramref name="a"/> is to <paramref name="b"/>.</summary>
    internal static LoadVerdict Of(ModelSpec a, ModelSpec b, IEnumerable<SettingChange> settings, PlanDiff plan)
    {
        var differing = plan.NotKept.ToEquatableArray();
        if (differing.Any(static change => change is not ParameterChange.Reshaped { IsPositionTable: true }))
            return new DoesNotLoad(differing);
        // A setting that decides tensors and yet left them all alone decides what is in them.
        var meaning = settings.Where(static s => s.Impact is Impact.Meaning or Impact.Tensors).ToEquatableArray();
        if ((a.GridHeight, a.GridWidth) != (b.GridHeight, b.GridWidth)) return new RecomputePositions(differing.Count > 0, meaning);
        return meaning.Count > 0 ? new LoadsWithOtherMeaning(meaning) : new AsItIs();
    }
}
