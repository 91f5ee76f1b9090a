using Dit.Runtime.Tests.Autoencoders;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Training on latents of a folder: drawn anew from the moments in every step, and still a function of the seed.
/// </summary>
public sealed class LatentTrainingTests : IDisposable
{
    private const int Images = 6;

    private static readonly AutoencoderCard Tiny = AutoencoderKLTests.Tiny;

    private static readonly ModelCard Card = TinyLatent.Card;
    private static readonly IProcess Process = TinyLatent.Process;

    private static readonly TrainingRecipe Short = new() { Steps = 100, BatchSize = 4, LearningRate = 1e-3, EmaDecay = 0.5, Seed = 5 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>
    /// A folder of known moments: the mean of image i is i, mirrored -i; every log-variance is the same.
    /// </summary>
    private LatentFolder Known(
        string name,
        float logVariance = 0,
        AutoencoderCard? card = null,
        IReadOnlyList<string>? classes = null,
        bool mirrored = true,
        int side = 16)
    {
        var description = new LatentDescription(
            LatentDescription.CurrentVersion,
            card ?? Tiny,
            "0123456789abcdef",
            side,
            side,
            Images,
            classes ?? ["a", "b", "c"],
            mirrored,
            "f32",
            0,
            4,
            "fedcba9876543210");
        Write(description with { Classes = classes is { Count: 0 } ? null : description.Classes });
        return LatentFolder.Open(folder[name]);

        void Write(LatentDescription whole)
        {
            Directory.CreateDirectory(folder[name]);
            for (var shard = 0; shard < whole.Shards; shard++)
            {
                using var scope = NewDisposeScope();
                var (first, count) = whole.ImagesOf(shard);
                var means = arange(first, first + count, ScalarType.Float32).view(-1, 1, 1, 1).expand(-1, 4, side / 2, side / 2);
                var variances = full_like(means, logVariance);
                LatentShard.Write(
                    folder[name],
                    whole,
                    shard,
                    cat([means, variances], 1),
                    whole.Mirrored ? cat([-means, variances], 1) : null,
                    [.. Enumerable.Range(first, count).Select(i => i % 3L)]);
            }
            File.WriteAllText(folder[name, LatentFolder.IndexName], whole.ToIndex());
        }
    }

    private static StepInput<ClassLabels>[] Steps(LatentFolder latents, int count, long seed = 5) =>
        [.. StepInput.Sequence(Short with { Seed = seed }, Card, Process, TrainingSet.OfLatents(latents, Card)).Take(count)];

    private static double[] Losses(LatentFolder latents, TrainingFolder into)
    {
        using var model = TinyLatent.Create();
        var progress = new Each<TrainingProgress>();
        new Trainer(Short, into).Run(model, TrainingSet.OfLatents(latents, Card), progress);
        return [.. progress.Seen.Select(static at => at.Losses.Total)];
    }

    [Fact]
    public void Latents_are_scaled_means_and_noise_of_the_given_deviation()
    {
        using var scope = NewDisposeScope();
        using var certain = Known("certain", logVariance: -30);
        using var wide = Known("wide", logVariance: 2);
        foreach (var (exact, drawn) in Steps(certain, 8).Zip(Steps(wide, 8)))
        {
            var mean = exact.Images.mean([1, 2, 3]);
            Assert.All(mean.data<float>().ToArray(), static value =>
                Assert.Equal(Math.Round(value / Tiny.Scale), value / Tiny.Scale, 1e-4));
            var noise = (drawn.Images - exact.Images) / (Math.E * Tiny.Scale);
            Assert.InRange(noise.mean().item<float>(), -0.2f, 0.2f);
            Assert.InRange(noise.std().item<float>(), 0.9f, 1.1f);
            Assert.InRange((noise * drawn.Noise).mean().item<float>(), -0.2f, 0.2f); // the latents' noise is not the process's
        }
    }

    [Fact]
    public void Every_epoch_draws_latents_of_its_own_and_a_seed_gives_the_same()
    {
        using var scope = NewDisposeScope();
        using var latents = Known("latents");
        using var certain = Known("certain", logVariance: -30);
        var (first, again, other) = (Steps(latents, 6), Steps(latents, 6), Steps(latents, 6, seed: 6));
        Assert.All(first.Zip(again), static pair => Assert.True(pair.First.Images.Equals(pair.Second.Images)));
        Assert.All(first.Zip(other), static pair => Assert.False(pair.First.Images.Equals(pair.Second.Images)));

        // 6 images in steps of 4: three steps are two epochs, and image 0 is in both.
        var rows = first
            .SelectMany((step, s) => Enumerable.Range(0, 4).Select(n => (Latent: step.Images[n], Mode: Steps(certain, 6)[s].Images[n])))
            .ToArray();
        var zeros = rows.Where(static row => row.Mode.abs().max().item<float>() < 1e-3).Select(static row => row.Latent).ToArray();
        Assert.InRange(zeros.Length, 3, 5);
        for (var i = 1; i < zeros.Length; i++)
            Assert.InRange((zeros[i] - zeros[0]).abs().mean().item<float>(), 0.1 * Tiny.Scale, 3 * Tiny.Scale);
    }

    [Fact]
    public void Mirrored_moments_are_taken_where_images_would_be_mirrored()
    {
        using var scope = NewDisposeScope();
        using var certain = Known("certain", logVariance: -30);
        var batches = EpochOrder.BatchIndices(Images, 4, 5).Take(10).ToArray();
        foreach (var (step, s) in Steps(certain, 10).Select(static (step, s) => (step, s)))
        {
            var flips = EpochOrder.Flips(4, 5, s);
            var means = step.Images.mean([1, 2, 3]).data<float>().ToArray();
            Assert.All(Enumerable.Range(0, 4), n => Assert.Equal(batches[s][n] * (flips[n] ? -1 : 1) * Tiny.Scale, means[n], 1e-4));
        }
        using var plain = Known("plain", mirrored: false);
        Assert.Contains("--no-flip", Assert.Throws<DitException>(() => Steps(plain, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_go_with_their_images_and_may_be_left_aside()
    {
        using var scope = NewDisposeScope();
        using var latents = Known("latents");
        var labels = TrainingSet.OfLatents(latents, Card).Load([5, 0, 1], [false, false, false]).Condition.Values;
        Assert.Equal([2, 0, 1], labels.data<long>().ToArray());
        var alone = TrainingSet.OfUnlabeledLatents(latents, Card);
        Assert.Equal(Images, alone.Count);
        Assert.Empty(alone.Classes);
        var step = StepInput.Sequence(Short, Card, Process, alone).First();
        Assert.Equal([4, 4, 8, 8], step.Images.shape);
    }

    [Fact]
    public void A_hundred_steps_lower_the_loss_and_training_twice_gives_the_same_losses()
    {
        using var latents = Known("latents");
        var losses = Losses(latents, new TrainingFolder(folder["a"]));
        Assert.Equal(Short.Steps, losses.Length);
        Assert.True(losses[^20..].Average() < losses[..20].Average(), $"{losses[..20].Average()} to {losses[^20..].Average()}");
        Assert.Equal(losses, Losses(latents, new TrainingFolder(folder["b"])));
    }

    [Fact]
    public void A_hundred_steps_leave_no_tensor()
    {
        using var latents = Known("latents");
        using var model = TinyLatent.Create();
        var before = LiveTensors.Count();
        new Trainer(Short, new TrainingFolder(folder["run"])).Run(model, TrainingSet.OfLatents(latents, Card));
        Assert.Equal(before, LiveTensors.Count());
        foreach (var step in StepInput.Sequence(Short, Card, Process, TrainingSet.OfLatents(latents, Card)).Take(100)) step.Dispose();
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Latents_that_do_not_fit_the_model_are_one_sentence()
    {
        using var latents = Known("latents");
        using var scaled = Known("scaled", card: Tiny with { Scale = 1 });
        using var shifted = Known("shifted", card: Tiny with { Shift = 0.5 });
        using var large = Known("large", side: 32);
        using var unlabeled = Known("unlabeled", classes: []);
        Refused("works on pixels", latents, TinyDenoiser.Card);
        Refused("scale 0.18215, shift 0), and", scaled, Card);
        Refused("shift 0.5): encode the images for this model", shifted, Card);
        Refused("takes latents of 4 x 8 x 8, and those in", large, Card);
        Assert.Contains(
            "have no labels",
            Assert.Throws<DitException>(() => TrainingSet.OfLatents(unlabeled, Card)).Message,
            StringComparison.Ordinal);
        Assert.Equal(Images, TrainingSet.OfUnlabeledLatents(unlabeled, Card).Count);

        static void Refused(string part, LatentFolder folder, ModelCard card)
        {
            Assert.Contains(part, Assert.Throws<DitException>(() => TrainingSet.OfLatents(folder, card)).Message, StringComparison.Ordinal);
            Assert.Contains(
                part,
                Assert.Throws<DitException>(() => TrainingSet.OfUnlabeledLatents(folder, card)).Message,
                StringComparison.Ordinal);
        }
    }
}
