using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A decoded image.</summary>
/// <param name="Index">Which image of the folder it is.</param>
/// <param name="Planes">(C, Y, X), one byte each; shared with the cache, so it is not to be changed.</param>
internal readonly record struct DecodedImage(int Index, byte[] Planes);

/// <summary>A batch of images.</summary>
/// <param name="Images">Float32 in [-1, 1], (N, C, Y, X), on the CPU.</param>
/// <param name="Used">Which images of the folder they are, N of them.</param>
internal readonly record struct LoadedImages(Tensor Images, int[] Used);

/// <summary>Decoded images that become a batch.</summary>
/// <param name="count">N.</param>
/// <param name="shape">(C, Y, X).</param>
internal sealed class ImageBatch(int count, ImageShape shape)
{
    private readonly int size = shape.Channels * shape.Height * shape.Width;
    private readonly byte[] bytes = new byte[checked((long)count * shape.Channels * shape.Height * shape.Width)];
    private readonly int[] used = new int[count];

    /// <summary>Puts an image in its place; different places may be filled at the same time.</summary>
    /// <param name="n">The place, from 0.</param>
    /// <param name="image">The image.</param>
    /// <param name="mirrored">Whether to mirror it left to right.</param>
    public void Put(int n, DecodedImage image, bool mirrored)
    {
        used[n] = image.Index;
        var into = bytes.AsSpan(n * size, size);
        image.Planes.CopyTo(into);
        if (!mirrored) return;
        for (var row = 0; row < into.Length; row += shape.Width) into.Slice(row, shape.Width).Reverse();
    }

    /// <summary>The batch, when every place is filled.</summary>
    public LoadedImages ToImages()
    {
        using var scope = NewDisposeScope();
        var images = tensor(bytes, shape.Batch(count)).to(ScalarType.Float32).div_(127.5).sub_(1);
        return new(images.MoveToOuterDisposeScope(), used);
    }
}
