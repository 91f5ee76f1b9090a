using System.Reflection;
using System.Text.RegularExpressions;

namespace Dit.Runtime.Tests;

/// <summary>Pointers are for the kernels, and for the folders that call them on tensors.</summary>
public partial class UnsafeCodeTests
{
    [Fact]
    public void Only_the_kernels_and_the_folders_that_call_them_have_unsafe_code()
    {
        var files = Sources();
        var found = files.Where(static file => Pointers().IsMatch(Code(file))).Select(Name).Order().ToArray();

        Assert.Contains(Kernels + "Vectors/MatrixTile.cs", found); // the test sees what it looks for
        Assert.Contains(Edge + "TensorPointer.cs", found);
        Assert.All(found, static file => Assert.True(
            new[] { Kernels, Edge, Engine, Cuda, Mpi }.Any(folder => file.StartsWith(folder, StringComparison.Ordinal)),
            $"{file} has unsafe code."));
    }

    [Fact]
    public void Definitions_of_kernels_are_safe() =>
        Assert.DoesNotMatch(
            Pointers(),
            Code(Assert.Single(Sources(), static file => Name(file) == Kernels + "Inference/ScalarKernels.cs")));

    private const string Kernels = "Dit.Kernels/", Edge = "Dit.Runtime/Kernels/",
        Engine = "Dit.Runtime/Inference/Fused/", Cuda = "Dit.Runtime/Inference/Cuda/",
        Mpi = "Dit.Runtime/Distributed/Native/";

    [GeneratedRegex(
        @"\bunsafe\b|\bfixed\s*\(|\b(float|double|s?byte|u?int|u?short|u?long|n?u?int|char|void)\s?\*+\s?\w|\b(NativeMemory|Marshal\.(Alloc|Free)\w*|Unsafe\.AsPointer|MemoryMarshal\.CreateSpan)\b"
    )]
    private static partial Regex Pointers();

    // Words in comments are no code.
    private static string Code(string file) => string.Join('\n', File.ReadLines(file).Select(static line => line.Split("//", 2)[0]));

    private static string Name(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string[] Sources() =>
        [
            .. Directory
                .GetFiles(Root, "*.cs", SearchOption.AllDirectories)
                .Where(static file => !Name(file).Split('/').Any(static part => part is "obj" or "bin")),
        ];

    private static string Root { get; } = Path.Combine(typeof(UnsafeCodeTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static a => a.Key == "RepositoryRoot")
        .Value
        ?? throw new InvalidOperationException("The build sets RepositoryRoot."),
    "runtime");
}
