using System.CommandLine;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>Options about the weights in a file.</summary>
internal static class CheckpointOptions
{
    private static readonly Dictionary<string, CheckpointWeights> WeightsWords = new()
    {
        ["auto"] = CheckpointWeights.Auto,
        ["ema"] = CheckpointWeights.Ema,
        ["model"] = CheckpointWeights.Model,
    };

    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["f32"] = ScalarType.Float32,
        ["f16"] = ScalarType.Float16,
        ["bf16"] = ScalarType.BFloat16,
    };

    public static Option<string> Weights()
    {
        var option = new Option<string>("--weights")
        {
            Description = "Of a training checkpoint: the averaged weights (ema), the trained ones (model), or the first of these that it has.",
            DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong([.. WeightsWords.Keys]);
        return option;
    }

    public static Option<string?> Type()
    {
        var option = new Option<string?>("--dtype") { Description = "Type of the numbers. [default: as they are]" };
        option.AcceptOnlyFromAmong([.. Types.Keys]);
        return option;
    }

    public static CheckpointWeights WeightsOf(string word) => WeightsWords[word];

    public static ScalarType? TypeOf(string? word) => word is null ? null : Types[word];
}
