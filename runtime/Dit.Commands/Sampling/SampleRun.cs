using System.Globalization;
using System.Text;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Samples that are drawn at once.</summary>
/// <param name="First">The number of the first.</param>
/// <param name="Rows">The row of each.</param>
/// <param name="Progress">Where to report.</param>
/// <param name="Observe">Shown the state after each step; null where nobody looks.</param>
internal sealed record SampleBatch(int First, int[] Rows, IProgress<SamplingProgress> Progress, Action<SamplingState>? Observe);

/// <summary>Draws all samples, batch after batch, and hands them on.</summary>
/// <param name="rows">The samples.</param>
/// <param name="batch">How many at once.</param>
/// <param name="first">The number of the first image.</param>
/// <param name="checkpoint">Where the weights are from, for messages.</param>
/// <param name="output">Takes the samples.</param>
/// <param name="processes">The processes that draw together, each its part of the batches.</param>
/// <param name="watchers">Look on.</param>
/// <param name="shown">Makes the pictures that they look at; null where nobody does.</param>
/// <param name="cancellation">Checked before each step and each picture.</param>
internal sealed class SampleRun(
    SampleRows rows,
    int batch,
    int first,
    string checkpoint,
    SampleOutput output,
    ProcessGroup processes,
    IReadOnlyList<ISampleWatcher> watchers,
    SamplePictures? shown,
    CancellationToken cancellation)
{
    private const double ShareOfSteps = 0.95; // of the work; the rest are the pictures

    private readonly List<int> evaluations = [];

    /// <summary>Calls of the network, of each batch that was drawn.</summary>
    public IReadOnlyCollection<int> Evaluations => evaluations;

    /// <summary>Batches in all.</summary>
    public long Batches => (rows.Count + batch - 1) / batch;

    /// <summary>Draws and writes.</summary>
    /// <param name="draw">Draws one batch, (N, C, Y, X).</param>
    /// <param name="progress">Receives a report after every step.</param>
    /// <returns>What else was written.</returns>
    public IReadOnlyList<string> Draw(Func<SampleBatch, Tensor> draw, IProgress<WorkProgress> progress)
    {
        var all = (int)rows.Count;
        (int Start, int Count)[] own = [.. Own()];
        var (before, inAll) = (0, own.Sum(static one => one.Count));
        foreach (var (start, count) in own)
        {
            var done = before;
            Batch(
                start,
                count,
                all,
                draw,
                progress.Select<WorkProgress>(now => now with { Fraction = (done + count * now.Fraction) / inAll }));
            before += count;
        }
        Collect();
        if (!processes.IsFirst) return [];
        output.Finish();
        return [.. watchers.Select(static watcher => watcher.Finish()).OfType<string>()];
    }

    // Batches are those of one process: what is drawn together with an image does not depend on how many there are.
    private IEnumerable<(int Start, int Count)> Own()
    {
        for (var i = (long)processes.Rank; i < Batches; i += processes.Size)
            yield return ((int)(i * batch), (int)Math.Min(batch, rows.Count - i * batch));
    }

    private void Collect()
    {
        if (processes.Size == 1) return;
        output.Collect(processes);
        var counted = string.Join(',', evaluations.Select(static calls => calls.ToString(CultureInfo.InvariantCulture)));
        var all = processes.Exchange(Encoding.ASCII.GetBytes(counted))
            .SelectMany(static bytes => Encoding.ASCII.GetString(bytes).Split(',', StringSplitOptions.RemoveEmptyEntries));
        evaluations.Clear();
        evaluations.AddRange(all.Select(static calls => int.Parse(calls, CultureInfo.InvariantCulture)));
    }

    private Tensor Drawn(int start, Func<SampleBatch, Tensor> draw, SampleBatch batch)
    {
        try
        {
            return draw(batch);
        }
        catch (NonFiniteSampleException e)
        {
            var n = start + e.Index;
            var look = e.Weight is null ? "" : $"; 'dit inspect --check {checkpoint}' lists all such tensors";
            throw new DitException($"Image {first + n}{rows.Describe(n)} {e.Predicate}: {e.Reason}{look}.", e);
        }
    }

    private void Batch(int start, int count, int all, Func<SampleBatch, Tensor> draw, IProgress<WorkProgress> progress)
    {
        using var scope = NewDisposeScope();
        int[] of = [.. Enumerable.Range(start, count).Select(rows.RowOf)];
        var calls = 0;
        var samples = Drawn(start, draw, new(
            first + start,
            of,
            progress.Select<SamplingProgress>(now =>
            {
                calls = now.Evaluations;
                return Part(ShareOfSteps * now.Share, now.Steps is { } steps ? $"step {now.Step}/{steps}" : $"step {now.Step}");
            }),
            shown is null ? null : state => Observe(state, shown)));
        evaluations.Add(calls);
        for (var i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var sample = samples[i].cpu();
            output.Add(start + i, sample);
            progress.Report(Part(ShareOfSteps + (1 - ShareOfSteps) * (i + 1) / count, $"picture {i + 1}/{count}"));
        }

        WorkProgress Part(double done, string detail) =>
            new(done, $"images {start + 1} to {start + count} of {all}, {detail}");

        // One picture of an image and a step, however many look at it: to decode a latent takes as long as some steps.
        void Observe(SamplingState state, SamplePictures pictures)
        {
            var soFar = new Lazy<IReadOnlyList<RgbImage>>(() => [.. Enumerable.Range(0, count).Select(i =>
            {
                using var image = state.PredictedStart[i];
                return pictures.Draw(image);
            })]);
            foreach (var watcher in watchers) watcher.Observe(start, state.Progress, soFar);
        }
    }
}
