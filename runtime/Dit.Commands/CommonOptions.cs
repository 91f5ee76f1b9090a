using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Options that several commands have, and what their words mean.</summary>
internal static class CommonOptions
{
    /// <summary>The types of real numbers that networks have, by their words.</summary>
    public static readonly IReadOnlyDictionary<string, ScalarType> RealTypes = new Dictionary<string, ScalarType>
    {
        ["f32"] = ScalarType.Float32,
        ["f16"] = ScalarType.Float16,
        ["bf16"] = ScalarType.BFloat16,
    };

    /// <summary>The weights of a training checkpoint, by their words.</summary>
    public static readonly IReadOnlyDictionary<string, CheckpointWeights> WeightsWords = new Dictionary<string, CheckpointWeights>
    {
        ["auto"] = CheckpointWeights.Auto,
        ["ema"] = CheckpointWeights.Ema,
        ["model"] = CheckpointWeights.Model,
    };

    /// <summary>What <c>--device</c> does.</summary>
    public const string DeviceHelp = "Where to compute: cpu, cuda or cuda:N.";

    /// <summary>What <c>--tf32</c> does.</summary>
    public const string TensorFloat32Help =
        "On a CUDA device, let products of f32 numbers round their factors to TensorFloat-32 (10 bits of mantissa): several times as "
            + "fast from Ampere on.";

    private static readonly string[] Devices = ["cpu", "cuda", "cuda:0"];

    /// <summary>A model, by name or by spec (<see cref="ModelSource"/>).</summary>
    /// <param name="context">The models that have names.</param>
    /// <param name="standard">Which model is taken where none is named; null where one must be.</param>
    /// <param name="what">What the model is to the command.</param>
    public static Option<string?> Model(CommandContext context, string? standard, string what = "The model") => new("--model", "-m")
    {
        Description = ModelHelp(what) + (standard is null ? "" : $" [default: {standard}]"),
        HelpName = ModelSource.Help,
        CompletionSources = { _ => context.Suggestions() },
    };

    /// <summary>What <c>--model</c> takes.</summary>
    /// <param name="what">What the model is to the command.</param>
    public static string ModelHelp(string what = "The model") =>
        $"{what}: a name of 'dit models', or a spec such as my.dit.yaml, or my.dit.yaml#NAME for one of its models.";

    public static Option<string> Device() => new("--device")
    {
        Description = DeviceHelp,
        HelpName = "DEVICE",
        DefaultValueFactory = _ => "cpu",
        CompletionSources = { Devices },
    };

    public static Option<bool> TensorFloat32() => new("--tf32") { Description = TensorFloat32Help };

    public static Option<T> Number<T>(string name, string help, T standard)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(name)
        {
            Description = help,
            HelpName = HelpOf<T>(),
            DefaultValueFactory = _ => standard,
            CustomParser = Parse<T>,
        };

    /// <summary>A number that may be left out.</summary>
    public static Option<T?> Number<T>(string name, string help)
        where T : struct, INumber<T>, IMinMaxValue<T> =>
        new(name)
        {
            Description = help,
            HelpName = HelpOf<T>(),
            CustomParser = result => Parse<T>(result),
        };

    /// <summary>Numbers with commas between them, without spaces.</summary>
    public static Option<double[]> Numbers(string name, string help, double[] standard) => new(name)
    {
        Description = help,
        HelpName = "X,...",
        DefaultValueFactory = _ => standard,
        CustomParser = static result =>
        {
            string[] words = result.Tokens[^1].Value.Split(',');
            double[] numbers = [.. words.SelectMany(static word => NumberOf<double>(word) is { } number ? new[] { number } : [])];
            if (numbers.Length < words.Length)
                result.AddError(
                    $"{(result.Parent as OptionResult)?.Option.Name} takes a number such as 0.5, or several with commas between them, "
                        + $"not '{result.Tokens[^1].Value}'.");
            return numbers;
        },
    };

    public static Option<string> Weights()
    {
        var option = new Option<string>("--weights")
        {
            Description =
                "Of a training checkpoint: the averaged weights (ema), the trained ones (model), or the first of these that it has.",
            DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong([.. WeightsWords.Keys]);
        return option;
    }

    public static Option<string> RealType(string name, string help)
    {
        var option = new Option<string>(name) { Description = help, DefaultValueFactory = _ => "f32" };
        option.AcceptOnlyFromAmong([.. RealTypes.Keys]);
        return option;
    }

    public static Option<bool> Json() => new("--json") { Description = "Write JSON." };

    private static string HelpOf<T>() => typeof(T) == typeof(double) ? "X" : "N";

    private static T Parse<T>(ArgumentResult result)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        var (word, isReal) = (result.Tokens[^1].Value, typeof(T) == typeof(double));
        if (NumberOf<T>(word) is { } number) return number;
        result.AddError(
            $"{(result.Parent as OptionResult)?.Option.Name} takes a "
                + $"{(isReal ? "number such as 0.5" : $"whole number of at most {T.MaxValue}")}, not '{word}'.");
        return default;
    }

    // The usual conversion takes commas for thousands: 0,001 would be 1.
    private static T? NumberOf<T>(string word)
        where T : struct, INumber<T>, IMinMaxValue<T> =>
        T.TryParse(
            word, typeof(T) == typeof(double) ? NumberStyles.Float : NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var number)
            ? number
            : null;
}
