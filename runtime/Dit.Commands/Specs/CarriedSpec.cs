using System.Text;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>The spec that a checkpoint carries, where a command takes a spec.</summary>
internal static class CarriedSpec
{
    private static readonly string[] CheckpointEndings = [".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".index.json"];

    private static readonly string[] FilesOfDiffusers = ["model_index.json", "config.json", "diffusion_pytorch_model.safetensors"];

    /// <summary>Whether a file is called like a checkpoint.</summary>
    public static bool IsCheckpoint(string path) => Ends(path, CheckpointEndings);

    /// <summary>Whether a folder is one of diffusers and not one of specs.</summary>
    public static bool IsFolder(string path) =>
        FilesOfDiffusers.Any(name => File.Exists(Path.Combine(path, name))) && !Directory.EnumerateFiles(path).Any(SpecFile.IsSpec);

    /// <summary>Whether a file that is not called like a spec holds no text, and so may be a checkpoint.</summary>
    /// <remarks>UTF-16 has zeros too, and says by its first bytes what it is.</remarks>
    public static bool IsBinary(SpecBytes file) =>
        !SpecSource.IsYaml(file.Path) && file.Bytes.AsSpan().Contains((byte)0) && file.Bytes is not ([0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]);

    /// <summary>The spec that a checkpoint carries, as a file of it would be.</summary>
    /// <exception cref="DitException">It cannot be read, or carries no spec.</exception>
    public static SpecBytes Of(string path)
    {
        TensorLibrary.Require();
        using var file = CheckpointFile.Open(path);
        return CheckpointSpec.Of(file) is { } text
            ? new(path, Encoding.UTF8.GetBytes(text), IsCarried: true)
            : throw new DitException($"'{path}' carries no spec: it was not written by dit, or by a version that did not keep one in it. "
                + "Name the spec of its model in place of it.");
    }

    private static bool Ends(string path, string[] endings) =>
        endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
