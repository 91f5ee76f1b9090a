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
