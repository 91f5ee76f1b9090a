namespace Dit.Spec;

/// <summary>The network between the patches of the input and those of the output.</summary>
/// <remarks>
/// Closed: a new case breaks every <see cref="Match{R}"/>. What cards and tables show of every backbone is a property
/// here; the rest belongs to the case. The condition is the model's (<see cref="ModelSpec.Condition"/>); how it enters
/// the blocks is the backbone's.
/// </remarks>
public abstract partial record Backbone
{
    private Backbone() { }

    /// <summary>The word in a spec and on cards: <c>dit</c>.</summary>
    public abstract string Word { get; }

    /// <summary>How the condition enters the blocks, in a word for cards and tables: <c>adaln-zero</c>.</summary>
    public abstract string ConditioningWord { get; }

    /// <summary>What its blocks are called before the word: <c>adaln-zero</c>.</summary>
    public abstract string BlocksWord { get; }

    /// <summary>Number of blocks.</summary>
    public abstract int Depth { get; init; }

    /// <summary>Token width, D.</summary>
    public abstract int Width { get; init; }

    /// <summary>Attention heads, H.</summary>
    public abstract int Heads { get; init; }

    /// <summary>Patch size, P.</summary>
    public abstract int PatchSize { get; init; }

    /// <summary>Width of the MLP's hidden layer; the nominal width of one that is gated.</summary>
    public abstract int HiddenWidth { get; init; }

    /// <summary>What it denoises beside the input, at times of their own; null for a network of images alone.</summary>
    public virtual JointSpec? Joint => null;

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Dit, R> dit, Func<UVit, R> uVit, Func<UniDiffuser, R> uniDiffuser) => this switch
    {
        Dit backbone => dit(backbone),
        UVit backbone => uVit(backbone),
        UniDiffuser backbone => uniDiffuser(backbone),
        _ => throw new InvalidOperationException("Backbone has three cases."),
    };

    /// <summary>
    /// What a model's hash is made of. Published files contain the hash, so the text of each case must never change,
    /// however the types do.
    /// </summary>
    internal abstract string Canonical(ModelSpec spec);
}
