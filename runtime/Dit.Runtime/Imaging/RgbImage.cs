using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>An 8-bit RGB picture outside libtorch: what files hold, and what grids and plots are drawn on.</summary>
public sealed class RgbImage
{
    internal RgbImage(int width, int height, byte[] data)
    {
        if (width < 1 || height < 1 || data.LongLength != 3L * width * height)
            throw new ArgumentException($"{data.LongLength} bytes do not make an RGB picture of {width} x {height} pixels.", nameof(data));
        (Width, Height, Data) = (width, height, data);
    }

    /// <summary>X, in pixels.</summary>
    public int Width { get; }

    /// <summary>Y, in pixels.</summary>
    public int Height { get; }

    /// <summary>Red, green and blue of each pixel, row by row from the top left: 3 X Y bytes.</summary>
    public ReadOnlySpan<byte> Pixels => Data;

    /// <summary>The bytes behind <see cref="Pixels"/>; written only while the picture is being made.</summary>
    internal byte[] Data { get; }

    /// <summary>The color of one pixel.</summary>
    public (byte R, byte G, byte B) this[int x, int y]
    {
        get
        {
            var at = 3 * (y * Width + x);
            return (Data[at], Data[at + 1], Data[at + 2]);
        }
    }

    /// <summary>A picture of one color.</summary>
    internal static RgbImage Filled(int width, int height, (byte R, byte G, byte B) color)
    {
        var data = new byte[checked(3 * width * height)];
        for (var i = 0; i < data.Length; i += 3)
            (data[i], data[i + 1], data[i + 2]) = color;
        return new RgbImage(width, height, data);
    }

    /// <summary>The pixels as a uint8 tensor, (3, Y, X).</summary>
    public Tensor ToTensor()
    {
        using var scope = NewDisposeScope();
        return tensor(Data, [Height, Width, 3]).permute(2, 0, 1).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>A picture of a tensor.</summary>
    /// <param name="image">
    /// (3, Y, X), or (1, Y, X) for gray; uint8, or a float in [-1, 1] that becomes round((x + 1) / 2 * 255), clamped.
    /// </param>
    /// <exception cref="DitException">The tensor has another shape or type, or holds NaN or infinity.</exception>
    public static RgbImage FromTensor(Tensor image) => Named(image, "This tensor");

    /// <summary>A picture of a tensor, which is named where it is none.</summary>
    internal static RgbImage Named(Tensor image, string name)
    {
        if (image.dim() != 3 || image.shape[0] is not (1 or 3) || image.shape[1] < 1 || image.shape[2] < 1)
            throw new DitException(
                $"A picture is a tensor of shape (3, Y, X) or (1, Y, X), but this one is ({string.Join(", ", image.shape)}).");
        if (NonFinite.In(image) is { } found)
            throw new DitException($"{name} holds {found}: a picture is made of finite numbers.");
        using var scope = NewDisposeScope();
        var bytes = ToBytes(image).expand(3, -1, -1).permute(1, 2, 0).contiguous(); // (Y, X, 3)
        return new RgbImage((int)image.shape[2], (int)image.shape[1], bytes.data<byte>().ToArray());
    }

    private static Tensor ToBytes(Tensor image)
    {
        if (image.dtype == ScalarType.Byte) return image.cpu();
        if (!image.is_floating_point())
            throw new DitException($"A picture is a tensor of uint8 or of floats in [-1, 1], but this one is {image.dtype}.");
        var unit = image.detach().cpu().to(ScalarType.Float32);
        return unit.add(1).mul(127.5).round().clamp(0, 255).to(ScalarType.Byte);
    }
}
