using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Conditions that guidance leads away from, in place of the null condition of the model.</summary>
internal static class NegativeCondition
{
    /// <summary>The distinct conditions of a batch, and those that guidance leads away from.</summary>
    /// <param name="condition">The condition of N samples.</param>
    /// <param name="negative">One for all samples, or one for each.</param>
    /// <param name="card">The model.</param>
    /// <param name="device">Where the model is.</param>
    /// <returns>The values; their tensors belong to the ambient dispose scope.</returns>
    /// <exception cref="DitException">One of them does not fit the model, or there are too many or too few.</exception>
    public static ConditionRows<TCondition> Bind<TCondition>(TCondition condition, TCondition negative, ModelCard card, Device device)
        where TCondition : ICondition<TCondition>
    {
        var wanted = condition.Distinct(card, device, withNull: false);
        var unwanted = negative.Distinct(card, device, withNull: false);
        var (samples, first) = (wanted.Rows.Length, wanted.Values.Count);
        int[] rows = unwanted.Rows is [var one] ? [.. Enumerable.Repeat(one, samples)] : unwanted.Rows;
        if (rows.Length != samples)
            throw new DitException(
                $"{card.Name}: {rows.Length} negative conditions were given for {samples} samples: give one for all, or one for each.");
        return new(wanted.Values.Append(unwanted.Values), wanted.Rows, NullRow: null)
        {
            NullRows = Array.ConvertAll(rows, row => first + row),
        };
    }
}
