using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Why a result is not finite. The inputs are checked only after a result is not finite.</summary>
/// <param name="Text">The end of a sentence.</param>
/// <param name="Weight">The weight or buffer that is the cause; null where it is none.</param>
internal sealed record NonFiniteReason(string Text, string? Weight = null)
{
    private const double LargestHalf = 65504;

    /// <summary>The first thing that went into a sample and is not finite itself; else what can be said of its
    /// numbers.</summary>
    public static NonFiniteReason Of<TCondition>(nn.Module model, TCondition conditions, NonFiniteSampleException sample)
        where TCondition : ICondition<TCondition>
    {
        if (sample.Since.Step == 0) return new("what the sampler was given to start from is not");
        if (OfWeights(model) is { } weight) return weight;
        NonFinite? condition = null;
        conditions.Map(values =>
        {
            condition ??= NonFinite.In(values);
            return values;
        });
        if (condition is not null) return new($"what it is conditioned on holds {condition}");
        return model.parameters().First().dtype == ScalarType.Float16
            ? new($"all weights are finite, so numbers grew beyond {LargestHalf}, the largest of Float16: compute in Float32 or BFloat16")
            : new("all weights are finite, so numbers grew too large on the way");
    }

    /// <summary>
    /// The first weight of a module that is not finite, or else its first such buffer; null where all are.
    /// </summary>
    public static NonFiniteReason? OfWeights(nn.Module model)
    {
        var weights = model.named_parameters().Select(static p => (Kind: "weight", p.name, Tensor: (Tensor)p.parameter));
        var buffers = model.named_buffers().Select(static b => (Kind: "buffer", b.name, Tensor: b.buffer));
        foreach (var (kind, name, tensor) in weights.Concat(buffers))
        {
            if (NonFinite.In(tensor) is not { } found) continue;
            var isTooLarge = tensor.dtype == ScalarType.Float16 && found.NaNs == 0;
            return new(
                $"the {kind} {name} holds "
                    + $"{found}{(isTooLarge ? $" in Float16, whose largest number is {LargestHalf}: load it as Float32 or BFloat16" : "")}",
                name);
        }
        return null;
    }
}
