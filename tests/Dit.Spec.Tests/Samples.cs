using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>Random values, the same in every run: a failure on one machine is a failure on all.</summary>
internal static class Samples
{
    public static IEnumerable<T> Of<T>(Gen<T> gen, int count, ulong seed = 20)
    {
        var random = new PCG(1, seed);
        for (var i = 0; i < count; i++)
            yield return gen.Generate(random, null, out _);
    }
}
