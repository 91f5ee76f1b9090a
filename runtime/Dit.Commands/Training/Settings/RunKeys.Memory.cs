using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The settings that trade time and digits for memory.</summary>
internal static partial class RunKeys
{
    private static readonly Dictionary<string, TrainingPrecision> Precisions = new()
    {
        ["f32"] = TrainingPrecision.Float32,
        ["bf16"] = TrainingPrecision.BFloat16,
        ["f16"] = TrainingPrecision.Float16,
    };

    private static IEnumerable<RunKey> OfMemory =>
    [
        OfRecipe(
            "activation_checkpointing", "--activation-checkpointing",
            "Keep only what enters each block, and compute its activations again in the backward pass: slower, in much less memory.",
            new SwitchType(), static recipe => recipe.ActivationCheckpointing,
            static (recipe, on) => recipe with { ActivationCheckpointing = on }),
        OfRecipe(
            "precision", "--precision",
            "What the blocks are computed in; weights are f32 in any case. f16, with a loss scale, is for CUDA devices.",
            new WordType<TrainingPrecision>(Precisions), static recipe => recipe.Precision,
            static (recipe, precision) => recipe with { Precision = precision }),
    ];
}
