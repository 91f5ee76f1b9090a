using System.Globalization;
using Dit.Runtime;

namespace Dit.Cli.Commands;

/// <summary>The rows of a picture of samples: what each is of, and how many samples it has.</summary>
/// <param name="Names">What is written beside each row; empty for one nameless block of samples.</param>
/// <param name="Each">Samples of each row.</param>
/// <param name="Columns">Samples beside each other.</param>
/// <param name="Labels">The class of each row, for class-conditional models.</param>
internal sealed record SampleRows(IReadOnlyList<string> Names, int Each, int Columns, IReadOnlyList<int>? Labels)
{
    private const int ColumnsOfOne = 8; // where all samples are of a kind

    /// <summary>Samples in all.</summary>
    public long Count => (long)Math.Max(1, Names.Count) * Each;

    /// <summary>A row of samples for each class.</summary>
    public static SampleRows OfClasses(IReadOnlyList<int> labels, ClassNames names, int each) =>
        new([.. labels.Select(names.NameOf)], Positive(each, "images of each class"), each, labels);

    /// <summary>A row of samples for each text, under its number.</summary>
    public static SampleRows OfTexts(int texts, int each) =>
        new([.. Enumerable.Range(0, texts).Select(i => i.ToString(CultureInfo.InvariantCulture))], Positive(each, "images of each text"), each, null);

    /// <summary>Samples of nothing in particular.</summary>
    public static SampleRows OfNothing(int count) => new([], Positive(count, "images"), Math.Min(count, ColumnsOfOne), null);

    /// <summary>The row that a sample belongs to.</summary>
    public int RowOf(int sample) => sample / Each;

    /// <summary>The number, if samples can be drawn so.</summary>
    /// <exception cref="DitException">It is less than one.</exception>
    public static int Positive(int number, string what) => number >= 1 ? number : throw new DitException($"{number} {what} cannot be drawn: at least 1 is needed.");
}
