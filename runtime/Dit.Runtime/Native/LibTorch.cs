using System.Runtime.InteropServices;

namespace Dit.Runtime;

/// <summary>Which libtorch the process runs on.</summary>
/// <remarks>
/// By default the one that the build copied beside the program. With the environment variable <c>DIT_LIBTORCH</c> set
/// to a folder, such as <c>site-packages/torch/lib</c> of a Python installation, the one there, CUDA included; such a
/// program is built without a libtorch package, since TorchSharp cannot be kept from a libtorch beside it. Generated
/// code calls <see cref="Prepare"/> when its assembly is loaded; a program that uses TorchSharp before that calls
/// <see cref="Load"/> first.
/// </remarks>
public static class LibTorch
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "DIT_LIBTORCH";

    private static readonly Lock Gate = new();
    private static bool loaded;
    private static DitException? failure;

    /// <summary>
    /// As <see cref="Load"/>, for the initializer of an assembly, which must not throw: a failure is kept, and every
    /// model's <c>Create</c> and <c>Load</c> throw it.
    /// </summary>
    /// <remarks>Generated code calls it when its assembly is loaded.</remarks>
    public static void Prepare()
    {
        try
        {
            Load();
        }
        catch (DitException e)
        {
            failure = e;
        }
    }

    /// <summary>Throws what <see cref="Prepare"/> kept.</summary>
    internal static void RequirePrepared()
    {
        if (failure is { } kept) throw new DitException(kept.Message, kept);
    }

    /// <summary>
    /// Loads the libtorch that <c>DIT_LIBTORCH</c> names; does nothing when it is not set, or the second time.
    /// </summary>
    /// <exception cref="DitException">
    /// The folder is not there or holds no libtorch that can be loaded, or the program carries one of its own.
    /// </exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (loaded || Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder) return;
            if (Carried() is { } own)
                throw new DitException(
                    $"{Variable} is set, but this program carries a libtorch of its own, {own}, and two of them end a process; build "
                        + $"without a libtorch package (in the repository of Dit.Gen: -p:TorchBackend=none) to use the one in '{folder}', "
                        + $"or unset {Variable}.");
            LoadFrom(folder);
            loaded = true;
        }
    }

    /// <summary>
    /// Loads the libtorch of a folder, for a program that has none yet: none beside it, and none by
    /// <c>DIT_LIBTORCH</c>.
    /// </summary>
    /// <param name="folder">A folder that may hold libtorch.</param>
    /// <returns>Whether the program has one now; false when it had none and the folder holds none.</returns>
    /// <exception cref="DitException">The one of the folder cannot be loaded.</exception>
    public static bool TryLoad(string folder)
    {
        lock (Gate)
        {
            if (loaded || Carried() is not null) return true;
            var libraries = PathsIn(folder);
            if (!libraries.All(File.Exists)) return false;
            foreach (var library in libraries) LoadLibrary(library, "");
            return loaded = true;
        }
    }

    // TorchSharp loads what it finds here by path, whatever is loaded already.
    private static string? Carried() => ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(Path.PathSeparator)
        .Append(AppContext.BaseDirectory)
        .Where(static directory => directory.Length > 0)
        .Select(static directory => Path.Combine(directory, FileName("torch_cpu")))
        .FirstOrDefault(File.Exists);

    /// <summary>The libraries in the order of their dependencies; CUDA's only where the folder has it.</summary>
    internal static IReadOnlyList<string> Libraries(Func<string, string> fileName, Func<string, bool> exists)
    {
        string[] always = ["c10", "torch_cpu"];
        string[] cuda = ["c10_cuda", "torch_cuda"];
        return [.. always.Select(fileName), .. cuda.Select(fileName).Where(exists), fileName("torch")];
    }

    internal static void LoadFrom(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DitException(
                $"{Variable} names the folder '{folder}', which does not exist; set it to a folder with libtorch, such as "
                    + $"site-packages/torch/lib.");
        foreach (var library in PathsIn(folder))
        {
            if (!File.Exists(library))
                throw new DitException(
                    $"{Variable} names the folder '{folder}', which holds no {Path.GetFileName(library)}; set it to a folder with "
                        + $"libtorch, such as site-packages/torch/lib.");
            LoadLibrary(library, $", named by {Variable},");
        }
    }

    private static string[] PathsIn(string folder) =>
        [.. Libraries(FileName, name => File.Exists(Path.Combine(folder, name))).Select(name => Path.Combine(folder, name))];

    private static void LoadLibrary(string path, string whose)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new DitException($"'{path}'{whose} cannot be loaded: {error.Message}", error);
        }
    }

    private static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";
}
