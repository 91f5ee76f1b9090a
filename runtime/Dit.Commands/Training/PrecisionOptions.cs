using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The options of training that trade time and digits for memory: how blocks are computed.</summary>
internal sealed class PrecisionOptions
{
    private static readonly IReadOnlyDictionary<string, TrainingPrecision> Words = new Dictionary<string, TrainingPrecision>
    {
        ["f32"] = TrainingPrecision.Float32,
        ["bf16"] = TrainingPrecision.BFloat16,
        ["f16"] = TrainingPrecision.Float16,
    };

    private readonly Option<bool> checkpointing = new("--activation-checkpointing")
    {
        Description = "Keep only what enters each block, and compute its activations again in the backward pass: slower, in much less memory.",
    };

    private readonly Option<string> precision = new("--precision")
    {
        Description =
            "What the blocks are computed in, with f32 weights: f32, bf16, or on CUDA f16, whose loss is scaled so that no gradient vanishes.",
        HelpName = "WORD",
        DefaultValueFactory = static _ => "f32",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(checkpointing);
        command.Add(precision);
    }

    /// <summary>A recipe with what the options say, where they were given.</summary>
    /// <exception cref="DitException">A word is none of the words.</exception>
    public TrainingRecipe Apply(ParseResult parsed, TrainingRecipe recipe) => recipe with
    {
        ActivationCheckpointing = IsGiven(parsed, checkpointing) ? parsed.GetValue(checkpointing) : recipe.ActivationCheckpointing,
        Precision = IsGiven(parsed, precision) ? PrecisionOf(parsed.GetRequiredValue(precision)) : recipe.Precision,
    };

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static TrainingPrecision PrecisionOf(string word) => Words.TryGetValue(word, out var precision)
        ? precision
        : throw new DitException($"--precision is '{word}': it is {string.Join(", ", Words.Keys)}.");
}
