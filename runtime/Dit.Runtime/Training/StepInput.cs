using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Everything that one training step takes; it owns its tensors.</summary>
/// <param name="Images">(N, C, Y, X), in [-1, 1].</param>
/// <param name="Labels">(N,), some of them the null class.</param>
/// <param name="Timesteps">N timesteps of the process.</param>
/// <param name="Noise">(N, C, Y, X), standard normal.</param>
public sealed record StepInput(Tensor Images, Tensor Labels, int[] Timesteps, Tensor Noise) : IDisposable
{
    // Keeps these numbers apart from the others that are drawn under the same seed (see EpochOrder).
    private const long Stream = 0x73746570;

    /// <summary>The inputs of a run, step by step, without end. What a step draws depends on the seed and on its number alone.</summary>
    /// <param name="recipe">Batch size, flips, seed.</param>
    /// <param name="card">The model: its label dropout and null class.</param>
    /// <param name="timesteps">Length of the diffusion process.</param>
    /// <param name="data">The images.</param>
    public static IEnumerable<StepInput> Sequence(TrainingRecipe recipe, ModelCard card, int timesteps, TrainingSet data)
    {
        var step = 0;
        foreach (var indices in EpochOrder.BatchIndices(data.Count, recipe.BatchSize, recipe.Seed))
            yield return Draw(step++, indices, recipe, card, timesteps, data);
    }

    /// <summary>This input on the model's device. Its tensors have moved: use only what is returned.</summary>
    /// <param name="device">Where the model is.</param>
    public StepInput To(Device device)
    {
        if (device.type == Images.device_type && device.type == TorchSharp.DeviceType.CPU) return this;
        using (this)
        {
            using var scope = NewDisposeScope();
            return new(Move(Images, device), Move(Labels, device), Timesteps, Move(Noise, device));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Images.Dispose();
        Labels.Dispose();
        Noise.Dispose();
    }

    private static StepInput Draw(int step, int[] indices, TrainingRecipe recipe, ModelCard card, int timesteps, TrainingSet data)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(KeyedNoise.Key(recipe.Seed ^ Stream, step));
        var n = indices.Length;
        var flips = recipe.HorizontalFlip ? EpochOrder.Flips(n, recipe.Seed, step) : new bool[n];
        var (images, labels) = data.Load(indices, flips);
        var hidden = LabelDropout.Apply(labels, card.Condition.Dropout, card.NullClass, random);
        var t = randint(0, timesteps, [n], dtype: ScalarType.Int32, generator: random).data<int>().ToArray();
        var noise = randn(images.shape, generator: random); // on the CPU, so that a seed means the same on every device
        return new(images.MoveToOuterDisposeScope(), hidden.MoveToOuterDisposeScope(), t, noise.MoveToOuterDisposeScope());
    }

    private static Tensor Move(Tensor tensor, Device device) => tensor.to(device).MoveToOuterDisposeScope();
}
