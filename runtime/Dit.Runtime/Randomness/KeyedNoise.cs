using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Noise that belongs to each image, not to the batch: image i draws from a generator of its own, keyed by the seed and
/// its index.
/// </summary>
/// <remarks>
/// The draws are made on the CPU in float32, so that a seed gives the same noise on every device. libtorch's CPU
/// generator takes 32 bits of seed: the key is a permutation of the index, so that two images of one run (below 2^32)
/// never share a generator.
/// </remarks>
public sealed class KeyedNoise : INoiseSource
{
    private readonly Generator[] generators;
    private readonly ImageShape shape;
    private readonly Device device;

    /// <summary>
    /// Noise for as many images as <paramref name="count"/> says, from <paramref name="firstIndex"/> on.
    /// </summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="firstIndex">Index of the batch's first image in the run.</param>
    /// <param name="count">N, at least 1.</param>
    /// <param name="shape">Shape of one image, (C, Y, X).</param>
    /// <param name="device">Where the noise is needed.</param>
    public KeyedNoise(long seed, long firstIndex, int count, ImageShape shape, Device device)
    {
        if (count < 1) throw new DitException($"Noise for {count} images was asked for: it takes at least 1.");
        this.shape = shape;
        this.device = device;
        generators = [.. Enumerable.Range(0, count).Select(i => new Generator(Key(seed, firstIndex + i)))];
    }

    /// <inheritdoc/>
    public Tensor Next()
    {
        using var scope = NewDisposeScope();
        long[] one = [shape.Channels, shape.Height, shape.Width];
        var images = generators.Select(generator => randn(one, dtype: ScalarType.Float32, generator: generator));
        return OnDevice(stack(images)).MoveToOuterDisposeScope();
    }

    // From memory that the device reads by itself, the copy waits for nothing that the device has yet to do; libtorch
    // keeps that memory until it is read.
    private Tensor OnDevice(Tensor noise) =>
        device.type == DeviceType.CUDA ? noise.pin_memory().to(device, non_blocking: true) : noise.to(device);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var generator in generators) generator.Dispose();
    }

    /// <summary>32 well mixed bits: for one seed, a permutation of the index's low half.</summary>
    internal static uint Key(long seed, long index)
    {
        var run = SplitMix64.Mix((ulong)seed + 0x9e3779b97f4a7c15 * (1 + ((ulong)index >> 32)));
        return Permute(Permute((uint)index ^ (uint)run) ^ (uint)(run >> 32));
    }

    /// <summary>The 32-bit finalizer of MurmurHash3 (Appleby, 2011): each operation is invertible.</summary>
    private static uint Permute(uint h)
    {
        h = (h ^ (h >> 16)) * 0x85ebca6b;
        h = (h ^ (h >> 13)) * 0xc2b2ae35;
        return h ^ (h >> 16);
    }
}
