using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Everything that one training step takes; it owns its tensors.</summary>
/// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
/// <param name="Images">(N, C, Y, X): pixels in [-1, 1] or scaled latents.</param>
/// <param name="Condition">The condition of each image, dropped for some of them.</param>
/// <param name="Times">Times of the process, N of them: whole timesteps or reals.</param>
/// <param name="Noise">(N, C, Y, X), standard normal.</param>
public sealed record StepInput<TCondition>(Tensor Images, TCondition Condition, double[] Times, Tensor Noise) : IDisposable
    where TCondition : ICondition<TCondition>
{
    /// <summary>
    /// How much each sample counts in the mean loss, N of them: 1 over its probability, relative to that of uniform
    /// times, where times are drawn in a different way. Null where all count 1.
    /// </summary>
    public double[]? Weights { get; init; }

    /// <summary>This input on the model's device. Its tensors have moved: use only what is returned.</summary>
    /// <param name="device">Where the model is.</param>
    public StepInput<TCondition> To(Device device)
    {
        if (device.type == Images.device_type && device.type == TorchSharp.DeviceType.CPU) return this;
        using (this)
        {
            using var scope = NewDisposeScope();
            return new(Move(Images), Condition.Map(Move), Times, Move(Noise)) { Weights = Weights };
        }

        Tensor Move(Tensor tensor) => tensor.to(device).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// This input in parts of as equal sizes as can be, in order. Their tensors belong to the ambient dispose scope.
    /// </summary>
    /// <param name="count">How many parts, 1 to N.</param>
    internal IEnumerable<StepInput<TCondition>> Split(int count)
    {
        var n = Times.Length;
        for (var part = 0; part < count; part++)
        {
            var (from, to) = (n * part / count, n * (part + 1) / count);
            yield return new(
                Images[from..to], Condition.At([.. Enumerable.Range(from, to - from)]), Times[from..to], Noise[from..to])
            {
                Weights = Weights?[from..to],
            };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Images.Dispose();
        Condition.Dispose();
        Noise.Dispose();
    }
}

/// <summary>Draws the inputs of training steps.</summary>
public static class StepInput
{
    // Keeps these numbers apart from the others that are drawn under the same seed (see EpochOrder).
    private const long Stream = 0x73746570;

    /// <summary>The inputs of a run, step by step, without end. What a step draws depends on the seed and on its number
    /// alone.</summary>
    /// <param name="recipe">Batch size, flips, seed.</param>
    /// <param name="card">The model: its dropout and what stands for no condition.</param>
    /// <param name="process">Draws the times.</param>
    /// <param name="data">The images and their conditions.</param>
    /// <param name="first">The step to begin with, from 0.</param>
    public static IEnumerable<StepInput<TCondition>> Sequence<TCondition>(
        TrainingRecipe recipe,
        ModelCard card,
        IProcess process,
        TrainingSet<TCondition> data,
        int first = 0)
        where TCondition : ICondition<TCondition> =>
        Sequence(recipe, card, process, data, first, workers: 0, CancellationToken.None);

    /// <summary>As the public method, with images that are decoded before their step, or a process's part of each
    /// input: only its images are loaded.</summary>
    /// <param name="recipe">Batch size, flips, seed.</param>
    /// <param name="card">The model: its dropout and what stands for no condition.</param>
    /// <param name="process">Draws the times.</param>
    /// <param name="data">The images and their conditions.</param>
    /// <param name="first">The step to begin with, from 0.</param>
    /// <param name="workers">Threads that decode; with 0, the images of a step are decoded when it is drawn.</param>
    /// <param name="cancellation">Ends the wait for an image.</param>
    /// <param name="share">The part of each input; null for the whole.</param>
    internal static IEnumerable<StepInput<TCondition>> Sequence<TCondition>(
        TrainingRecipe recipe,
        ModelCard card,
        IProcess process,
        TrainingSet<TCondition> data,
        int first,
        int workers,
        CancellationToken cancellation,
        BatchShare? share = null)
        where TCondition : ICondition<TCondition>
    {
        var (from, to) = (share ?? BatchShare.Whole).Of(recipe.BatchSize);
        var (step, batches) = (first, EpochOrder.BatchIndices(data.Count, recipe.BatchSize, recipe.Seed).Skip(first));
        using var reader = data.Read(new(batches.Select(indices => indices[from..to]), to - from, workers, cancellation));
        foreach (var indices in batches)
            yield return Draw(step++, indices, (from, to), recipe, card, process, data, reader);
    }

    // A part has the numbers that its samples have in the whole batch: they are drawn for all. What is loaded for this
    // part stands for the other samples meanwhile.
    private static StepInput<TCondition> Draw<TCondition>(
        int step,
        int[] indices,
        (int From, int To) part,
        TrainingRecipe recipe,
        ModelCard card,
        IProcess process,
        TrainingSet<TCondition> data,
        BatchReader<TCondition> reader)
        where TCondition : ICondition<TCondition>
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad(); // a text encoder in the loader is not trained
        using var random = new Generator(KeyedNoise.Key(recipe.Seed ^ Stream, step));
        var n = indices.Length;
        int[] own = [.. Enumerable.Range(part.From, part.To - part.From)];
        int[] standIns = [.. Enumerable.Range(0, n).Select(i => Math.Clamp(i, part.From, part.To - 1) - part.From)];
        var isWhole = own.Length == n;
        var flips = recipe.HorizontalFlip ? EpochOrder.Flips(n, recipe.Seed, step) : new bool[n];
        var (loaded, condition) = reader.Next(indices[part.From..part.To], flips[part.From..part.To]);
        var dropped = (isWhole ? condition : condition.At(standIns)).Drop(card, random);
        var t = process.DrawTimes(n, random);
        var images = data.DrawsNothing ? loaded : Own(data.Draw(isWhole ? loaded : ConditionTensor.At(loaded, standIns), random));
        // On the CPU, so that a seed means the same on every device.
        var noise = Own(randn([n, .. images.shape[1..]], generator: random));
        return new(Keep(images), (isWhole ? dropped : dropped.At(own)).Map(Keep), t[part.From..part.To], Keep(noise));

        Tensor Own(Tensor ofAll) => isWhole ? ofAll : ofAll[part.From..part.To].clone();
    }

    private static Tensor Keep(Tensor tensor) => tensor.MoveToOuterDisposeScope();
}
