namespace Dit.Checkpoints;

/// <summary>Holds the views of a pickle against the storages that they are on.</summary>
internal static class StorageBounds
{
    /// <summary>Dimensions at which the iterators of libtorch stop.</summary>
    public const int MaxRank = 64;

    /// <summary>Checks that every element of a view lies in its storage.</summary>
    /// <exception cref="DitException">
    /// The shape is impossible, or larger than the storage, or the view ends outside it.
    /// </exception>
    public static void Check(string path, PickleValue.Storage storage, long offset, long[] shape, long[] strides)
    {
        var text = TensorInfo.ShapeText(shape);
        if (shape.Length > MaxRank || strides.Any(static s => s < 0) || TensorInfo.ByteCount(ElementType.Untyped, shape) is not { } elements
            || TensorInfo.ByteCount(storage.Type, shape) is null)
            throw new DitException($"'{path}' holds a tensor of an impossible shape {Printable.Of(text)}.");
        if (elements == 0)
            return;
        if (elements > storage.Elements)
            throw new DitException($"'{path}' holds a tensor of shape {text} on a storage of {storage.Elements} elements; "
                + "save expanded tensors with .contiguous().");
        Int128 last = offset;
        for (var i = 0; i < shape.Length; i++)
            last += (Int128)(shape[i] - 1) * strides[i];
        if (last >= storage.Elements)
            throw new DitException($"'{path}' holds a tensor of shape {text} that ends at element {last} "
                + $"of a storage of {storage.Elements} elements.");
    }
}
