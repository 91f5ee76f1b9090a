namespace Dit.Kernels;

/// <summary>
/// Steps of a pass that are done together: its tasks are independent, and the next phase of the pass begins when all
/// are done.
/// </summary>
internal abstract unsafe class FusedPhase
{
    /// <summary>Rows of a head in memory; 0 where there is no attention.</summary>
    public virtual int HeadRows => 0;

    /// <summary>Rows of hidden features at once; 0 where there are none.</summary>
    public virtual int HiddenRows => 0;

    /// <summary>Tasks of one pass, which can be done in any order.</summary>
    public abstract int Tasks(FusedWorkspace workspace);

    /// <summary>Does one.</summary>
    public abstract void Run(FusedWorkspace workspace, int task, FusedScratch scratch);
}

/// <summary>Steps that are done token by token: a task is a block of a sample's tokens.</summary>
internal sealed unsafe class TokenPhase(TokenStep[] steps) : FusedPhase
{
    public override int HiddenRows => steps.Max(static step => step.HiddenRows);

    public override int HeadRows => steps.Max(static step => step.HeadRows);

    public override int Tasks(FusedWorkspace workspace) => workspace.Layout.Blocks.Length;

    public override void Run(FusedWorkspace workspace, int task, FusedScratch scratch)
    {
        var blocks = workspace.Layout.Blocks.Length;
        var panels = workspace.Layout.Panels.AsSpan()[workspace.Layout.Blocks[task % blocks]];
        var place = new BlockPointers(workspace, task / blocks, panels[0].First, scratch);
        foreach (var step in steps) step.Run(place, panels);
    }
}

/// <summary>Attention: a task is a head of a sample.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="query">What gives queries, and for self-attention keys and values below them.</param>
/// <param name="pair">What gives keys and values from the condition's tokens; null for self-attention.</param>
/// <param name="queryBias">
/// Biases of the queries, head by head. Keys need none: it adds the same to all scores of a query. That of the values
/// is in the projection's.
/// </param>
/// <param name="headWidth">K.</param>
/// <param name="preparation">
/// What is done with queries and keys of self-attention before they meet; null where they enter as they are.
/// </param>
internal sealed unsafe class AttentionPhase(
    CpuKernels kernels, PackedWeights[] query, PackedWeights[]? pair, NativeBuffer queryBias, int headWidth,
    HeadPreparation? preparation = null) : FusedPhase
{
    private readonly float scale = 1f / MathF.Sqrt(headWidth);

    public override int HeadRows { get; } = PackedWeights.Padded(headWidth, kernels.TileRows);

    public override int Tasks(FusedWorkspace workspace) => query.Length;

    public override void Run(FusedWorkspace workspace, int task, FusedScratch scratch)
    {
        var (pass, head) = (task / query.Length, task % query.Length);
        var (layout, context, depth) = (workspace.Layout, workspace.ContextLayout, ..query[head].Depth);
        kernels.Multiply(query[head], depth, layout.Panels, workspace.A(pass, 0), new(scratch.Heads, query[head].Rows), add: false);
        if (pair is null)
        {
            if (preparation is not null)
                foreach (var panel in layout.Panels)
                    preparation.Keys(scratch.Heads + (long)query[head].Rows * panel.First + (long)HeadRows * panel.Width, panel, head);
            Pack(scratch, layout, scratch.Heads, query[head].Rows, firstRow: HeadRows);
        }
        else
        {
            var pairs = scratch.Heads + (long)HeadRows * layout.PaddedTokens;
            var tokens = new Panels(workspace.Context(pass), workspace.Rows);
            kernels.Multiply(pair[head], depth, context.Panels, tokens, new(pairs, pair[head].Rows), add: false);
            Pack(scratch, context, pairs, pair[head].Rows, firstRow: 0);
        }
        foreach (var panel in layout.Panels)
            Attend(scratch, panel, pair is null ? layout : context, head, query[head].Rows,
                workspace.O(pass) + (long)workspace.Rows * panel.First);
    }

    private void Pack(FusedScratch scratch, TokenLayout keys, float* from, int rows, int firstRow)
    {
        kernels.PackKeys(keys.Panels, from, rows, firstRow, scratch.Keys, headWidth);
        kernels.PackValues(keys.Panels, from, rows, firstRow + HeadRows, scratch.Values, headWidth, keys.PaddedTokens);
    }

    private void Attend(FusedScratch scratch, TokenPanel queries, TokenLayout keys, int head, int queryRows, float* output)
    {
        var width = queries.Width;
        var q = scratch.Heads + (long)queryRows * queries.First;
        var bias = queryBias.Start + (long)head * headWidth;
        if (preparation is null) kernels.BiasScale(q, headWidth, width, bias, scale);
        else preparation.Queries(q, queries, bias, scale);
        kernels.MultiplyPanel(scratch.Keys, keys.PaddedTokens, headWidth, headWidth, q, width, scratch.Scores);
        kernels.Softmax(scratch.Scores, keys.Tokens, width, scratch.Sums);
        kernels.MultiplyPanel(scratch.Values, HeadRows, keys.PaddedTokens, keys.Tokens, scratch.Scores, width, scratch.Mixed);
        kernels.ScaleLanes(scratch.Mixed, output + (long)head * headWidth * width, headWidth, width, scratch.Sums);
    }
}
