using System.Globalization;
using System.Text;

namespace Dit.Spec.Tests;

/// <summary>
/// Where a family comes from, and which files are released of it: all of the page that specs do not say.
/// </summary>
/// <param name="Name">As <see cref="ModelFamily"/> has it.</param>
/// <param name="Source">What the models are and where they come from, a sentence.</param>
/// <param name="License">The license of the released weights.</param>
/// <param name="Files">The released file of a model, by the model's name.</param>
internal sealed record FamilyNote(string Name, string Source, string License, IReadOnlyDictionary<string, string> Files)
{
    private const string UniDiffuser =
        "Images, embeddings and texts by one network ([arXiv 2303.06555](https://arxiv.org/abs/2303.06555), thu-ml/unidiffuser): "
            + "[seven ways to sample](unidiffuser.md).";

    private static readonly Dictionary<string, string> None = [];

    /// <summary>A family needs one of these, and nothing else.</summary>
    public static IReadOnlyList<FamilyNote> All { get; } =
    [
        new("DiT", "Diffusion Transformers ([arXiv 2212.09748](https://arxiv.org/abs/2212.09748), facebookresearch/DiT).",
            "CC-BY-NC 4.0",
            new Dictionary<string, string>
            {
                ["DiT-XL/2"] = "DiT-XL-2-256x256.pt",
                ["DiT-XL/2-512"] = "DiT-XL-2-512x512.pt",
            }),
        new("SiT", "DiTs trained as flows ([arXiv 2401.08740](https://arxiv.org/abs/2401.08740), willisma/SiT).", "MIT",
            new Dictionary<string, string> { ["SiT-XL/2"] = "SiT-XL-2-256x256.pt" }),
        new("U-ViT", "All conditions are tokens, with long skips ([arXiv 2209.12152](https://arxiv.org/abs/2209.12152), baofff/U-ViT). "
                + "If a released file holds `final_layer`, its spec needs `final_convolution: true`.",
            "MIT",
            new Dictionary<string, string>
            {
                ["U-ViT-S/2-CIFAR10"] = "cifar10_uvit_small.pth",
                ["U-ViT-S/4-CelebA64"] = "celeba64_uvit_small.pth",
                ["U-ViT-M/4-ImageNet64"] = "imagenet64_uvit_mid.pth",
                ["U-ViT-L/4-ImageNet64"] = "imagenet64_uvit_large.pth",
                ["U-ViT-L/2"] = "imagenet256_uvit_large.pth",
                ["U-ViT-H/2"] = "imagenet256_uvit_huge.pth",
                ["U-ViT-L/4-512"] = "imagenet512_uvit_large.pth",
                ["U-ViT-H/4-512"] = "imagenet512_uvit_huge.pth",
                ["U-ViT-S/2-COCO"] = "mscoco_uvit_small.pth",
                ["U-ViT-S/2-Deep-COCO"] = "mscoco_uvit_small_deep.pth",
            }),
        new("PixArt",
            "Text by cross-attention and shared modulation ([arXiv 2310.00426](https://arxiv.org/abs/2310.00426), "
                + "PixArt-alpha/PixArt-alpha).",
            "openrail++",
            new Dictionary<string, string>
            {
                ["PixArt-XL/2-256"] = "PixArt-XL-2-256x256.pth",
                ["PixArt-XL/2-512"] = "PixArt-XL-2-512x512.pth",
                ["PixArt-XL/2-1024-MS"] = "PixArt-XL-2-1024-MS.pth",
            }),
        new("LightningDiT",
            "Flows on latents of VA-VAE, with RMS norm, SwiGLU and rotary positions ([arXiv 2501.01423](https://arxiv.org/abs/2501.01423), "
                + "hustvl/LightningDiT). `lightningdit-xl-imagenet256-64ep.pt` is the same model after fewer epochs.",
            "MIT",
            new Dictionary<string, string> { ["LightningDiT-XL/1"] = "lightningdit-xl-imagenet256-800ep.pt" }),
        new("Shapes", "The demo model, trained by this project; its weights come with `dit`.", "MIT, as this project", None),
        new("Shapes-Flow", "The demo model as a flow; its weights come with `dit`.", "MIT, as this project", None),
        new("UniDiffuser-v0", UniDiffuser, "see the publisher", new Dictionary<string, string> { ["UniDiffuser-v0"] = "uvit_v0.pth" }),
        new(
            "UniDiffuser-v1", UniDiffuser + " v1 has one more token, which distinguishes two sets of training data.",
            "see the publisher", new Dictionary<string, string> { ["UniDiffuser-v1"] = "uvit_v1.pth" }),
    ];
}

/// <summary>docs/models.md, written from the specs that ship and from <see cref="FamilyNote"/>.</summary>
internal static class ModelsPage
{
    private const string Head = """
        # Models

        Every model that ships with `dit`, by family. Multiply-accumulates (MACs) are those of one forward pass of one image, counted as in
        the paper, which calls them Gflops. A diagram shows the first model's block as its description has it;
        `dit check SPEC --diagram` draws that of any spec. Released files are named as their publishers name them. They load by the names
        and shapes of their tensors, in the formats of [checkpoints](checkpoints.md), and under other namings where
        [name maps](name-maps.md) has one. Names and shapes are held to those of the published code; the files themselves were not at hand
        for a test. The project distributes none of them; licenses are those of the weights.

        """;

    /// <summary>The specs that ship, by family.</summary>
    public static IReadOnlyList<(string Family, ModelSpec[] Models)> Families { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Specs.RepositoryRoot, "definitions"), "*.dit.yaml")
            .OrderBy(SpecFile.OrderKey, StringComparer.Ordinal)
            .SelectMany(static path => SpecFile.Parse(File.ReadAllText(path)).Models)
            .GroupBy(static model => ModelFamily.Of(model.Spec.Name))
            .Select(static family => (family.Key, family.Select(static model => model.Spec).ToArray())),
    ];

    /// <summary>The file of a family's diagram, below docs.</summary>
    public static string DiagramOf(string family) => $"models/{family.ToLowerInvariant()}.svg";

    /// <summary>The page.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder(Head.Replace("\r\n", "\n"));
        foreach (var (family, models) in Families) Append(text, FamilyNote.All.Single(note => note.Name == family), models);
        return MarkdownText.Filled(text.ToString());
    }

    private static void Append(StringBuilder text, FamilyNote note, ModelSpec[] models)
    {
        text.Append($"\n## {note.Name}\n\n{note.Source} License of the weights: {note.License}.\n\n")
            .Append($"![The block of {models[0].Name}]({DiagramOf(note.Name)})\n\n")
            .Append("| model | image | parameters | MACs | conditioned on | released file |\n|---|---|---|---|---|---|\n");
        foreach (var spec in models)
        {
            var layout = ModelLayout.Of(spec);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {spec.Name} | {Image(spec)} | {layout.ParameterCount:N0} | {layout.Macs / 1e9:F2} G | {Condition(spec)} | "
                    + $"{Released(note, spec)} |\n");
        }
    }

    private static string Image(ModelSpec spec)
    {
        var factor = spec.Autoencoder.Match(static _ => 1, static kl => 1 << (kl.Multipliers.Count - 1));
        return FormattableString.Invariant($"{spec.Input.Width * factor} x {spec.Input.Height * factor}")
            + spec.Autoencoder.Match(static _ => "", static kl => $", latents of {kl.Called}");
    }

    private static string Condition(ModelSpec spec) => spec.Condition.Match(
        _ => spec.Backbone.Joint is { } joint
            ? FormattableString.Invariant($"text of {joint.TextTokens} tokens of width {joint.TextWidth}, or nothing")
            : "nothing",
        static labels => FormattableString.Invariant($"{labels.Count} classes"),
        static text => FormattableString.Invariant($"{text.Tokens} text tokens of width {text.Width}")
            + (text.IsMasked ? ", masked" : "") + (text.HasSizes ? ", image size" : ""))
        + $" ({spec.Backbone.ConditioningWord})";

    private static string Released(FamilyNote note, ModelSpec spec) =>
        note.Files.TryGetValue(spec.Name, out var file) ? $"`{file}`" : "";
}
