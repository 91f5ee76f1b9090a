using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What <c>compare</c> is asked for.</summary>
/// <param name="Models">The models, at least one.</param>
/// <param name="Parts">What to measure.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Type">Type of the models' numbers in a forward pass and in sampling; training is float32.</param>
/// <param name="TensorFloat32">Whether a GPU may round the factors of float32 products, on both sides.</param>
/// <param name="Rounds">Rounds of each part; null for a number that fits it.</param>
/// <param name="Batch">Samples at once; null for a number that fits the model.</param>
/// <param name="Steps">Steps of the sampler.</param>
/// <param name="Script">A TorchScript file and the model that it is of.</param>
/// <param name="TuneMalloc">Whether glibc keeps freed memory.</param>
/// <param name="Json">Where JSON goes: a file, or <c>-</c> for the output.</param>
internal sealed record CompareOptions(
    IReadOnlyList<ModelDefinition> Models,
    IReadOnlyList<string> Parts,
    string Device,
    ScalarType Type,
    bool TensorFloat32,
    int? Rounds,
    int? Batch,
    int Steps,
    (string File, ModelDefinition Model)? Script,
    bool TuneMalloc,
    string? Json)
{
    /// <summary>The words of <c>--only</c>, in the order in which they are measured.</summary>
    public static readonly IReadOnlyList<string> AllParts =
    [
        "forward",
        "ddim",
        "solvers",
        "training",
        "training-data",
        "load",
        "generator",
    ];

    /// <summary>The types, by their words.</summary>
    public static readonly IReadOnlyDictionary<string, ScalarType> Types =
        new Dictionary<string, ScalarType> { ["f32"] = ScalarType.Float32, ["bf16"] = ScalarType.BFloat16, ["f16"] = ScalarType.Float16 };

    /// <summary>The models of a list of names.</summary>
    /// <exception cref="DitException">One is not known, or has no baseline.</exception>
    public static IReadOnlyList<ModelDefinition> ParseModels(string list, IReadOnlyList<ModelDefinition> known) =>
        [.. Words(list, "--models").Select(name => FindModel(name, known))];

    /// <summary>The model of a name.</summary>
    /// <exception cref="DitException">It is not known, or has no baseline.</exception>
    public static ModelDefinition FindModel(string name, IReadOnlyList<ModelDefinition> known)
    {
        var model = known.FirstOrDefault(model => string.Equals(model.Card.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new DitException(
                $"There is no model '{name}'; there are {string.Join(", ", known.Select(static model => model.Card.Name))}.");
        PlainGraph.Require(model.Card);
        return model;
    }

    /// <summary>The parts of a list of words; all of them by default.</summary>
    /// <exception cref="DitException">One is not known.</exception>
    public static IReadOnlyList<string> ParseParts(string? list)
    {
        if (list is null) return AllParts;
        var words = Words(list, "--only");
        return words.FirstOrDefault(static word => !AllParts.Contains(word)) is { } odd
            ? throw new DitException($"There is no part '{odd}' to measure: --only takes {string.Join(", ", AllParts)}.")
            : [.. AllParts.Where(words.Contains)];
    }

    /// <summary>Refuses parts that a model is not measured in.</summary>
    /// <exception cref="DitException">
    /// It is no class-conditional DiT, and is to be sampled from, trained or called as a script.
    /// </exception>
    public CompareOptions Checked()
    {
        string[] others = [.. Parts.Where(static part => part is "ddim" or "solvers" or "training")];
        if (others.Length > 0 && !OfficialGraph.Fits(Models[0].Card))
            throw new DitException(
                $"{Models[0].Card.Name} is not measured in {string.Join(", ", others)}, which are of class-conditional DiTs: say --only "
                    + "forward, or --only with forward, load and generator.");
        if (Script is { } script && !OfficialGraph.Fits(script.Model.Card))
            throw new DitException($"--script-model is {script.Model.Card.Name}: scripts are those of class-conditional DiTs.");
        return this;
    }

    /// <summary>The type of a word.</summary>
    /// <exception cref="DitException">The word is another.</exception>
    public static ScalarType ParseType(string? word) => Types.TryGetValue(word ?? "", out var type)
        ? type
        : throw new DitException($"--dtype is '{word}': it is {string.Join(", ", Types.Keys)}.");

    /// <summary>Whether glibc's allocator is tuned.</summary>
    /// <exception cref="DitException">The word is another.</exception>
    public static bool ParseMalloc(string? word) => word switch
    {
        "tuned" => true,
        "default" => false,
        _ => throw new DitException($"--malloc is '{word}': it is tuned or default."),
    };

    /// <summary>A number that is not to be too small.</summary>
    /// <exception cref="DitException">It is.</exception>
    public static int? AtLeast(int least, int? number, string option) =>
        number < least ? throw new DitException($"{option} is {number}; it takes {least} or more.") : number;

    /// <summary>The script and its model: both or none.</summary>
    /// <exception cref="DitException">One is missing, the file is not there, or the model is not known.</exception>
    public static (string File, ModelDefinition Model)? ParseScript(string? file, string? model, IReadOnlyList<ModelDefinition> known) =>
        (file, model) switch
        {
            (null, null) => null,
            ({ } path, { } name) => File.Exists(path)
                ? (path, FindModel(name, known))
                : throw new DitException($"The script '{path}' does not exist."),
            _ => throw new DitException("--script and --script-model go together: a file, and the model that it is of."),
        };

    /// <summary>The word of the type, and TensorFloat-32 where it is allowed.</summary>
    public string Arithmetic => Types.First(pair => pair.Value == Type).Key + (TensorFloat32 ? " by tf32" : "");

    /// <summary>Samples of a forward pass: as many as fill a processor without waiting for minutes.</summary>
    public int BatchOf(ModelCard card) => Batch ?? card.Macs switch
    {
        < 10_000_000_000 => 8,
        < 40_000_000_000 => 4,
        < 100_000_000_000 => 2,
        _ => 1,
    };

    private static string[] Words(string list, string option)
    {
        var words = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 0 ? words : throw new DitException($"{option} is empty: give at least one name.");
    }
}
