using Dit.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>Runs the steps of a session on packed weights, in as few passes over memory as it can.</summary>
/// <remarks>
/// Attention mixes the tokens of a sample: its tasks are the heads of the samples, and the scores of a panel of queries
/// never leave the cache. Every other step is done token by token, so all of them up to the next attention are one task
/// for each block of tokens, whose activations stay in the cache as well. It has one set of memory: threads that call
/// it at once wait for each other.
/// </remarks>
internal sealed unsafe class FusedEngine : StepEngine
{
    private const long WorkspaceBudget = 256L << 20; // bytes
    private const int NarrowestStrassen = 256; // features
    private const int FewestPadded = 9; // vectors: one more of padding costs less than Strassen's scheme saves
    private const int ShareOfMemory = 4; // of the machine's, one in so many for weights that expand

    private readonly Lock turn = new();
    private readonly SessionSteps steps;
    private readonly WorkerLease workers;
    private readonly FusedPasses passes;
    private readonly List<IDisposable> packed = [];
    private readonly CpuKernels kernels;
    private readonly IReadOnlyList<ContextLayer> layers; // of the steps that attend to the condition beside a modulation
    private bool isDisposed;

    /// <summary>
    /// The engine for a session on the CPU in float32: a fused one, or libtorch's operators where the order of its
    /// steps cannot be fused.
    /// </summary>
    /// <param name="steps">The session.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="threads">Threads, that of the caller counted.</param>
    /// <param name="budget">Bytes of a workspace: larger batches are run in parts.</param>
    /// <param name="weights">
    /// How the weights of the blocks lie, where the tokens suit it; null for the faster way.
    /// </param>
    public static StepEngine For(SessionSteps steps, CpuKernels kernels, int threads, long budget = WorkspaceBudget, WeightLayout? weights =
        null)
    {
        if (FusedOrder.Obstacle(steps) is { } obstacle)
            return new OperatorEngine(steps, new TorchOperations($"libtorch's operators: {obstacle} cannot be fused"));
        var layout = weights ?? Faster(steps);
        var vectors = TokenLayout.Vectors(steps.Tokens, kernels.Lanes);
        var isSuited = vectors % layout.PanelsAlike == 0 || vectors >= FewestPadded;
        return new FusedEngine(steps, kernels, threads, budget, isSuited ? layout : WeightLayout.Whole);
    }

    private FusedEngine(SessionSteps steps, CpuKernels kernels, int threads, long budget, WeightLayout weights)
    {
        (this.steps, this.kernels) = (steps, kernels);
        workers = WorkerPool.Shared.Lease(threads);
        try
        {
            var phases = new FusedPhases(steps, kernels, workers, packed, weights);
            passes = new(steps.Sizes, kernels, weights, phases.Pack(), workers, budget);
            layers = phases.Layers;
        }
        catch
        {
            foreach (var item in packed) item.Dispose();
            workers.Dispose(); // its threads would wait for ever
            throw;
        }
        PackedBytes = packed.Sum(static item => item is PackedWeights layer ? layer.Bytes : item is NativeBuffer buffer ? buffer.Bytes : 0);
        Name = string.Join(", ", new[] { kernels.Name, weights.Name, threads == 1 ? "1 thread" : $"{threads} threads" }.OfType<string>());
    }

    // Sums of halves take time as well, and more memory, which is to be there.
    private static WeightLayout Faster(SessionSteps steps)
    {
        var strassen = new StrassenLayout();
        var bytes = steps.Steps.Sum(WeightsOf) * sizeof(float) * strassen.Expansion;
        var isWorthIt = steps.Card.Width >= NarrowestStrassen && bytes <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / ShareOfMemory;
        return isWorthIt ? strassen : WeightLayout.Whole;
    }

    private static long WeightsOf(SessionStep step) => step switch
    {
        SessionStep.SelfAttention attention => attention.Qkv.weight.numel(),
        SessionStep.CrossAttention attention => attention.Q.weight.numel() + attention.Kv.weight.numel(),
        SessionStep.Project project => project.Layer.weight.numel(),
        SessionStep.Mlp mlp => mlp.First.weight.numel() + mlp.Second.weight.numel(),
        _ => 0,
    };

    public override string Name { get; }

    public override long PackedBytes { get; }

    public override AttendedTokens Attend(Tensor tokens, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var values = tokens.to(ScalarType.Float32).contiguous();
        var counts = mask?.to(ScalarType.Bool).contiguous();
        lock (turn)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return FusedContext.Of(values, counts, kernels, layers, workers);
        }
    }

    public override Tensor Run(Tensor x, Tensor condition, int[] rows, AttendedTokens? attended = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var input = x.to(ScalarType.Float32).contiguous();
        var modulation = condition.to(ScalarType.Float32).contiguous();
        var card = steps.Card;
        var output = empty(new ImageShape(card.OutputChannels, card.Input.Height, card.Input.Width).Batch(rows.Length));
        lock (turn)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (rows.Length > 0)
            {
                var length = (int)(modulation.numel() / modulation.shape[0]);
                passes.Run(
                    TensorPointer.Of(input), (int)x.shape[0], TensorPointer.Of(modulation), length, rows, TensorPointer.Of(output),
                    attended is FusedContext context ? context.Conditions : []);
            }
        }
        GC.KeepAlive(input);
        GC.KeepAlive(modulation);
        GC.KeepAlive(attended);
        GC.KeepAlive(this); // a session that nobody holds any more is not freed while it runs
        return output.MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        lock (turn)
        {
            if (isDisposed) return;
            isDisposed = true;
            workers.Dispose();
            passes.Dispose();
            foreach (var item in packed) item.Dispose();
        }
    }
}
