using System.Reflection;

namespace Dit.Spec.Tests;

/// <summary>Specs to test with.</summary>
internal static class Specs
{
    public static string RepositoryRoot { get; } = typeof(Specs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value ?? throw new InvalidOperationException("The build sets RepositoryRoot.");

    /// <summary>A legal spec, one key a line, so that tests can change a line and know where it is.</summary>
    public const string Tiny = """
        model: Tiny/2
        depth: 2
        width: 32
        heads: 4
        patch_size: 2
        mlp_ratio: 4
        input:
          channels: 4
          size: 8
        conditioning:
          variant: adaln-zero
          classes: 10
          dropout: 0.1
        diffusion:
          prediction: epsilon
          variance: learned-range
          schedule: linear
          timesteps: 1000
        autoencoder: none
        samplers:
          ddpm-250: { method: ddpm, steps: 250 }
          ddim-50: { method: ddim, steps: 50, eta: 0.5 }
        """;

    /// <summary><see cref="Tiny"/> with other lines in place of those of the same keys.</summary>
    public static string With(string lines) => string.Join("\n", TopKeys(lines).Aggregate(Tiny, Without).TrimEnd(), lines, "");

    public static string Without(string key) => Without(Tiny, key);

    private static string Without(string spec, string key) => string.Join("\n", spec.Split('\n')
        .Aggregate((Lines: new List<string>(), Skips: false), (read, line) =>
        {
            var skips = line.StartsWith(' ') ? read.Skips : line.StartsWith(key + ":", StringComparison.Ordinal);
            if (!skips) read.Lines.Add(line);
            return (read.Lines, skips);
        }).Lines);

    private static IEnumerable<string> TopKeys(string lines) =>
        lines
            .Split('\n')
            .Where(static l => l.Contains(':') && !l.StartsWith(' ') && !l.StartsWith('#'))
            .Select(static l => l[..l.IndexOf(':')]);

    public static string Shipped(string file) => File.ReadAllText(Path.Combine(RepositoryRoot, "definitions", file));

    public static ModelSpec Model(string yaml)
    {
        var file = SpecFile.Parse(yaml);
        Assert.Empty(file.Errors);
        return Assert.Single(file.Models).Spec;
    }

    public static IReadOnlyList<ModelSpec> Models(string yaml)
    {
        var file = SpecFile.Parse(yaml);
        Assert.Empty(file.Errors);
        return [.. file.Models.Select(m => m.Spec)];
    }
}
