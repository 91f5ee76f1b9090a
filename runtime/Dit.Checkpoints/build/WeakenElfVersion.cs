using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Copies a 64-bit little-endian ELF file and marks one symbol version that it requires as weak.</summary>
/// <remarks>
/// Compiled by the build itself. Writes beside the destination and renames; does nothing when the copy is up to date.
/// </remarks>
public sealed class WeakenElfVersion : Task
{
    private const uint GnuVersionRequirements = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 2;                          // VER_FLG_WEAK

    [Required] public string Source { get; set; }

    [Required] public string Destination { get; set; }

    [Required] public string Version { get; set; }

    public override bool Execute()
    {
        var stamp = File.GetLastWriteTimeUtc(Source);
        if (File.Exists(Destination) && File.GetLastWriteTimeUtc(Destination) == stamp) return true;

        var image = File.ReadAllBytes(Source);
        if (!TryWeaken(image))
            Log.LogMessage(MessageImportance.Low, "{0} does not require {1}: copied as it is.", Source, Version);

        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        var beside = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(beside, image);
        File.SetLastWriteTimeUtc(beside, stamp);
        if (File.Exists(Destination)) File.Delete(Destination);
        File.Move(beside, Destination);
        return true;
    }

    private bool TryWeaken(byte[] image)
    {
        if (image.Length < 64 || image[0] != 0x7f || image[1] != 'E' || image[4] != 2 || image[5] != 1) return false;
        var sections = (long)BitConverter.ToUInt64(image, 0x28);
        var entrySize = BitConverter.ToUInt16(image, 0x3a);
        var count = BitConverter.ToUInt16(image, 0x3c);
        for (var i = 0; i < count; i++)
        {
            var header = (int)(sections + (long)i * entrySize);
            if (BitConverter.ToUInt32(image, header + 4) != GnuVersionRequirements) continue;
            var strings = (int)(sections + BitConverter.ToUInt32(image, header + 0x28) * (long)entrySize);
            return TryWeaken(image, At(image, header), At(image, strings));
        }
        return false;
    }

    private static int At(byte[] image, int sectionHeader)
    {
        return (int)BitConverter.ToUInt64(image, sectionHeader + 0x18);
    }

    // Elf64_Verneed: version, count, file, first entry, next. Elf64_Vernaux: hash, flags, index, name, next.
    private bool TryWeaken(byte[] image, int need, int names)
    {
        while (true)
        {
            var entry = need + (int)BitConverter.ToUInt32(image, need + 8);
            for (var left = BitConverter.ToUInt16(image, need + 2); left > 0; left--)
            {
                if (NameAt(image, names + (int)BitConverter.ToUInt32(image, entry + 8)) == Version)
                {
                    BitConverter.GetBytes((ushort)(BitConverter.ToUInt16(image, entry + 4) | Weak)).CopyTo(image, entry + 4);
                    return true;
                }
                entry += (int)BitConverter.ToUInt32(image, entry + 12);
            }
            var next = (int)BitConverter.ToUInt32(image, need + 12);
            if (next == 0) return false;
            need += next;
        }
    }

    private static string NameAt(byte[] image, int at)
    {
        return Encoding.ASCII.GetString(image, at, Array.IndexOf(image, (byte)0, at) - at);
    }
}
