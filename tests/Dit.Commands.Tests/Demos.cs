using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>The demo models, Shapes and Shapes-Flow, have the same tensors.</summary>
internal static class Demos
{
    /// <summary>What a file says to be one of Shapes.</summary>
    public static Dictionary<string, string> Named { get; } = new() { [ModelCard.NameKey] = "Shapes" };
}
