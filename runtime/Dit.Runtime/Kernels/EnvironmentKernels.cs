using Dit.Kernels;

namespace Dit.Runtime.Kernels;

/// <summary>The kernels that the environment of this process asks for. It is read once.</summary>
internal static class EnvironmentKernels
{
    private static readonly Lazy<KernelChoice> read = new(static () => Parse(Environment.GetEnvironmentVariable(KernelChoice.Variable)));

    /// <summary>The choice, the same for the life of the process.</summary>
    /// <exception cref="DitException">The environment variable holds a word that is none.</exception>
    public static KernelChoice Choice => read.Value;

    /// <summary>The choice of a word.</summary>
    /// <exception cref="DitException">The word is none.</exception>
    public static KernelChoice Parse(string? word) => KernelChoice.TryParse(word)
        ?? throw new DitException($"{KernelChoice.Variable} is '{word}': it may be off, on, 512, 256 or 128.");
}
