namespace Dit.Runtime;

/// <summary>Decays of moving averages that a run keeps beside its first one, equal where their numbers are.</summary>
/// <param name="Values">The decays, from 0 up to, not including, 1; no two are equal.</param>
public sealed record EmaDecays(params IReadOnlyList<double> Values)
{
    /// <summary>Whether these are the same decays in the same order.</summary>
    /// <param name="other">The others.</param>
    public bool Equals(EmaDecays? other) => other is not null && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => Values.Aggregate(Values.Count, static (hash, decay) => HashCode.Combine(hash, decay));
}
