namespace Dit.Kernels;

/// <summary>What one worker needs for itself.</summary>
internal sealed unsafe class FusedScratch : IDisposable
{
    private readonly NativeBuffer y, hidden, heads, keys, values, scores, mixed, sums, side;

    public FusedScratch(ModelSizes sizes, CpuKernels kernels, FusedWorkspace workspace, IReadOnlyList<FusedPhase> phases)
    {
        var (layout, context) = (workspace.Layout, workspace.ContextLayout);
        var rows = PackedWeights.Padded(sizes.Width, kernels.TileRows);
        long tokens = Math.Max(layout.PaddedTokens, context.PaddedTokens), widest = kernels.Lanes * kernels.PanelVectors;
        long head = phases.Max(static phase => phase.HeadRows);
        y = new((long)rows * layout.LargestBlock);
        hidden = new((long)phases.Max(static phase => phase.HiddenRows) * layout.LargestBlock);
        heads = new(Math.Max(1, 3 * head * tokens));
        keys = new(Math.Max(1, head * tokens));
        values = new(Math.Max(1, head * tokens));
        scores = new(tokens * widest);
        mixed = new(Math.Max(1, head * widest));
        sums = new(widest);
        side = new(Math.Max(1, workspace.Weights.SideLength(WeightLayout.DepthBlock, workspace.Weights.PanelsAlike * (int)widest)));
    }

    /// <summary>What a branch gives, (D, tokens of a block).</summary>
    public float* Y => y.Start;

    /// <summary>Some of the hidden features of an MLP, or the patches of a block.</summary>
    public float* Hidden => hidden.Start;

    /// <summary>Queries, keys and values of a head, (3 K, T).</summary>
    public float* Heads => heads.Start;

    /// <summary>Its keys as tiles.</summary>
    public float* Keys => keys.Start;

    /// <summary>Its values as tiles.</summary>
    public float* Values => values.Start;

    /// <summary>Scores of a panel of queries, (keys, width).</summary>
    public float* Scores => scores.Start;

    /// <summary>Their output, (K, width).</summary>
    public float* Mixed => mixed.Start;

    /// <summary>1 / the sums of the softmax, (width).</summary>
    public float* Sums => sums.Start;

    /// <summary>What the layout of the weights keeps beside panels that are alike, in a block of features.</summary>
    public float* Side => side.Start;

    public void Dispose()
    {
        foreach (var buffer in (NativeBuffer[])[y, hidden, heads, keys, values, scores, mixed, sums, side]) buffer.Dispose();
    }
}
