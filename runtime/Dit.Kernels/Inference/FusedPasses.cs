namespace Dit.Kernels;

/// <summary>
/// Runs the phases of a model on batches of any size, in memory that is kept from one batch to the next.
/// </summary>
/// <remarks>
/// With one sample the blocks of its tokens are spread over the workers, with many the samples, see
/// <see cref="FusedSchedule"/>.
/// </remarks>
/// <param name="sizes">The model's sizes.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="weights">How the weights of the blocks lie.</param>
/// <param name="phases">What is done.</param>
/// <param name="workers">Who does it.</param>
/// <param name="budget">Bytes of a workspace: larger batches are run in parts.</param>
internal sealed unsafe class FusedPasses(
    ModelSizes sizes, CpuKernels kernels, WeightLayout weights, IReadOnlyList<FusedPhase> phases, WorkerLease workers, long budget)
        : IDisposable
{
    // Bytes of a block of tokens: smaller ones stay nearer, and have the weights read more often, which costs more
    // (measured).
    private const long CacheBudget = 1200 << 10;

    private readonly Dictionary<int, FusedWorkspace> workspaces = []; // by blocks of a sample

    /// <summary>One pass for each entry of <paramref name="rows"/>.</summary>
    /// <param name="images">The inputs, (N, C, Y, X).</param>
    /// <param name="n">N: passes begin again with the first input after so many.</param>
    /// <param name="condition">The modulations, or the condition's tokens: a row for each condition.</param>
    /// <param name="conditionLength">Numbers of a row.</param>
    /// <param name="rows">The row of each pass.</param>
    /// <param name="output">The outputs, one for each pass.</param>
    /// <param name="attended">Keys and values of each condition's tokens; empty where there are none.</param>
    public void Run(
        float* images, int n, float* condition, int conditionLength, ReadOnlySpan<int> rows, float* output,
        ReadOnlySpan<ContextKeys> attended = default)
    {
        var workspace = WorkspaceFor(rows.Length);
        for (var first = 0; first < rows.Length; first += workspace.Passes)
        {
            var passes = Math.Min(workspace.Passes, rows.Length - first);
            for (var pass = 0; pass < passes; pass++)
            {
                workspace.Images[pass] = (nint)(images + (first + pass) % n * sizes.InputLength);
                workspace.Conditions[pass] = (nint)(condition + (long)rows[first + pass] * conditionLength);
                workspace.Attended[pass] = attended.IsEmpty ? null : attended[rows[first + pass]];
                workspace.Outputs[pass] = (nint)(output + (first + pass) * sizes.OutputLength);
            }
            workspace.Begin(passes);
            workers.Run(workspace);
        }
    }

    private FusedWorkspace WorkspaceFor(int passes)
    {
        var blocks = Blocks(passes);
        var perPass = (3L + sizes.Skips) * sizeof(float) * sizes.Tokens * sizes.Width;
        var most = (int)Math.Clamp(budget / perPass, workers.Threads, Math.Max(workers.Threads, 64));
        var wanted = Math.Min(passes, most);
        if (workspaces.TryGetValue(blocks, out var found) && found.Passes >= wanted) return found;
        found?.Dispose();
        return workspaces[blocks] = new(sizes, kernels, weights, phases, workers.Threads, wanted, blocks);
    }

    // Blocks of a sample: so small that their activations stay in a core's cache, and so many that no worker waits for
    // another.
    private int Blocks(int passes)
    {
        var vectors = TokenLayout.Vectors(sizes.Tokens, kernels.Lanes, weights.PanelsAlike);
        var cached = Math.Max(kernels.PanelVectors, (int)(CacheBudget / (sizeof(float) * (long)sizes.Width * kernels.Lanes)));
        var most = vectors / weights.PanelsAlike;
        var blocks = Math.Min(most, (vectors + cached - 1) / cached);
        while (blocks < most && passes * blocks < 4 * workers.Threads && passes * blocks % workers.Threads != 0) blocks++;
        return blocks;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var workspace in workspaces.Values) workspace.Dispose();
        workspaces.Clear();
    }
}
