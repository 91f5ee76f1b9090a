namespace Dit.Commands.Tests;

/// <summary>The spec of a model that trains in a moment.</summary>
internal static class SmallSpec
{
    /// <summary>The spec, with a number of classes.</summary>
    public static string Of(int classes) => $$"""
        model: Small
        depth: 1
        width: 32
        heads: 2
        patch_size: 4
        input: { channels: 3, size: 8 }
        conditioning: { variant: adaln-zero, classes: {{classes}} }
        diffusion: { schedule: squared-cosine }
        autoencoder: none
        samplers:
          ddim-2: { method: ddim, steps: 2 }

        """;
}
