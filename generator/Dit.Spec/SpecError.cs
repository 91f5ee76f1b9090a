namespace Dit.Spec;

/// <summary>An error in a spec file, or a warning where the rule only warns.</summary>
/// <param name="Rule">The rule that is broken.</param>
/// <param name="Message">What is wrong and what would be right, as one sentence without a final stop.</param>
/// <param name="At">Where.</param>
public sealed record SpecError(Rule Rule, string Message, TextRange At)
{
    /// <summary>The edit that fixes the error, where a single edit does.</summary>
    public SpecFix? Fix { get; init; }

    /// <summary>The same error with a fix: the text at its place is replaced.</summary>
    internal SpecError Replace(string text) => this with { Fix = new(At, text) };
}

/// <summary>An edit of a spec.</summary>
/// <param name="At">The text to remove.</param>
/// <param name="Text">The text to insert.</param>
public sealed record SpecFix(TextRange At, string Text);

/// <summary>A piece of a text file. Lines and columns count from 1, as editors show them.</summary>
/// <param name="Start">Offset of the first character, from 0.</param>
/// <param name="Length">Number of characters.</param>
/// <param name="Line">Line of the first character.</param>
/// <param name="Column">Column of the first character.</param>
/// <param name="EndLine">Line of the end, which is exclusive.</param>
/// <param name="EndColumn">Column of the end, which is exclusive.</param>
public readonly record struct TextRange(int Start, int Length, int Line, int Column, int EndLine, int EndColumn);

/// <summary>
/// A rule that specs obey. Ids are public: they appear in builds, and each has a page in docs/diagnostics.
/// </summary>
/// <param name="Id"><c>DIT001</c> and so on.</param>
/// <param name="Title">A few words.</param>
public sealed record Rule(string Id, string Title)
{
    /// <summary>Whether breaking it is only a warning: the model is legal but may not be intended.</summary>
    public bool IsWarning { get; init; }

    /// <summary>The file is not YAML.</summary>
    public static readonly Rule Yaml = new("DIT001", "Not valid YAML");

    /// <summary>A key that specs do not have.</summary>
    public static readonly Rule UnknownKey = new("DIT002", "Unknown key");

    /// <summary>A key without which there is no model.</summary>
    public static readonly Rule MissingKey = new("DIT003", "Missing key");

    /// <summary>A text where a number belongs, a list where a mapping belongs, and so on.</summary>
    public static readonly Rule WrongType = new("DIT004", "Wrong type");

    /// <summary>The same key twice in one mapping.</summary>
    public static readonly Rule DuplicateKey = new("DIT005", "Duplicate key");

    /// <summary>A word that is not one of the values a key takes.</summary>
    public static readonly Rule UnknownValue = new("DIT006", "Unknown value");

    /// <summary>A number outside its range.</summary>
    public static readonly Rule OutOfRange = new("DIT007", "Out of range");

    /// <summary>A name that gives no C# identifier, or a family name that gives two members the same name.</summary>
    public static readonly Rule BadName = new("DIT008", "Unusable name");

    /// <summary>A value of the spec language that this version does not generate code for.</summary>
    public static readonly Rule NotAvailable = new("DIT009", "Not available in this version");

    /// <summary>The matrix of a family is empty or malformed.</summary>
    public static readonly Rule BadMatrix = new("DIT010", "Malformed matrix");

    /// <summary>A tab where YAML wants spaces.</summary>
    public static readonly Rule Tab = new("DIT011", "Tab instead of spaces");

    /// <summary>Anchors, aliases, tags, merge keys and directives.</summary>
    public static readonly Rule YamlFeature = new("DIT012", "YAML feature that specs do not use");

    /// <summary>A name such as <c>no</c>, which YAML readers take for a truth value.</summary>
    public static readonly Rule YamlWord = new("DIT013", "Word that YAML reads as something else");

    /// <summary>A cell of a matrix without a key that the other cells of its axis give.</summary>
    public static readonly Rule MatrixHole = new("DIT014", "Hole in the matrix");

    /// <summary>A key that a family gives in its matrix and outside it, or on two axes.</summary>
    public static readonly Rule KeyInMatrixAndOutside = new("DIT015", "Key in the matrix and outside it");

    /// <summary>A matrix whose axes multiply out to too many models.</summary>
    public static readonly Rule MembersInRange = new("DIT016", "Too many models in a family");

    /// <summary>An invisible character, or one that looks like a different character.</summary>
    public static readonly Rule Character = new("DIT017", "Character that is not what it looks like");

    /// <summary>Bytes that are not UTF-8, or not text.</summary>
    public static readonly Rule NotUtf8 = new("DIT018", "Not text in UTF-8");

    /// <summary>A file that is not a spec.</summary>
    public static readonly Rule NotASpec = new("DIT019", "Not a spec");

    /// <summary>Heads must divide width.</summary>
    public static readonly Rule HeadsDivideWidth = new("DIT101", "Heads must divide width");

    /// <summary>The patch size must divide the input's height and width.</summary>
    public static readonly Rule PatchDividesInput = new("DIT102", "Patch size must divide the input");

    /// <summary>
    /// Sines and cosines share the width: 2-D positions need a multiple of four, and timesteps as tokens one of two.
    /// </summary>
    public static readonly Rule WidthFitsSinusoids = new("DIT103", "Width must be a multiple of four, or even for a u-vit");

    /// <summary>A sampler for a different kind of process.</summary>
    public static readonly Rule SamplerFitsProcess = new("DIT104", "Sampler does not fit the process");

    /// <summary>Settings of the process that contradict each other, or are of another process.</summary>
    public static readonly Rule ProcessIsConsistent = new("DIT105", "Settings of the process do not go together");

    /// <summary>More sampling steps than the process has.</summary>
    public static readonly Rule StepsWithinTimesteps = new("DIT106", "More sampling steps than timesteps");

    /// <summary>Two models that would be the same C# class.</summary>
    public static readonly Rule ModelNamesDiffer = new("DIT107", "Two models with the same class name");

    /// <summary>Two samplers of one model that would be the same C# property.</summary>
    public static readonly Rule SamplerNamesDiffer = new("DIT108", "Two samplers with the same property name");

    /// <summary>The MLP's hidden width must be a whole number.</summary>
    public static readonly Rule HiddenWidthIsWhole = new("DIT109", "MLP width must be an integer");

    /// <summary>Attention is quadratic in the number of tokens, so their number is limited.</summary>
    public static readonly Rule TokensInRange = new("DIT110", "Too many tokens");

    /// <summary>A model is conditioned on one thing, or on nothing.</summary>
    public static readonly Rule OneCondition = new("DIT111", "One condition");

    /// <summary>A condition that training always hides is never learned.</summary>
    public static readonly Rule ConditionIsSeen = new("DIT112", "Condition is always dropped");

    /// <summary>diffusers has one kind of Diffusion Transformer, adaLN-Zero on classes.</summary>
    public static readonly Rule NumericsFitModel = new("DIT113", "Numerics not available for this model");

    /// <summary>The channels of a latent are the channels of the model's input.</summary>
    public static readonly Rule LatentFitsInput = new("DIT114", "Latents do not fit the input");

    /// <summary>Group norms split the channels of an autoencoder into 32 groups.</summary>
    public static readonly Rule GroupsDivideChannels = new("DIT115", "Autoencoder channels must be a multiple of 32");

    /// <summary>Samplers clip pixels to [-1, 1]; clipping would damage latents.</summary>
    public static readonly Rule ClippingIsSaid = new("DIT116", "Samples are clipped as pixels") { IsWarning = true };

    /// <summary>A multistep method needs as many steps as its order.</summary>
    public static readonly Rule OrderWithinSteps = new("DIT117", "Order above the number of steps");

    /// <summary>Rotary positions turn pairs of channels by row and by column.</summary>
    public static readonly Rule RotaryFitsHeads = new("DIT120", "Rotary positions need a head width that is a multiple of four");

    /// <summary>Block keys that the block design leaves nothing to apply to.</summary>
    public static readonly Rule BlockFitsVariant = new("DIT121", "Block keys do not fit the variant");

    /// <summary>A condition that the block design has no place for.</summary>
    public static readonly Rule ConditionFitsVariant = new("DIT122", "Condition does not fit the variant");

    /// <summary>Long skips join pairs of blocks around one in the middle.</summary>
    public static readonly Rule DepthFitsSkips = new("DIT125", "Depth of blocks with long skips must be odd");

    /// <summary>A joint model with a condition.</summary>
    public static readonly Rule JointIsUnconditional = new("DIT126", "Joint model takes no condition");

    /// <summary>A joint model of a flow, or with a learned variance.</summary>
    public static readonly Rule JointProcess = new("DIT127", "Joint model needs a diffusion of fixed variance");

    /// <summary>
    /// Generated code is C# 12. A rule for projects, not for specs, like DIT901 and DIT902, which the build checks.
    /// </summary>
    public static readonly Rule LanguageIsNewEnough = new("DIT903", "C# is too old for generated code");

    /// <summary>Every rule of specs, by id.</summary>
    public static IReadOnlyList<Rule> All { get; } =
    [
        Yaml, UnknownKey, MissingKey, WrongType, DuplicateKey, UnknownValue, OutOfRange, BadName, NotAvailable, BadMatrix,
        Tab, YamlFeature, YamlWord, MatrixHole, KeyInMatrixAndOutside, MembersInRange, Character, NotUtf8, NotASpec,
        HeadsDivideWidth, PatchDividesInput, WidthFitsSinusoids, SamplerFitsProcess, ProcessIsConsistent, StepsWithinTimesteps,
        ModelNamesDiffer, SamplerNamesDiffer, HiddenWidthIsWhole, TokensInRange, OneCondition, ConditionIsSeen,
        NumericsFitModel, LatentFitsInput, GroupsDivideChannels, ClippingIsSaid, OrderWithinSteps,
        RotaryFitsHeads, BlockFitsVariant, ConditionFitsVariant, DepthFitsSkips,
        JointIsUnconditional, JointProcess,
    ];
}
