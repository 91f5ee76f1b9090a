namespace Dit.Spec;

/// <summary>The keys of the spec language, from the top of a file down.</summary>
internal static class SpecKeys
{
    public static NameKey Model { get; } = new(
        "model", "The model's name. Its class is the name without anything that is not an ASCII letter or digit: DiT-XL/2 gives DiTXL2",
        "DiT-XL/2")
    { Rules = [Rule.BadName, Rule.YamlWord, Rule.ModelNamesDiffer] };

    public static NameKey Family { get; } = new(
        "family", "The name of a family of models, with a placeholder in braces for each axis of its matrix", "DiT-{size}/{patch_size}")
    { Rules = [Rule.BadName, Rule.YamlWord, Rule.ModelNamesDiffer] };

    public static MatrixKey Matrix { get; } = new(
        "matrix", MaxMembers: 256,
        "The axes of a family: each combination of one value from each axis is a model. "
            + "An axis is a list of values for the key that it is named after, or a mapping of names to the keys that each name stands for",
        "{ patch_size: [2, 4, 8] }")
    { Rules = [Rule.BadMatrix, Rule.MatrixHole, Rule.KeyInMatrixAndOutside, Rule.MembersInRange] };

    public static WordKey<BackboneKeys> Backbone { get; } = new(
        "backbone",
        [
            new("dit", "the Diffusion Transformer (arXiv 2212.09748)", new BackboneKeys.Dit()),
            new("u-vit", "U-ViT (arXiv 2209.12152): time, condition and patches are all tokens, with long skips", new BackboneKeys.UVit()),
            new(
                "unidiffuser", "UniDiffuser (arXiv 2303.06555): images and texts are denoised jointly, each at a time of its own",
                new BackboneKeys.UniDiffuser()),
            new("mmdit", "MMDiT (arXiv 2403.03206)"),
        ],
        "dit", "The architecture", "dit");

    public static IntKey Channels { get; } = new("channels", 1, 1024, null, "Channels of the input: 4 for KL-f8 latents, 3 for pixels", "4")
    { Rules = [Rule.LatentFitsInput, Rule.ClippingIsSaid] };

    public static SizeKey Size { get; } = new(
        "size", 1, 16384, "Height and width of the input in pixels, or in latent pixels: one number for a square, or [height, width]", "32")
    { Rules = [Rule.PatchDividesInput, Rule.TokensInRange] };

    public static MappingKey Input { get; } =
        new("input", [Channels, Size], Optional: false, "What the model denoises", "{ channels: 4, size: 32 }");

    public static MappingKey Conditioning { get; } = new(
        "conditioning", [.. Every(static backbone => backbone.BelowConditioning), .. ConditionKeys.All], Optional: false,
        "What the model is conditioned on besides the timestep: one of classes, text and none", "{ classes: 1000 }", Word: "none")
    { Rules = [Rule.JointIsUnconditional] };

    public static MappingKey Diffusion { get; } = new(
        "diffusion", [.. ProcessKeys.All.SelectMany(static process => process.Keys).Distinct()], Optional: true,
        "The process that the model is trained for", "{ prediction: epsilon, timesteps: 1000 }")
    { Rules = [Rule.JointProcess] };

    public static WordOrMappingKey<Autoencoder> Autoencoder { get; } = new(
        new(
            "autoencoder",
            [
                new("none", "pixels in [-1, 1]; samplers clip to them unless they say clip_denoised: false", new Autoencoder.None()),
                new(
                    "kl-f8",
                    "the KL-regularized autoencoder of Stable Diffusion, 8 pixels to a latent pixel of 4 channels, scaled by 0.18215",
                    Spec.Autoencoder.KlF8),
                new(
                    "va-vae-f16d32",
                    "the autoencoder of LightningDiT, 16 pixels to a latent pixel of 32 channels, each normalized by its statistics",
                    Spec.Autoencoder.VaVaeF16D32),
            ],
            "none", "Whose latents the model denoises", "kl-f8"),
        AutoencoderKeys.Kl)
    { Rules = [Rule.LatentFitsInput, Rule.ClippingIsSaid] };

    public static MappingKey Sampler { get; } =
        new("*", SamplerKeys.All, Optional: false, "One sampler under its name", "{ method: ddpm, steps: 250 }");

    public static MapKey Samplers { get; } = new(
        "samplers", Sampler, MaxEntries: 100, "Samplers by name; each becomes a property, ddpm-250 the property Ddpm250",
        "{ ddpm-250: { method: ddpm, steps: 250 } }")
    { Rules = [Rule.BadName, Rule.YamlWord, Rule.SamplerNamesDiffer] };

    /// <summary>The keys of a model besides its name, whatever its backbone.</summary>
    public static IReadOnlyList<SpecKey> OfModel { get; } =
        [Backbone, .. Every(static backbone => backbone.AtTop), Input, Conditioning, Diffusion, Autoencoder, Samplers];

    /// <summary>Every key that may stand at the top of a file.</summary>
    public static IReadOnlyList<SpecKey> OfFile { get; } = [Model, Family, Matrix, .. OfModel];

    /// <summary>The names alone, for the readers of text.</summary>
    public static KeyNames Names { get; } = new(
        [Model.Name, Family.Name], [.. OfFile.Select(static key => key.Name)],
        new HashSet<string>(OfFile.SelectMany(All).Select(static key => key.Name)));

    private static IEnumerable<SpecKey> All(SpecKey key) => key switch
    {
        WordOrMappingKey either => All(either.Mapping),
        MappingKey mapping => [key, .. mapping.Keys.SelectMany(All)],
        MapKey map => [key, .. map.Entry.Keys.SelectMany(All)],
        _ => [key],
    };

    /// <summary>The keys of a model of one backbone, besides its name.</summary>
    public static IReadOnlyList<SpecKey> Of(BackboneKeys backbone) =>
    [
        Backbone, .. backbone.AtTop, Input,
        Conditioning with { Keys = [.. backbone.BelowConditioning, .. ConditionKeys.All] },
        Diffusion, Autoencoder, Samplers,
    ];

    /// <summary>The words of the backbones that have a key.</summary>
    /// <param name="owner">The mapping that it is in; empty for the top of a file.</param>
    /// <param name="key">Its name.</param>
    public static IReadOnlyList<string> BackbonesWith(string owner, string key) =>
    [
        .. Backbone.Choices.Where(word => word.Value is { } backbone && Below(backbone, owner).Any(own => own.Name == key))
            .Select(static word => word.Text),
    ];

    private static IEnumerable<SpecKey> Below(BackboneKeys backbone, string owner) => owner.Length == 0
        ? Of(backbone)
        : Of(backbone).OfType<MappingKey>().Where(mapping => mapping.Name == owner).SelectMany(static mapping => mapping.Keys);

    // The union over all backbones.
    private static IEnumerable<SpecKey> Every(Func<BackboneKeys, IReadOnlyList<SpecKey>> keys) =>
        BackboneKeys.All.SelectMany(keys).Distinct();
}
