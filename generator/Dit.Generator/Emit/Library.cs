namespace Dit.Generator.Emit;

/// <summary>
/// Where generated code finds the names that are not its own, by its usings: a namespace, or the type TorchSharp.torch.
/// </summary>
/// <param name="Name">Its full name.</param>
/// <param name="Alias">The alias that separates its names from the project's, in files that need one.</param>
/// <param name="AliasOf">The namespace that the alias stands for.</param>
/// <param name="Prefix">
/// What stands before a name then. Behind <c>::</c> the compiler looks nowhere but in the alias.
/// </param>
internal sealed record Library(string Name, string Alias, string AliasOf, string Prefix)
{
    /// <summary>TorchSharp's functions and the types beside them.</summary>
    public static readonly Library Torch = new("TorchSharp.torch", "Torch", "TorchSharp", "Torch::torch.");

    /// <summary>The namespaces.</summary>
    public static readonly IReadOnlyList<Library> Namespaces =
    [
        new("Dit.Runtime", "Dit", "Dit.Runtime", "Dit::"),
        new("Dit.Checkpoints", "Checkpoints", "Dit.Checkpoints", "Checkpoints::"),
        new("TorchSharp", "Torch", "TorchSharp", "Torch::"),
        new("TorchSharp.Modules", "Torch", "TorchSharp", "Torch::Modules."),
        new("System.Collections.Generic", "Collections", "System.Collections.Generic", "Collections::"),
    ];
}
