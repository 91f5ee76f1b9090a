namespace Dit.Runtime.Kernels;

/// <summary>The memory that passes through the steps use, kept from one forward pass to the next.</summary>
internal sealed unsafe class FusedWorkspace : IDisposable
{
    private readonly NativeBuffer x, a, o, context, halves;
    private readonly FusedScratch[] scratch;
    private readonly FusedSchedule schedule;

    public FusedWorkspace(SessionSteps steps, CpuKernels kernels, int workers, int passes, int blocks, bool halved, IReadOnlyList<FusedPhase> phases)
    {
        Passes = passes;
        Layout = TokenLayout.Of(steps.Tokens, kernels.Lanes, kernels.PanelVectors, blocks, halved);
        ContextLayout = TokenLayout.Of(Math.Max(1, steps.JoinsTokens ? 1 : steps.ContextTokens), kernels.Lanes, kernels.PanelVectors, 1);
        Rows = PackedWeights.Padded(steps.Card.Width, kernels.TileRows);
        (Images, Conditions, Outputs) = (new nint[passes], new nint[passes], new nint[passes]);
        var each = (long)passes * Rows * Layout.PaddedTokens;
        (x, a, o) = (new(each), new(each), new(each));
        halves = new(halved ? passes * PackedWeights.SumsLength(Rows, Layout.PaddedTokens) : 1);
        IsHalved = halved;
        context = new(steps.ContextTokens > 0 && !steps.JoinsTokens ? (long)passes * Rows * ContextLayout.PaddedTokens : 1);
        scratch = [.. Enumerable.Range(0, workers).Select(_ => new FusedScratch(steps, kernels, Layout, ContextLayout, halved, phases))];
        schedule = new([.. phases.Select(phase => (phase, phase.Tasks(this)))], passes);
        Body = (_, worker) => RunNext(scratch[worker]);
    }

    /// <summary>Whether tokens lie in pairs of panels, for products of halves.</summary>
    public bool IsHalved { get; }

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

    /// <summary>What enters the blocks of each pass: its modulation, (parts D), or the condition's tokens, (M, D).</summary>
    public nint[] Conditions { get; }

    /// <summary>The output of each pass, (C or 2 C, Y, X).</summary>
    public nint[] Outputs { get; }

    /// <summary>Does the next task: kept, so that a step allocates nothing.</summary>
    public WorkerTask Body { get; }

    /// <summary>Begins a forward pass of so many samples.</summary>
    /// <returns>Its tasks.</returns>
    public int Begin(int passes) => schedule.Begin(passes);

    /// <summary>The tokens of a pass.</summary>
    public float* X(int pass) => x.Start + (long)pass * Rows * Layout.PaddedTokens;

    /// <summary>What its branches read.</summary>
    public float* A(int pass) => a.Start + (long)pass * Rows * Layout.PaddedTokens;

    /// <summary>The sums of the halves of that.</summary>
    public float* Halves(int pass) => halves.Start + pass * PackedWeights.SumsLength(Rows, Layout.PaddedTokens);

    /// <summary>What attention gives.</summary>
    public float* O(int pass) => o.Start + (long)pass * Rows * Layout.PaddedTokens;

    /// <summary>The condition's tokens.</summary>
    public float* Context(int pass) => context.Start + (long)pass * Rows * ContextLayout.PaddedTokens;

    private void RunNext(FusedScratch own)
    {
        if (!schedule.TryTake(out var phase, out var pass, out var task)) return;
        try
        {
            phase.Run(this, task, own);
        }
        catch
        {
            schedule.Fail();
            throw;
        }
        schedule.Done(pass);
    }

    public void Dispose()
    {
        x.Dispose();
        a.Dispose();
        o.Dispose();
        context.Dispose();
        halves.Dispose();
        foreach (var item in scratch) item.Dispose();
    }
}

/// <summary>What one worker needs for itself.</summary>
internal sealed unsafe class FusedScratch : IDisposable
{
    private readonly NativeBuffer y, hidden, heads, keys, values, scores, mixed, sums, halves;

    public FusedScratch(SessionSteps steps, CpuKernels kernels, TokenLayout layout, TokenLayout context, bool halved, IReadOnlyList<FusedPhase> phases)
    {
        var rows = PackedWeights.Padded(steps.Card.Width, kernels.TileRows);
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
        halves = new(halved ? PackedWeights.SumsLength(PackedWeights.DepthBlock, 2 * (int)widest) : 1);
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

    /// <summary>Sums of the halves of two panels, in a block of features.</summary>
    public float* Halves => halves.Start;

    public void Dispose()
    {
        foreach (var buffer in (NativeBuffer[])[y, hidden, heads, keys, values, scores, mixed, sums, halves]) buffer.Dispose();
    }
}
