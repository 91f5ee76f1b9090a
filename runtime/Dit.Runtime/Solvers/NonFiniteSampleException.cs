using System.Globalization;

namespace Dit.Runtime;

/// <summary>A sample that is not a number: no sampler returns one.</summary>
/// <remarks>
/// It is found without slowing the loop: each step leaves one number for each sample on the device, and these are read
/// when the loop is over.
/// </remarks>
public sealed class NonFiniteSampleException : DitException
{
    internal NonFiniteSampleException(int index, int count, int batch, SamplingProgress since)
        : this(index, count, batch, since, "", null) { }

    private NonFiniteSampleException(int index, int count, int batch, SamplingProgress since, string model, NonFiniteReason? reason)
        : base($"Sample {index}{model} {Describe(since, count - 1, batch)}{(reason is null ? "" : $": {reason.Text}")}.") =>
        (Index, Count, Batch, Since, Reason, Weight) = (index, count, batch, since, reason?.Text ?? "", reason?.Weight);

    /// <summary>The first sample of the batch that is not finite, from 0.</summary>
    public int Index { get; }

    /// <summary>How many samples of the batch are not finite.</summary>
    public int Count { get; }

    /// <summary>Samples in the batch, N.</summary>
    public int Batch { get; }

    /// <summary>The first step at which the prediction or the state of sample <see cref="Index"/> was not finite; step
    /// 0 is what the loop began with.</summary>
    public SamplingProgress Since { get; }

    /// <summary>Why, where that is known: for instance the first weight of the model that is not finite. Empty where it
    /// is not.</summary>
    public string Reason { get; }

    /// <summary>
    /// The weight or buffer of the model that is the cause; null where it is none, or where it is not known.
    /// </summary>
    public string? Weight { get; }

    /// <summary>What there is to say of the sample: <c>is not finite from step 3 of 50 (timestep 940) on, as are 2
    /// others of 8</c>.</summary>
    public string Predicate => Describe(Since, Count - 1, Batch);

    /// <summary>The same, said of a model and with a reason.</summary>
    internal NonFiniteSampleException Of(ModelCard card, NonFiniteReason reason) =>
        new(Index, Count, Batch, Since, $" of {card.Name}", reason);

    private static string Describe(SamplingProgress since, int others, int batch)
    {
        var when =
            since.Step == 0
                ? "before the first step"
                : $"from step {since.Step}{(since.Steps is { } all ? $" of {all}" : "")} (timestep "
                    + $"{since.Time.ToString(CultureInfo.InvariantCulture)}) on";
        return $"is not finite {when}{(others == 0 ? "" : $", as {(others == 1 ? "is 1 other" : $"are {others} others")} of {batch}")}";
    }
}
