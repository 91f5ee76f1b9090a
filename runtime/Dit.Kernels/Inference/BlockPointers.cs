namespace Dit.Kernels;

/// <summary>Where the tokens of a block are.</summary>
/// <param name="workspace">All memory.</param>
/// <param name="pass">The pass.</param>
/// <param name="first">The block's first token.</param>
/// <param name="scratch">The worker's own memory.</param>
internal readonly unsafe struct BlockPointers(FusedWorkspace workspace, int pass, int first, FusedScratch scratch)
{
    /// <summary>The block's first token.</summary>
    public readonly int First = first;

    /// <summary>Rows of a panel in memory.</summary>
    public readonly int Rows = workspace.Rows;

    /// <summary>The worker's own memory.</summary>
    public readonly FusedScratch Scratch = scratch;

    /// <summary>The tokens.</summary>
    public float* X => workspace.X(pass) + (long)Rows * First;

    /// <summary>Tokens that a long skip keeps.</summary>
    /// <param name="skip">Which.</param>
    public float* Skip(int skip) => workspace.Skip(pass, skip) + (long)Rows * First;

    /// <summary>What a branch reads, completed for products.</summary>
    public Panels A => workspace.A(pass, First);

    /// <summary>What attention gives.</summary>
    public Panels O => new(workspace.O(pass) + (long)Rows * First, Rows, Scratch.Side);

    /// <summary>What a branch gives.</summary>
    public Panels Y => new(Scratch.Y, Rows);

    /// <summary>How the weights of the blocks lie.</summary>
    public WeightLayout Weights => workspace.Weights;

    /// <summary>The pass's modulation, or its condition's tokens.</summary>
    public float* Condition => (float*)workspace.Conditions[pass];

    /// <summary>Keys and values of the condition's tokens.</summary>
    /// <param name="layer">The number of the step among those that attend to them.</param>
    /// <param name="head">The head.</param>
    public HeadKeys Attended(int layer, int head) =>
        (workspace.Attended[pass] ?? throw new InvalidOperationException("There are no tokens to attend to.")).At(layer, head);

    /// <summary>The input, (C, Y, X).</summary>
    public float* Image => (float*)workspace.Images[pass];

    /// <summary>The output, (C or 2 C, Y, X).</summary>
    public float* Output => (float*)workspace.Outputs[pass];

    /// <summary>Some of the hidden features of an MLP, or the patches of the block.</summary>
    /// <param name="rows">Rows of a panel.</param>
    public Panels Hidden(int rows) => new(Scratch.Hidden, rows, Scratch.Side);
}
