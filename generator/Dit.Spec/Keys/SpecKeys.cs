namespace Dit.Spec;

/// <summary>Every key of the spec language, once.</summary>
internal static class SpecKeys
{
    public static NameKey Model { get; } = new(
        "model", "The model's name. Its class is the name without anything that is not an ASCII letter or digit: DiT-XL/2 gives DiTXL2", "DiT-XL/2")
    { Rules = [Rule.BadName, Rule.YamlWord, Rule.ModelNamesDiffer] };

    public static NameKey Family { get; } = new(
        "family", "The name of a family of models, with a placeholder in braces for each axis of its matrix", "DiT-{size}/{patch_size}")
    { Rules = [Rule.BadName, Rule.YamlWord, Rule.ModelNamesDiffer] };

    public static MatrixKey Matrix { get; } = new(
        "matrix", MaxMembers: 256,
        "The axes of a family: each combination of one value from each axis is a model. An axis is a list of values for the key that it is named after, or a mapping of names to the keys that each name stands for",
        "{ patch_size: [2, 4, 8] }")
    { Rules = [Rule.BadMatrix, Rule.MatrixHole, Rule.KeyInMatrixAndOutside, Rule.MembersInRange] };

    public static WordKey<bool> Backbone { get; } = new(
        "backbone",
        [new("dit", "the Diffusion Transformer (arXiv 2212.09748)", true), new("u-vit", "U-ViT (arXiv 2209.12152)"), new("unidiffuser", "UniDiffuser (arXiv 2303.06555)")],
        "dit", "The architecture", "dit");

    public static IntKey Depth { get; } = new("depth", 1, 1000, null, "Number of transformer blocks", "28");

    public static IntKey Width { get; } = new("width", 1, 16384, null, "Width of a token", "1152")
    { Rules = [Rule.HeadsDivideWidth, Rule.WidthMultipleOfFour, Rule.HiddenWidthIsWhole] };

    public static IntKey Heads { get; } = new("heads", 1, 1024, null, "Attention heads; each takes width / heads channels", "16")
    { Rules = [Rule.HeadsDivideWidth] };

    public static IntKey PatchSize { get; } = new("patch_size", 1, 256, null, "Side of the square patches that the input is cut into", "2")
    { Rules = [Rule.PatchDividesInput, Rule.TokensInRange] };

    public static NumberKey MlpRatio { get; } = new("mlp_ratio", 0.01, 16, 4, "Width of the MLP's hidden layer, as a multiple of the width", "4")
    { Rules = [Rule.HiddenWidthIsWhole] };

    public static WordKey<Numerics> Numerics { get; } = new(
        "numerics",
        [
            new("official", "as the official code (facebookresearch/DiT)", Spec.Numerics.Official),
            new("diffusers", "as diffusers' DiTTransformer2DModel: other time features, and eps 1e-5 in the norm before the MLP", Spec.Numerics.Diffusers),
        ],
        "official", "Whose arithmetic the model follows where implementations differ; names and shapes of tensors do not depend on it", "diffusers")
    { Rules = [Rule.NumericsFitModel] };

    public static IntKey Channels { get; } = new("channels", 1, 1024, null, "Channels of the input: 4 for KL-f8 latents, 3 for pixels", "4")
    { Rules = [Rule.LatentFitsInput, Rule.ClippingIsSaid] };

    public static SizeKey Size { get; } = new("size", 1, 16384, "Height and width of the input in pixels, or in latent pixels: one number for a square, or [height, width]", "32")
    { Rules = [Rule.PatchDividesInput, Rule.TokensInRange] };

    public static MappingKey Input { get; } = new("input", [Channels, Size], Optional: false, "What the model denoises", "{ channels: 4, size: 32 }");

    public static WordKey<ConditioningVariant> Variant { get; } = new(
        "variant", [.. ConditioningVariant.All.Select(static v => new SpecWord<ConditioningVariant>(v.Word, Says(v), v))],
        ConditioningVariant.All[0].Word, "How the condition enters the blocks (arXiv 2212.09748, section 3.2)", "adaln-zero");

    public static IntKey Classes { get; } = new("classes", 1, 10_000_000, null, "Condition on class labels: how many classes there are", "1000")
    { Rules = [Rule.OneCondition] };

    public static IntKey TextTokens { get; } = new("tokens", 1, 4096, null, "Length of the sequence of embeddings", "77");

    public static IntKey TextWidth { get; } = new("width", 1, 65536, null, "Width of one embedding", "768");

    public static MappingKey Text { get; } = new(
        "text", [TextTokens, TextWidth], Optional: false, "Condition on a sequence of text embeddings, made by an encoder that is not part of the model", "{ tokens: 77, width: 768 }")
    { Rules = [Rule.OneCondition] };

    public static FlagKey None { get; } = new("none", "Condition on nothing but the timestep; conditioning: none is a shorter way to say it")
    { Rules = [Rule.OneCondition] };

    public static NumberKey Dropout { get; } = new(
        "dropout", 0, 1, 0.1, "Probability with which training hides the condition, which classifier-free guidance needs; 0 gives a model that cannot be guided", "0.1")
    { Rules = [Rule.OneCondition, Rule.ConditionIsSeen] };

    public static MappingKey Conditioning { get; } = new(
        "conditioning", [Variant, Classes, Text, None, Dropout], Optional: false,
        "What the model is conditioned on besides the timestep: one of classes, text and none", "{ classes: 1000 }", Word: "none");

    public static WordKey<Prediction> Prediction { get; } = new(
        "prediction",
        [new("epsilon", "the noise", Spec.Prediction.Epsilon), new("start-x", "the clean input", Spec.Prediction.StartX), new("velocity", "the velocity of a flow (SiT, arXiv 2401.08740)")],
        "epsilon", "What the model predicts", "epsilon")
    { Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<Variance> Variance { get; } = new(
        "variance",
        [
            new("learned-range", "learned, between the two fixed ones; doubles the output channels", Spec.Variance.LearnedRange),
            new("fixed-small", "the posterior's", Spec.Variance.FixedSmall),
            new("fixed-large", "the forward step's", Spec.Variance.FixedLarge),
        ],
        "learned-range", "The variance of a reverse step (arXiv 2102.09672, section 3.1)", "learned-range")
    { Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<Schedule> Schedule { get; } = new(
        "schedule",
        [
            new("linear", "betas from 1e-4 to 0.02 for 1000 timesteps (DDPM)", Spec.Schedule.Linear),
            new("squared-cosine", "arXiv 2102.09672, section 3.2", Spec.Schedule.SquaredCosine),
            new(FlowPrefix + "linear", "the straight path of a flow"), new(FlowPrefix + "gvp", "the variance-preserving path of a flow"), new(FlowPrefix + "vp", "the diffusion path of a flow"),
        ],
        "linear", "The noise schedule", "linear")
    { Rules = [Rule.ProcessIsConsistent] };

    public static IntKey Timesteps { get; } = new(
        "timesteps", 2, 100_000, 1000, "Number of steps of the process; a linear schedule needs 21 or more", "1000")
    { Rules = [Rule.StepsWithinTimesteps] };

    public static MappingKey Diffusion { get; } = new(
        "diffusion", [Prediction, Variance, Schedule, Timesteps], Optional: true, "The process that the model is trained for", "{ prediction: epsilon, timesteps: 1000 }");

    public static NameKey AutoencoderName { get; } = new("name", "What cards and messages call it: ASCII letters, digits, '-', '_' and '.'", "kl-f4")
    { Rules = [Rule.BadName, Rule.YamlWord] };

    public static IntKey AutoencoderChannels { get; } = new("ch", 32, 1024, null, "Channels of the first convolution, a multiple of 32", "128")
    { Rules = [Rule.GroupsDivideChannels] };

    public static IntListKey AutoencoderMultipliers { get; } = new(
        "ch_mult", 1, 64, MaxItems: 8, "Channels of each level as multiples of ch, from full resolution down; between two levels the sides are halved, so four levels make 8 pixels to a latent pixel", "[1, 2, 4]");

    public static IntKey AutoencoderBlocks { get; } = new("num_res_blocks", 1, 16, null, "Residual blocks of each level of the encoder; the decoder has one more", "2");

    public static IntKey LatentChannels { get; } = new("z_channels", 1, 1024, null, "Channels of a latent: the channels of the input", "3")
    { Rules = [Rule.LatentFitsInput] };

    public static NumberKey LatentScale { get; } = new("scale_factor", 0.0001, 10000, 1, "What a shifted latent is multiplied with before the model sees it", "0.18215");

    public static NumberKey LatentShift { get; } = new("shift_factor", -10000, 10000, 0, "What is subtracted from a latent before that", "0");

    public static FlagKey WithoutQuantConvolutions { get; } = new("no_quant_conv", "There are no 1 x 1 convolutions on either side of the latents (diffusers: use_quant_conv and use_post_quant_conv false)");

    public static MappingKey KlAutoencoder { get; } = new(
        "autoencoder", [AutoencoderName, AutoencoderChannels, AutoencoderMultipliers, AutoencoderBlocks, LatentChannels, LatentScale, LatentShift, WithoutQuantConvolutions], Optional: false,
        "A KL-regularized autoencoder (arXiv 2112.10752)", "{ name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 3 }");

    public static WordOrMappingKey<Autoencoder> Autoencoder { get; } = new(
        new(
            "autoencoder",
            [
                new("none", "pixels in [-1, 1]; samplers clip to them unless they say clip_denoised: false", new Autoencoder.None()),
                new("kl-f8", "the KL-regularized autoencoder of Stable Diffusion, 8 pixels to a latent pixel of 4 channels, scaled by 0.18215", Spec.Autoencoder.KlF8),
            ],
            "none", "Whose latents the model denoises", "kl-f8"),
        KlAutoencoder)
    { Rules = [Rule.LatentFitsInput, Rule.ClippingIsSaid] };

    public static WordKey<Func<Fields, Result<SamplerMethod>>> Method { get; } = new(
        "method",
        [
            new(SamplerBinder.DdpmWord, "ancestral sampling (arXiv 2006.11239)", SamplerBinder.Ddpm),
            new(SamplerBinder.DdimWord, "arXiv 2010.02502", SamplerBinder.Ddim),
            new("dpm-solver++", "arXiv 2211.01095"),
            .. FlowMethods.Select(static word => new SpecWord<Func<Fields, Result<SamplerMethod>>>(word, "integrates a flow (SiT, arXiv 2401.08740)")),
        ],
        null, "How a step is taken", "ddim")
    { Rules = [Rule.SamplerFitsProcess] };

    public static IntKey Steps { get; } = new("steps", 2, 100_000, null, "Number of steps, at most as many as the process has", "50")
    { Rules = [Rule.StepsWithinTimesteps] };

    public static NumberKey Eta { get; } = new("eta", 0, 1, 0, "Noise of a ddim step: 0 is deterministic, 1 is as noisy as ddpm, which takes no eta", "0")
    { Rules = [Rule.UnknownKey] };

    public static SwitchKey ClipDenoised { get; } = new(
        "clip_denoised", "Whether the predicted data is clipped to [-1, 1] at each step. Absent: where autoencoder is none, as pixels lie in that range and latents do not", "false")
    { Rules = [Rule.ClippingIsSaid] };

    public static MappingKey Sampler { get; } = new("*", [Method, Steps, Eta, ClipDenoised], Optional: false, "One sampler under its name", "{ method: ddpm, steps: 250 }");

    public static MapKey Samplers { get; } = new(
        "samplers", Sampler, MaxEntries: 100, "Samplers by name; each becomes a property, ddpm-250 the property Ddpm250", "{ ddpm-250: { method: ddpm, steps: 250 } }")
    { Rules = [Rule.BadName, Rule.YamlWord, Rule.SamplerNamesDiffer] };

    /// <summary>The keys of a model besides its name.</summary>
    public static IReadOnlyList<SpecKey> OfModel { get; } =
        [Backbone, Depth, Width, Heads, PatchSize, MlpRatio, Numerics, Input, Conditioning, Diffusion, Autoencoder, Samplers];

    /// <summary>Every key that may stand at the top of a file.</summary>
    public static IReadOnlyList<SpecKey> OfFile { get; } = [Model, Family, Matrix, .. OfModel];

    /// <summary>The names alone, for the readers of text.</summary>
    public static KeyNames Names { get; } = new(
        [Model.Name, Family.Name], [.. OfFile.Select(static key => key.Name)], new HashSet<string>(OfFile.SelectMany(All).Select(static key => key.Name)));

    private static IEnumerable<SpecKey> All(SpecKey key) => key switch
    {
        WordOrMappingKey either => All(either.Mapping),
        MappingKey mapping => [key, .. mapping.Keys.SelectMany(All)],
        MapKey map => [key, .. map.Entry.Keys.SelectMany(All)],
        _ => [key],
    };

    /// <summary>The keys that name a condition: a model has one of them.</summary>
    public static IReadOnlyList<SpecKey> Conditions { get; } = [Classes, Text, None];

    /// <summary>What the names of flow schedules start with.</summary>
    public const string FlowPrefix = "flow-";

    /// <summary>The methods that integrate a flow.</summary>
    public static IReadOnlyList<string> FlowMethods => ["euler", "heun", "sde-euler", "sde-heun"];

    private static string Says(ConditioningVariant variant) => variant.Match(
        static _ => "its tokens join the sequence of plain ViT blocks and leave it after the last one",
        static _ => "each block attends to its tokens between self-attention and MLP",
        static _ => "scale and shift of each LayerNorm are regressed from it",
        static _ => "as adaln, with a gate on each residual branch; every block starts as the identity");
}
