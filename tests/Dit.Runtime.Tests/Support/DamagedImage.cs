using System.Diagnostics;

namespace Dit.Runtime.Tests;

/// <summary>Images as they come from full disks, broken downloads and old archives.</summary>
internal static class DamagedImage
{
    /// <summary>
    /// Damages the pixels of a PNG file and leaves its head and end as they are: only a decoder finds it.
    /// </summary>
    public static void InTheMiddle(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var pixels = bytes.AsSpan().IndexOf("IDAT"u8) + 4;
        for (var at = pixels + 8; at < bytes.Length - 16; at++) bytes[at] ^= 0x5A;
        File.WriteAllBytes(path, bytes);
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
