using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Adds the gradients of all processes while the backward pass goes on, in buckets of about 25 MB (as PyTorch's
/// DistributedDataParallel, arXiv 2006.15704, section 3.2.3).
/// </summary>
/// <remarks>
/// The model's parts, such as its blocks, are watched by forward hooks, which show in which order they are called and
/// put a <see cref="GradientTap"/> behind each. When the backward pass comes to one, the gradients of all parts that
/// were called after it are complete. What no part shows, such as parameters of the model itself, is added at the end.
/// The order is that of the model, so it is the same in all processes.
/// </remarks>
internal sealed class GradientReducer : IDisposable
{
    /// <summary>Numbers of a bucket: 25 MB of float32.</summary>
    public const long BucketNumbers = 25 * 1024 * 1024 / sizeof(float);

    private readonly ProcessGroup processes;
    private readonly IGradientSum sum;
    private readonly Parameter[] trained;
    private readonly long[] sizes;
    private readonly List<Part> parts = [];
    private readonly List<Task> running = [];
    private readonly GradientBuckets buckets;
    private int called; // parts, in this forward pass
    private int[]? order; // of parameters, in which they become complete
    private int next; // in the order
    private bool isArmed;
    private Exception? failure;

    /// <summary>Watches a model until it is disposed of.</summary>
    /// <param name="model">The model.</param>
    /// <param name="trained">The parameters that are trained, the same in all processes.</param>
    /// <param name="processes">The processes.</param>
    /// <param name="sum">How to add; disposed with this.</param>
    /// <param name="bucketNumbers">The most numbers of a bucket.</param>
    public GradientReducer(
        nn.Module model, Parameter[] trained, ProcessGroup processes, IGradientSum sum, long bucketNumbers = BucketNumbers)
    {
        (this.trained, this.processes, this.sum) = (trained, processes, sum);
        sizes = [.. trained.Select(static parameter => parameter.numel())];
        buckets = new(sizes, bucketNumbers, Start);
        var indices = trained.Index().ToDictionary(static one => one.Item.Handle, static one => one.Index);
        foreach (var child in model.children()) Watch(child, indices);
    }

    /// <summary>Buckets that were under way before the last backward pass had ended.</summary>
    public int Early { get; private set; }

    /// <summary>Begins: the next forward and backward pass is the last before <see cref="Finish"/>.</summary>
    public void Arm()
    {
        (isArmed, called, order, next, Early) = (true, 0, null, 0, 0);
        foreach (var part in parts) part.Position = null;
    }

    /// <summary>Adds what is left, and waits until all gradients are those of all processes together.</summary>
    public void Finish()
    {
        isArmed = false;
        if (failure is { } thrown) throw new InvalidOperationException($"A gradient could not be added: {thrown.Message}", thrown);
        Early = running.Count;
        SendAfter(int.MinValue);
        buckets.Close();
        try
        {
            Task.WhenAll(running).GetAwaiter().GetResult();
        }
        finally
        {
            running.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var part in parts) part.Dispose();
        sum.Dispose();
    }

    // A module that cannot be watched, such as a list, is watched by its members.
    private void Watch(nn.Module module, Dictionary<IntPtr, int> indices)
    {
        var part = new Part([.. module.parameters().Select(static one => one.Handle).Where(indices.ContainsKey).Select(h => indices[h])]);
        part.Passed = new(() => Passed(part));
        if (ForwardHooks.After(module, output => Called(part, output)) is { } remove)
        {
            part.Remove = remove;
            parts.Add(part);
            return;
        }
        part.Dispose();
        foreach (var child in module.children()) Watch(child, indices);
    }

    private Tensor Called(Part part, Tensor output)
    {
        if (!isArmed) return output;
        part.Position ??= called++;
        return is_grad_enabled() && output.requires_grad ? GradientTap.apply(output, part.Passed) : output;
    }

    // Called by autograd: nothing may be thrown.
    private void Passed(Part part)
    {
        if (!isArmed || failure is not null) return;
        try
        {
            SendAfter(part.Position ?? int.MaxValue);
        }
        catch (Exception e)
        {
            failure = e;
        }
    }

    private void SendAfter(int position)
    {
        var at = Positions();
        order ??= [.. Enumerable.Range(0, trained.Length).OrderByDescending(i => at[i]).ThenByDescending(static i => i)];
        for (; next < order.Length && at[order[next]] > position; next++) buckets.Add(order[next]);
    }

    // A parameter is complete after the first part that has it; one of no part comes last.
    private int[] Positions()
    {
        const int Last = -1;
        var positions = Enumerable.Repeat(int.MaxValue, trained.Length).ToArray();
        foreach (var part in parts)
            foreach (var parameter in part.Parameters)
                positions[parameter] = Math.Min(positions[parameter], part.Position ?? Last);
        return Array.ConvertAll(positions, static position => position == int.MaxValue ? Last : position);
    }

    private void Start(int[] bucket) => running.Add(processes.Post(all =>
    {
        using var scope = NewDisposeScope();
        double[] holders = [.. bucket.Select(i => HasGradient(trained[i]) ? 1.0 : 0)]; // processes that have a gradient
        all.Sum(holders);
        int[] used = [.. bucket.Where((_, at) => holders[at] > 0)];
        sum.Sum(all, [.. used.Select(i => Gradient(trained[i]))], used.Sum(i => sizes[i]));
    }));

    private static bool HasGradient(Parameter parameter)
    {
        using var gradient = parameter.grad;
        return gradient is { IsInvalid: false };
    }

    // A parameter that only other processes have used takes part with zeros.
    private static Tensor Gradient(Parameter parameter)
    {
        if (parameter.grad is { IsInvalid: false } gradient) return gradient;
        using var noGradients = no_grad();
        return parameter.grad = zeros_like(parameter, requires_grad: false);
    }

    /// <summary>A module that is watched.</summary>
    private sealed class Part(int[] parameters) : IDisposable
    {
        public int[] Parameters => parameters;

        /// <summary>When it was called in this forward pass, counted over all parts; null before.</summary>
        public int? Position { get; set; }

        public GradientTap.Passed Passed { get; set; } = new(static () => { });

        public Action Remove { get; set; } = static () => { };

        public void Dispose()
        {
            Remove();
            Passed.Dispose();
        }
    }
}
