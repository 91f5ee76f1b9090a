using System.Diagnostics;
using SkiaSharp;

namespace Dit.Runtime.Tests;

/// <summary>Images as they come from full disks, broken downloads and old archives.</summary>
internal static class DamagedImage
{
    /// <summary>Damages the pixels of a PNG file and leaves its head and end as they are: only a decoder finds it.</summary>
    public static void InTheMiddle(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var pixels = bytes.AsSpan().IndexOf("IDAT"u8) + 4;
        for (var at = pixels + 8; at < bytes.Length - 16; at++) bytes[at] ^= 0x5A;
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>A picture with much in it as a file of some format.</summary>
    public static byte[] Whole(SKEncodedImageFormat format, int size = 48, bool gray = false)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(size, size, gray ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var y = 0; y < size; y++)
            for (var x = 0; x < size; x++)
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 37 + y * y), (byte)(x * y), (byte)(x ^ 3 * y)));
        using var pixmap = new SKPixmap(bitmap.Info, bitmap.GetPixels());
        using var data = pixmap.Encode(format, 90) ?? throw new InvalidOperationException($"No encoder of {format}.");
        return data.ToArray();
    }

    /// <summary>Gives a file a name whose bytes are no UTF-8; what shells write may have such names.</summary>
    public static void CopyToLatin1Name(string file, string folder) => Shell("cp \"$2\" \"$1/$(printf 'caf\\351.png')\"", folder, file);

    /// <summary>Removes that file.</summary>
    public static void RemoveLatin1Name(string folder) => Shell("rm \"$1/$(printf 'caf\\351.png')\"", folder);

    private static void Shell(string script, params string[] arguments)
    {
        using var shell = Process.Start("sh", ["-c", script, "sh", .. arguments]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
