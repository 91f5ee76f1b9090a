using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// Where scales, shifts and gates come from: a layer of each block, or one of the model and a table of each block
/// (adaLN-single, arXiv 2310.00426), named as in PixArt-alpha's code.
/// </summary>
internal sealed partial class DitParts
{
    private const string Shared = "modulation", SharedLayer = "t_block", OwnTable = "scale_shift_table";

    private static readonly Initialization Small = new Initialization.Normal(0.02);

    /// <summary>Whether one layer of the model serves all blocks.</summary>
    public bool IsShared => dit.Block.Modulation == BlockModulation.Shared;

    // Scale and shift of two norms, and the gates of both branches.
    private int Gates => (HasShift ? 4 : 2) + (dit.Variant is ConditioningVariant.AdaLN ? 0 : 2);

    /// <summary>Where a block has them from, in words.</summary>
    public string Source => IsShared
        ? "of both branches from the model's shared modulation and a table of its own"
        : "of both branches regressed from the timestep";

    /// <summary>The layer of the model that serves all blocks; none where each has its own.</summary>
    public Member[] SharedLayers => !IsShared ? [] :
        [Chain(SharedLayer, new Member.Activate(Activation.Silu), new Member.Linear("t_linear", D, Gates * D, Small))];

    /// <summary>The statement that gives what it makes a name.</summary>
    public Statement[] SharedStatements => IsShared ? [Let(Shared, Call(SharedLayer, "c"))] : [];

    /// <summary>What modulates a block: the condition, or what the model made of it.</summary>
    public Value BlockCondition => IsShared ? Shared : "c";

    /// <summary>The argument for it where it is shared.</summary>
    public Argument SharedModulation => new("c", Shape.Of(Dim.Batch, Gates * D), "Modulation that all blocks share");

    /// <summary>The table of a block; none where it has a layer.</summary>
    public Member[] TableOfGates => IsShared ? [Table(Gates)] : [];

    /// <summary>The layer of a block; none where it has a table.</summary>
    public Member[] RegressionOfGates => IsShared ? [] :
        [Modulation(Gates, dit.Variant is ConditioningVariant.AdaLN ? Xavier : Zero)];

    /// <summary>What both give, for every token alike.</summary>
    public Value Regressed => AsToken(IsShared ? new Value.AddTable("c", OwnTable) : Call("adaLN_modulation", "c"));

    // Drawn so that a row has norm 1 (PixArt-alpha's code).
    private Member Table(int rows) => new Member.Table(OwnTable, Shape.Of(rows, D), new Initialization.Normal(1 / Math.Sqrt(spec.Width)));
}
