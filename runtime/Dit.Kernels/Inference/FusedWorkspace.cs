namespace Dit.Kernels;

/// <summary>
/// The memory that the passes of a batch use, kept from one forward pass to the next, and the work on it.
/// </summary>
internal sealed unsafe class FusedWorkspace : IWork, IDisposable
{
    private readonly NativeBuffer x, a, o, context, side, skips;
    private readonly int skipsEach;
    private readonly FusedScratch[] scratch;
    private readonly FusedSchedule schedule;

    public FusedWorkspace(ModelSizes sizes, CpuKernels kernels, WeightLayout weights, IReadOnlyList<FusedPhase> phases, int workers,
        int passes, int blocks)
    {
        (Passes, Weights) = (passes, weights);
        Layout = TokenLayout.Of(sizes.Tokens, kernels.Lanes, kernels.PanelVectors, blocks, weights.PanelsAlike);
        ContextLayout = TokenLayout.Of(Math.Max(1, sizes.AttendedTokens), kernels.Lanes, kernels.PanelVectors, 1);
        Rows = PackedWeights.Padded(sizes.Width, kernels.TileRows);
        (Images, Conditions, Outputs, Attended) = (new nint[passes], new nint[passes], new nint[passes], new ContextKeys?[passes]);
        var each = (long)passes * Rows * Layout.PaddedTokens;
        (x, a, o) = (new(each), new(each), new(each));
        skipsEach = sizes.Skips;
        skips = new(Math.Max(1, sizes.Skips * each));
        side = new(Math.Max(1, passes * SideLength(Layout.PaddedTokens)));
        context = new(sizes is { AttendedTokens: > 0, IsContextFixed: false } ? (long)passes * Rows * ContextLayout.PaddedTokens : 1);
        scratch = [.. Enumerable.Range(0, workers).Select(_ => new FusedScratch(sizes, kernels, this, phases))];
        schedule = new([.. phases.Select(phase => (phase, phase.Tasks(this)))], passes);
    }

    /// <summary>How the weights of the blocks lie.</summary>
    public WeightLayout Weights { get; }

    /// <summary>Passes that fit.</summary>
    public int Passes { get; }

    /// <summary>How a sample's tokens lie.</summary>
    public TokenLayout Layout { get; }

    /// <summary>How the condition's tokens lie.</summary>
    public TokenLayout ContextLayout { get; }

    /// <summary>D, filled up to whole tiles: rows of a panel in memory.</summary>
    public int Rows { get; }

    /// <summary>The input of each pass, (C, Y, X).</summary>
    public nint[] Images { get; }

    /// <summary>
    /// What enters the blocks of each pass: its modulation, (parts D), or the condition's tokens, (M, D).
    /// </summary>
    public nint[] Conditions { get; }

    /// <summary>
    /// Keys and values of the tokens that each pass attends to, where they do not change with the time.
    /// </summary>
    public ContextKeys?[] Attended { get; }

    /// <summary>The output of each pass, (C or 2 C, Y, X).</summary>
    public nint[] Outputs { get; }

    /// <summary>Begins a forward pass of so many samples.</summary>
    public void Begin(int passes) => schedule.Begin(passes);

    /// <summary>The tokens of a pass.</summary>
    public float* X(int pass) => x.Start + (long)pass * Rows * Layout.PaddedTokens;

    /// <summary>Tokens of a pass that a long skip keeps.</summary>
    public float* Skip(int pass, int skip) => skips.Start + ((long)pass * skipsEach + skip) * Rows * Layout.PaddedTokens;

    /// <summary>What its branches read, from a token on.</summary>
    public Panels A(int pass, int token) => new(
        a.Start + (long)pass * Rows * Layout.PaddedTokens + (long)Rows * token, Rows,
        side.Start + pass * SideLength(Layout.PaddedTokens) + SideLength(token), isComplete: true);

    /// <summary>What attention gives.</summary>
    public float* O(int pass) => o.Start + (long)pass * Rows * Layout.PaddedTokens;

    /// <summary>The condition's tokens.</summary>
    public float* Context(int pass) => context.Start + (long)pass * Rows * ContextLayout.PaddedTokens;

    private long SideLength(int tokens) => Weights.SideLength(Rows, tokens);

    /// <inheritdoc/>
    public void Join(int worker)
    {
        while (schedule.TryTake(out var phase, out var pass, out var task))
        {
            try
            {
                phase.Run(this, task, scratch[worker]);
            }
            catch (Exception e)
            {
                schedule.Fail(e);
                continue;
            }
            schedule.Done(pass);
        }
        if (worker == 0) schedule.Finish();
    }

    public void Dispose()
    {
        x.Dispose();
        a.Dispose();
        o.Dispose();
        context.Dispose();
        side.Dispose();
        skips.Dispose();
        foreach (var item in scratch) item.Dispose();
    }
}
