using System.Globalization;

namespace Dit.Spec;

/// <summary>Converts names in specs to names in C#.</summary>
public static class Identifier
{
    /// <summary>
    /// A model's class: the name without anything that is not an ASCII letter or digit. <c>DiT-XL/2</c> gives
    /// <c>DiTXL2</c>.
    /// </summary>
    public static string OfModel(string name) => string.Concat(name.Where(IsLetterOrDigit));

    /// <summary>A sampler's property: its words, each capitalized. <c>ddpm-250</c> gives <c>Ddpm250</c>.</summary>
    public static string OfSampler(string name) =>
        string.Concat(new string([.. name.Select(static c => IsLetterOrDigit(c) ? c : ' ')])
            .Split([' '], StringSplitOptions.RemoveEmptyEntries)
            .Select(Capitalized));

    /// <summary>
    /// A namespace from a project's name: characters that are illegal in a namespace become underscores.
    /// <c>my-app.2</c> gives <c>my_app._2</c>.
    /// </summary>
    public static string OfNamespace(string? name) =>
        string.Join(".", (name ?? "").Trim().Split(['.'], StringSplitOptions.RemoveEmptyEntries)
        .Select(static part => new string([.. part.Select(static c => c == '_' || char.IsLetterOrDigit(c) ? c : '_')]))
        .Select(static part => char.IsDigit(part[0]) ? "_" + part : Keywords.Contains(part) ? "@" + part : part));

    /// <summary>Whether the text can be a C# type or property name as it is.</summary>
    public static bool IsValid(string identifier) =>
        identifier.Length > 0 && !char.IsDigit(identifier[0]) && !Keywords.Contains(identifier);

    /// <summary>
    /// Whether a model's class can have this name: a valid identifier that no member or type of the generated file has
    /// already.
    /// </summary>
    public static bool IsFreeForModel(string identifier) => IsValid(identifier) && !UsedInGeneratedCode.Contains(identifier)
        && !identifier.Equals("DitModels", StringComparison.OrdinalIgnoreCase); // file names ignore case

    /// <summary>Whether a sampler's property can have this name inside the class of samplers.</summary>
    public static bool IsFreeForSampler(string identifier) => IsValid(identifier) && !UsedBySamplers.Contains(identifier);

    /// <summary>Whether the text is a word of C# that cannot be a name.</summary>
    public static bool IsKeyword(string identifier) => Keywords.Contains(identifier);

    /// <summary>
    /// Whether any character would break a line of generated code, is invisible there, or is illegal in XML comments.
    /// </summary>
    public static bool HasUnprintable(string text) => Enumerable.Range(0, text.Length).Any(i => IsUnprintable(text, i));

    /// <summary>
    /// The same for one character; half of a surrogate pair is printable when the other half is present.
    /// </summary>
    public static bool IsUnprintable(string text, int index) => char.IsSurrogate(text[index])
        ? !IsPaired(text, char.IsLowSurrogate(text[index]) ? index - 1 : index)
        : char.IsControl(text[index]) || char.GetUnicodeCategory(text[index])
            is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned;

    private static readonly HashSet<string> UsedBySamplers =
    [
        "Samplers", "Sampler", "Equals", "GetHashCode", "GetType", "MemberwiseClone", "ReferenceEquals", "ToString", "Finalize",
    ];

    private static readonly HashSet<string> UsedInGeneratedCode =
    [
        "AddTo", "AffineLayerNorm", "AllSamplers", "Attention", "AutoencoderCard", "Block", "CaptionEmbedder", "Card", "Checkpoint",
        "CheckpointEntry", "CheckpointGrid", "CheckpointMap", "CheckpointWeights", "ClassLabels", "Consistency", "CPU", "Create",
        "CreateSession", "CrossAttention", "Ddim", "Ddpm", "Deis", "Device", "DiffusionForm", "Dit", "DitException", "DitModels", "Dopri5",
        "DpmSolver", "DpmSolverPlusPlus", "Edm", "EmbeddingTable", "Euler", "EulerAncestral", "EulerMaruyama", "FinalLayer", "Flow",
        "FlowPath", "FlowWeight", "ForwardWithGuidance", "Functional", "GaussianDiffusion", "GELU", "Generator", "Guard", "Guidance",
        "GuidanceChannels", "Heun", "ICheckpointFile", "IEnumerable", "IJointModel", "ImageShape", "ImageSize", "IModel", "InBlocksEntries",
        "InferenceSession", "Init", "Initialize", "IReadOnlyList", "JointSampler", "JointShape", "LabelEmbedder", "LastStep", "Layer",
        "LibTorch", "Linear", "Lms", "Load", "Mlp", "Modalities", "ModelCard", "ModelCondition", "ModelDefinition", "ModelName",
        "ModelVariance", "ModuleList", "NewDisposeScope", "NoCondition", "NoiseSchedule", "Numerics", "OutBlock", "OutBlocksEntries",
        "Parameter", "PatchEmbedding", "PatchGrid", "PositionKind", "Positions", "PositionTable", "Predict", "Prediction", "Process",
        "RegisterComponents", "RepeatedEntries", "RmsNorm", "RotaryPositions", "Sampler", "Samplers", "ScalarType", "SdeDpmSolverPlusPlus",
        "Sequential", "SessionBuilder", "SizedText", "Spacing", "Stack", "StochasticHeun", "System", "Tensor", "TextEmbedder",
        "TextEmbeddings", "TimestepEmbedder", "TorchDevice", "TorchSharp", "TrainingTimes", "TransformerBlock", "UniPc", "UniPcVariant",
        "ar_embedder", "blocks", "cat", "clip_img_embed", "clip_img_out", "context_embed", "csize_embedder", "decoder_pred", "feat_rope",
        "final_layer", "forward", "full_like", "in_blocks", "label_emb", "mid_block", "nn", "norm", "null_text", "out_blocks",
        "patch_embed", "pos_embed", "pos_embed_token", "t_block", "t_embedder", "t_linear", "text_embed", "text_out", "time_embed",
        "time_embed_0", "time_embed_2", "token_embedding", "torch", "x_embedder", "y_embedder",
    ];

    private static readonly HashSet<string> Keywords =
    [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal",
        "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for",
        "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null",
        "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "record", "ref", "return",
        "sbyte", "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try",
        "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
        "var", "required", "scoped", "file", "extension", "field", "dynamic", "nint", "nuint", "await", "async", "when", "where", "yield",
    ];

    private static bool IsPaired(string text, int first) =>
        first >= 0 && first + 1 < text.Length && char.IsSurrogatePair(text[first], text[first + 1]);

    private static string Capitalized(string word) =>
        word.Length == 0 ? word : char.ToUpper(word[0], CultureInfo.InvariantCulture) + word.Substring(1);

    private static bool IsLetterOrDigit(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9');
}
