namespace Dit.Commands.Tests;

/// <summary>Small legal specs, drawn from a seed, over every key of the blocks, conditions and processes.</summary>
internal sealed class RandomSpec
{
    private static readonly string[] Gaussian =
    [
        "{ variance: learned-range }", "{ variance: fixed-small, schedule: scaled-linear }",
        "{ prediction: velocity, variance: fixed-large, schedule: squared-cosine }",
        "{ prediction: score, variance: fixed-small, timesteps: 50 }", "{ prediction: start-x, variance: learned-range, timesteps: 100 }",
    ];

    private static readonly string[] Flows =
    [
        "{ schedule: flow-linear, times: { logit-normal: {} }, cosine_loss: true }", "{ schedule: flow-gvp, variance: ignored, shift: 3 }",
        "{ schedule: flow-vp, prediction: score, weight: likelihood }",
        "{ schedule: flow-linear, prediction: epsilon, weight: velocity }", "{ schedule: flow-gvp, prediction: start-x, loss: epsilon }",
    ];

    // Of the block designs and conditions each pair that there is a place for, in turn.
    private static readonly (string Variant, string Kind)[] Designs =
    [
        ("adaln-zero", "diffusers"), ("adaln", "text"), (CrossAttention, "masked"), ("adaln-zero", "classes"),
        ("cross-attention", "classes"), ("adaln-zero", "text"), (CrossAttention, "masked"), ("adaln", "classes"),
        ("cross-attention", "text"), (CrossAttention, "masked"), ("in-context", "text"), ("adaln", "none"),
        ("in-context", "classes"), ("adaln-zero", "none"), ("cross-attention", "none"), (CrossAttention, "text"),
    ];

    private const string CrossAttention = "adaln-zero+cross-attention";

    private readonly Random random;

    private RandomSpec(int seed) => random = new(seed);

    /// <summary>The spec of a seed: of a DiT where it is even, of a U-ViT where it is odd.</summary>
    public static string Of(int seed)
    {
        var spec = new RandomSpec(seed);
        return (seed % 2 == 0 ? spec.Dit(Designs[seed / 2 % Designs.Length]) : spec.UVit()) + spec.Process();
    }

    private string Of(params string[] choices) => choices[random.Next(choices.Length)];

    private bool IsTrue() => random.Next(2) == 0;

    private string Dit((string Variant, string Kind) design)
    {
        var (variant, kind) = design;
        var condition = Condition(variant, kind);
        var (tokens, adaptive) = (variant == "in-context", variant.StartsWith("adaln", StringComparison.Ordinal));
        // Sizes are embedded in thirds of the width, and the whole width is a multiple of four.
        var shapes = condition.Contains("micro_conditions", StringComparison.Ordinal)
            ? new[] { (3, 4), (3, 8), (4, 3), (1, 12), (2, 6) }
            : [(1, 4), (2, 4), (2, 8), (3, 8), (4, 3), (4, 5), (2, 6), (2, 16)];
        var (heads, headWidth) = shapes[random.Next(shapes.Length)];
        var position = !tokens && headWidth % 4 == 0 ? Of("none", "rope-2d") : "none";
        var block = kind == "diffusers"
            ? "numerics: diffusers\n"
            : $"block: {{ norm: {Of("layer", "rms")}, mlp: {Of("gelu-tanh", "gelu", "swiglu")}, qk_norm: {Of("none", "layer", "rms")}, "
                + $"position: {position}, shift: {(adaptive ? Of("true", "false") : "true")}, "
                + $"modulation: {(adaptive ? Of("per-block", "shared") : "per-block")} }}\n";
        return $$"""
            model: Random
            depth: {{random.Next(1, 4)}}
            width: {{heads * headWidth}}
            heads: {{heads}}
            {{Shape()}}
            positions: {{Of("{}", "{ scale: 2 }", "{ base: 2 }", "{ scale: 0.75, base: 16 }")}}
            {{block}}conditioning: {{condition}}

            """;
    }

    private string Condition(string variant, string kind)
    {
        var dropout = Of("", ", dropout: 0", ", dropout: 0.3");
        return kind switch
        {
            "none" => $"{{ variant: {variant}, none: true }}",
            "text" => $"{{ variant: {variant}, text: {{ tokens: 4, width: 5 }}{dropout} }}",
            "masked" => $"{{ variant: {variant}, text: {{ tokens: 4, width: 5, mask: {Of("true", "false")} }}"
                + $"{Of("", ", micro_conditions: true")}{dropout} }}",
            _ => $"{{ variant: {variant}, classes: 3{(kind == "diffusers" ? "" : dropout)} }}",
        };
    }

    private string UVit()
    {
        var heads = random.Next(1, 4);
        return $$"""
            model: Random
            backbone: u-vit
            depth: {{2 * random.Next(1, 4) + 1}}
            width: {{2 * heads * random.Next(1, 7)}}
            heads: {{heads}}
            {{Shape()}}
            qkv_bias: {{Of("true", "false")}}
            time_mlp: {{Of("true", "false")}}
            final_convolution: {{Of("true", "false")}}
            conditioning: {{Of(
                "none", "{ classes: 3 }", "{ classes: 3, dropout: 0 }", "{ text: { tokens: 4, width: 5 } }",
                "{ text: { tokens: 4, width: 5 }, dropout: 0 }")}}

            """;
    }

    // Two patches or more: a single token has no one to attend to.
    private string Shape()
    {
        var patch = random.Next(1, 4);
        return $$"""
            patch_size: {{patch}}
            mlp_ratio: {{Of("1", "2.5", "4")}}
            input: { channels: {{random.Next(1, 5)}}, size: [{{patch * random.Next(1, 4)}}, {{patch * random.Next(2, 5)}}] }
            """;
    }

    private string Process()
    {
        var isFlow = IsTrue();
        var method = isFlow
            ? Of("euler", "heun", "unipc", "dpm-solver++", "sde-euler", "sde-heun")
            : Of("ddpm", "ddim", "euler", "heun", "dpm-solver++", "unipc", "deis", "euler-ancestral", "edm");
        var clip = method.StartsWith("sde-", StringComparison.Ordinal) ? "" : ", clip_denoised: false";
        return $$"""
            diffusion: {{(isFlow ? Of(Flows) : Of(Gaussian))}}
            autoencoder: none
            samplers:
              few: { method: {{method}}, steps: {{random.Next(2, 4)}}{{clip}} }

            """;
    }
}
