namespace Dit.Spec;

/// <summary>The keys of one backbone, selected by its word.</summary>
/// <remarks>
/// Closed like <see cref="Backbone"/>: a new case breaks every <see cref="Match{R}"/>, its binder first.
/// </remarks>
internal abstract partial record BackboneKeys
{
    private BackboneKeys() { }

    /// <summary>Its keys at the top of a spec, behind <c>backbone</c>.</summary>
    public abstract IReadOnlyList<SpecKey> AtTop { get; }

    /// <summary>Its keys below <c>conditioning</c>: how the condition enters the blocks.</summary>
    public abstract IReadOnlyList<SpecKey> BelowConditioning { get; }

    /// <summary>All that this version has code for, in the order of the language.</summary>
    public static IReadOnlyList<BackboneKeys> All { get; } = [new Dit(), new UVit(), new UniDiffuser()];

    /// <summary>The keys of a backbone.</summary>
    public static BackboneKeys Of(Backbone backbone) =>
        backbone.Match<BackboneKeys>(static _ => new Dit(), static _ => new UVit(), static _ => new UniDiffuser());

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Dit, R> dit, Func<UVit, R> uVit, Func<UniDiffuser, R> uniDiffuser) => this switch
    {
        Dit keys => dit(keys),
        UVit keys => uVit(keys),
        UniDiffuser keys => uniDiffuser(keys),
        _ => throw new InvalidOperationException("BackboneKeys has three cases."),
    };
}
