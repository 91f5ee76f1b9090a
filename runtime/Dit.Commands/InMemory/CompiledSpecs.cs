using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Security.Cryptography;
using System.Text;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;

namespace Dit.Commands;

/// <summary>Models of specs that this program was not built with: compiled once, and loaded from then on.</summary>
internal static class CompiledSpecs
{
    private const string ListOfModels = $"{SpecCompiler.Namespace}.DitModels";

    private static readonly ConcurrentDictionary<string, ModelDefinition> Loaded = new();

    // What compiled code depends on, besides the spec. A new build of one of these has another id.
    // No type of the generator is named, since it would bring Roslyn.
    private static readonly Lazy<string> Tools = new(static () => string.Join(
        " ",
        new[] { Assembly.Load("Dit.Generator"), typeof(SpecFile).Assembly, typeof(ModelDefinition).Assembly, typeof(torch).Assembly }
            .Select(static assembly => assembly.ManifestModule.ModuleVersionId.ToString("N"))
            .Prepend(Environment.Version.Major.ToString(CultureInfo.InvariantCulture))));

    /// <summary>The model of a spec.</summary>
    /// <param name="text">A spec that was found to be right, as <see cref="SpecWriter"/> writes it.</param>
    /// <param name="cancellation">Ends the compiler.</param>
    public static ModelDefinition Load(string text, CancellationToken cancellation)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Tools.Value}\n{text}")));
        return Loaded.GetOrAdd(key, _ => Kept(key) ?? Compiled(key, text, cancellation));
    }

    private static ModelDefinition Compiled(string key, string text, CancellationToken cancellation)
    {
        var assembly = SpecCompiler.Compile(text, $"Dit.InMemory.{key[..12]}", cancellation);
        CompiledCache.Put(key, assembly);
        return ModelOf(assembly);
    }

    /// <summary>The model that was kept under a key; null where there is none, or it is damaged.</summary>
    internal static ModelDefinition? Kept(string key)
    {
        if (CompiledCache.Find(key) is not { } assembly) return null;
        try
        {
            return ModelOf(assembly);
        }
        catch (Exception e)
            when (e is BadImageFormatException or FileLoadException or TypeLoadException or EndOfStreamException or MissingMemberException)
        {
            return null; // the file was damaged: it is compiled anew
        }
    }

    private static ModelDefinition ModelOf(byte[] assembly)
    {
        var context = AssemblyLoadContext.GetLoadContext(typeof(CompiledSpecs).Assembly) ?? AssemblyLoadContext.Default;
        using var stream = new MemoryStream(assembly);
        var models = context
            .LoadFromStream(stream)
            .GetType(ListOfModels, throwOnError: true)
            ?.GetProperty("All", BindingFlags.Public | BindingFlags.Static)
            ?? throw new MissingMemberException(ListOfModels, "All");
        return models.GetValue(null) is IReadOnlyList<ModelDefinition> and [var model]
            ? model
            : throw new MissingMemberException(ListOfModels, "All");
    }
}
