using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>The adaLN block.</summary>
internal static class DitAdaLN
{
    public static Module Block(DitParts parts) => Module(
        "Block", parts.IsShared
            ? $"One adaLN block: {parts.Regresses} of both norms from the model's shared modulation and a table of its own"
            : $"One adaLN block: {parts.Regresses} of both norms regressed from the condition (paper, section 3.2)",
        [
            new("x", parts.Tokens, "Tokens"),
            parts.IsShared ? parts.SharedModulation : new("c", Shape.Of(Dim.Batch, parts.D), "Condition"),
            .. parts.Positions,
        ],
        [.. parts.TableOfGates, .. parts.AdaptiveBranches, .. parts.RegressionOfGates],
        [
            Split("m", parts.Regressed, parts.Regressions(1), parts.Regressions(2)),
            Let("h", Add("x", parts.Attend(parts.Modulate(1, "x")))),
            Return(Add("h", Call("mlp", parts.Modulate(2, "h")))),
        ],
        "Tokens",
        parts.IsShared
            ? "Every linear layer Xavier uniform, the table normal"
            : "Every linear layer Xavier uniform, the regressing one too: starting it from zero is what adaLN-Zero adds");
}
