using System.Collections.Immutable;
using System.Globalization;

namespace Dit.Runtime;

/// <summary>
/// A rule that picks the timesteps a faster process visits (Improved DDPM, arXiv 2102.09672, section 4).
/// </summary>
/// <remarks>A closed sum: <see cref="Sections"/> or <see cref="Stride"/>; <see cref="Match"/> is the way in.</remarks>
public abstract record Respacing
{
    private Respacing() { }

    /// <summary>The timesteps cut into equal sections, each with its own number of evenly spaced steps.</summary>
    public sealed record Sections : Respacing
    {
        internal Sections(ImmutableArray<int> counts) => Counts = counts;

        /// <summary>Steps per section, the section nearest the data first.</summary>
        public ImmutableArray<int> Counts { get; }

        /// <inheritdoc/>
        public bool Equals(Sections? other) => other is not null && Counts.SequenceEqual(other.Counts);

        /// <inheritdoc/>
        public override int GetHashCode() => Counts.Aggregate(0, HashCode.Combine);

        /// <inheritdoc/>
        public override string ToString() => string.Join(',', Counts);
    }

    /// <summary>
    /// Every k-th timestep from 0 on, with the whole k that gives exactly so many (DDIM, arXiv 2010.02502).
    /// </summary>
    public sealed record Stride : Respacing
    {
        internal Stride(int steps) => Steps = steps;

        /// <summary>The number of steps.</summary>
        public int Steps { get; }

        /// <inheritdoc/>
        public override string ToString() => $"ddim{Steps}";
    }

    /// <summary>
    /// Evenly spaced steps over all timesteps, the first and last among them; a single step is the first, timestep 0.
    /// </summary>
    /// <exception cref="DitException">The number is not positive.</exception>
    public static Respacing Even(int steps) => new Sections([Positive(steps)]);

    /// <summary>A whole stride from timestep 0.</summary>
    /// <exception cref="DitException">The number is not positive.</exception>
    public static Respacing Ddim(int steps) => new Stride(Positive(steps));

    /// <summary>Reads <c>250</c> (even), <c>10,15,20</c> (sections) or <c>ddim50</c> (a whole stride).</summary>
    /// <exception cref="DitException">The text is none of these.</exception>
    public static Respacing Parse(string text)
    {
        const string ddim = "ddim";
        if (text.StartsWith(ddim, StringComparison.Ordinal))
            return Ddim(Count(text[ddim.Length..], text));
        return new Sections([.. text.Split(',').Select(part => Positive(Count(part, text)))]);
    }

    /// <summary>
    /// The whole stride that gives exactly <paramref name="steps"/> of <paramref name="timesteps"/>, or else even
    /// steps.
    /// </summary>
    /// <exception cref="DitException">The number is not positive.</exception>
    public static Respacing StrideOrEven(int steps, int timesteps) =>
        StrideFor(Positive(steps), timesteps) is null ? Even(steps) : Ddim(steps);

    /// <summary>One function per case.</summary>
    public T Match<T>(Func<Sections, T> sections, Func<Stride, T> stride) => this switch
    {
        Sections s => sections(s),
        Stride s => stride(s),
        _ => throw new InvalidOperationException("Respacing is a closed sum."),
    };

    /// <summary>The retained timesteps of 0 .. <paramref name="timesteps"/> - 1, rising.</summary>
    /// <exception cref="DitException">So many cannot be picked.</exception>
    public ImmutableArray<int> Retain(int timesteps) =>
        Match(sections => InSections(sections.Counts, timesteps), stride => ByStride(stride.Steps, timesteps));

    private static ImmutableArray<int> ByStride(int steps, int timesteps)
    {
        if (StrideFor(steps, timesteps) is { } stride)
            return [.. Enumerable.Range(0, steps).Select(i => i * stride)];
        var near = Enumerable.Range(1, timesteps).Select(k => StepsOf(k, timesteps)).Distinct()
            .OrderBy(n => Math.Abs(n - steps)).Take(6).Order();
        throw new DitException(
            $"No whole stride picks exactly {steps} of {timesteps} timesteps: the nearest numbers that work are "
                + $"{string.Join(", ", near)}.");
    }

    private static int? StrideFor(int steps, int timesteps)
    {
        for (var stride = 1; stride <= timesteps; stride++)
        {
            if (StepsOf(stride, timesteps) == steps) return stride;
        }
        return null;
    }

    private static int StepsOf(int stride, int timesteps) => (timesteps + stride - 1) / stride;

    private static ImmutableArray<int> InSections(ImmutableArray<int> counts, int timesteps)
    {
        var retained = ImmutableArray.CreateBuilder<int>();
        var (size, longer) = (timesteps / counts.Length, timesteps % counts.Length);
        var start = 0;
        for (var section = 0; section < counts.Length; section++)
        {
            var length = size + (section < longer ? 1 : 0);
            var count = counts[section];
            if (count > length)
                throw new DitException(
                    $"Section {section + 1} of {counts.Length} holds {length} of the {timesteps} timesteps, too few for the {count} steps "
                        + $"asked of it.");
            var stride = count > 1 ? (length - 1) / (double)(count - 1) : 1;
            // The position is summed, not multiplied, and halves go to even: both decide which timestep a tie lands on.
            var at = 0.0;
            for (var i = 0; i < count; i++, at += stride)
                retained.Add(start + (int)Math.Round(at, MidpointRounding.ToEven));
            start += length;
        }
        return retained.ToImmutable();
    }

    private static int Count(string part, string text) =>
        int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : throw new DitException(
                $"The respacing \"{text}\" cannot be read: write a number of steps (250), one per section (10,15,20) or a whole stride "
                    + $"(ddim50).");

    private static int Positive(int steps) =>
        steps > 0 ? steps : throw new DitException($"A respacing to {steps} steps was asked for: it needs at least 1.");
}
