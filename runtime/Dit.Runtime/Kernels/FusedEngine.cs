using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Runs the steps of a session on packed weights, in as few passes over memory as it can.</summary>
/// <remarks>
/// Attention mixes the tokens of a sample: its tasks are the heads of the samples, and the scores of a panel of queries never leave the cache. Every
/// other step is done token by token, so all of them up to the next attention are one task for each block of tokens, whose activations stay in
/// the cache as well. With one sample the blocks of its tokens are spread over the cores, with many the samples (<see cref="FusedSchedule"/>). Where tokens can be
/// paired, seven products of halves do for eight (<see cref="StrassenProduct{V, S}"/>).
/// It has one set of memory: threads that call it at once wait for each other.
/// </remarks>
internal sealed unsafe class FusedEngine : StepEngine
{
    private const long CacheBudget = 1200 << 10; // bytes of a block of tokens: smaller ones stay nearer, and have the weights read more often, which costs more (measured)
    private const long WorkspaceBudget = 256L << 20; // bytes
    private const int FewestHalved = 256; // features
    private const int ShareOfMemory = 4; // of the machine's, one in so many for packed halves

    private readonly Lock turn = new();
    private readonly SessionSteps steps;
    private readonly CpuKernels kernels;
    private readonly Workers workers;
    private readonly FusedPhase[] phases;
    private readonly List<IDisposable> packed = [];
    private readonly Dictionary<int, FusedWorkspace> workspaces = []; // by blocks of a sample
    private readonly long budget;
    private readonly bool halved;
    private bool isDisposed;

    /// <summary>The engine for a session on the CPU in float32: a fused one, or libtorch's operators where the order of its steps is none that can be fused.</summary>
    /// <param name="steps">The session.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="threads">Threads, that of the caller counted.</param>
    /// <param name="budget">Bytes of a workspace: larger batches are run in parts.</param>
    /// <param name="halved">Whether to multiply by halves, where tokens can be paired; by default where it is the faster way.</param>
    public static StepEngine For(SessionSteps steps, CpuKernels kernels, int threads, long budget = WorkspaceBudget, bool? halved = null) =>
        FusedOrder.Obstacle(steps) is { } obstacle
            ? new OperatorEngine(steps, new TorchOperations($"libtorch's operators: {obstacle} cannot be fused"))
            : new FusedEngine(steps, kernels, threads, budget, halved);

    /// <summary>Packs the weights.</summary>
    /// <param name="steps">The session, in an order that can be fused.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="threads">Threads, that of the caller counted.</param>
    /// <param name="budget">Bytes of a workspace: larger batches are run in parts.</param>
    /// <param name="halved">Whether to multiply by halves, where tokens can be paired; by default where it is the faster way.</param>
    private FusedEngine(SessionSteps steps, CpuKernels kernels, int threads, long budget, bool? halved)
    {
        (this.steps, this.kernels, this.budget) = (steps, kernels, budget);
        this.halved = TokenLayout.Vectors(steps.Tokens, kernels.Lanes) % 2 == 0 && (halved ?? IsWorthHalving(steps));
        workers = new Workers(threads);
        try
        {
            phases = [.. new FusedPhases(steps, kernels, workers, packed, this.halved).Pack()];
        }
        catch
        {
            Release(); // the threads would wait for ever
            throw;
        }
        PackedBytes = packed.Sum(static item => item is PackedWeights weights ? weights.Bytes : item is NativeBuffer buffer ? buffer.Bytes : 0);
    }

    // Sums of halves take time as well, and three quarters more memory, which is to be there.
    private static bool IsWorthHalving(SessionSteps steps) =>
        steps.Card.Width >= FewestHalved && steps.Steps.Sum(WeightsOf) * sizeof(float) * PackedWeights.Products / 4 <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / ShareOfMemory;

    private static long WeightsOf(SessionStep step) => step switch
    {
        SessionStep.SelfAttention attention => attention.Qkv.weight.numel(),
        SessionStep.CrossAttention attention => attention.Q.weight.numel() + attention.Kv.weight.numel(),
        SessionStep.Project project => project.Layer.weight.numel(),
        SessionStep.Mlp mlp => mlp.First.weight.numel() + mlp.Second.weight.numel(),
        _ => 0,
    };

    // A session that is forgotten: its memory frees itself, its threads do not.
    ~FusedEngine() => workers?.End();

    public override string Name => $"{kernels.Name}{(halved ? " by halves" : "")}, {(workers.Count == 1 ? "1 thread" : $"{workers.Count} threads")}";

    public override long PackedBytes { get; }

    public override Tensor Run(Tensor x, Tensor condition, int[] rows)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var input = x.to(ScalarType.Float32).contiguous();
        var entering = condition.to(ScalarType.Float32).contiguous();
        var card = steps.Card;
        var output = empty(new ImageShape(card.OutputChannels, card.Input.Height, card.Input.Width).Batch(rows.Length));
        lock (turn)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (rows.Length > 0) Run(TensorPointer.Of(input), (int)x.shape[0], TensorPointer.Of(entering), (int)(entering.numel() / entering.shape[0]), rows, TensorPointer.Of(output));
        }
        GC.KeepAlive(input);
        GC.KeepAlive(entering);
        GC.KeepAlive(this); // a session that nobody holds any more is not freed while it runs
        return output.MoveToOuterDisposeScope();
    }

    private void Run(float* images, int n, float* condition, int conditionLength, int[] rows, float* output)
    {
        var workspace = WorkspaceFor(rows.Length);
        var card = steps.Card;
        long inputLength = card.Input.Channels * card.Input.Height * card.Input.Width, outputLength = inputLength / card.Input.Channels * card.OutputChannels;
        for (var first = 0; first < rows.Length; first += workspace.Passes)
        {
            var passes = Math.Min(workspace.Passes, rows.Length - first);
            for (var pass = 0; pass < passes; pass++)
            {
                workspace.Images[pass] = (nint)(images + (first + pass) % n * inputLength);
                workspace.Conditions[pass] = (nint)(condition + (long)rows[first + pass] * conditionLength);
                workspace.Outputs[pass] = (nint)(output + (first + pass) * outputLength);
            }
            workers.Run(workspace.Begin(passes), workspace.Body);
        }
    }

    private FusedWorkspace WorkspaceFor(int passes)
    {
        var blocks = Blocks(passes);
        var perPass = 3L * sizeof(float) * steps.Tokens * steps.Card.Width;
        var most = (int)Math.Clamp(budget / perPass, workers.Count, Math.Max(workers.Count, 64));
        var wanted = Math.Min(passes, most);
        if (workspaces.TryGetValue(blocks, out var found) && found.Passes >= wanted) return found;
        found?.Dispose();
        return workspaces[blocks] = new FusedWorkspace(steps, kernels, workers.Count, wanted, blocks, halved, phases);
    }

    // Blocks of a sample: so small that their activations stay in a core's cache, and so many that no core waits for another.
    private int Blocks(int passes)
    {
        var vectors = TokenLayout.Vectors(steps.Tokens, kernels.Lanes);
        var cached = Math.Max(kernels.PanelVectors, (int)(CacheBudget / (sizeof(float) * (long)steps.Card.Width * kernels.Lanes)));
        var most = halved ? vectors / 2 : vectors;
        var blocks = Math.Min(most, (vectors + cached - 1) / cached);
        while (blocks < most && passes * blocks < 4 * workers.Count && passes * blocks % workers.Count != 0) blocks++;
        return blocks;
    }

    public override void Dispose()
    {
        lock (turn)
        {
            if (!isDisposed) Release();
            isDisposed = true;
        }
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        workers.Dispose();
        foreach (var workspace in workspaces.Values) workspace.Dispose();
        workspaces.Clear();
        foreach (var item in packed) item.Dispose();
    }
}
