using System.Globalization;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>One row of a picture of samples.</summary>
/// <param name="Name">What is written beside it.</param>
/// <param name="FileName">What stands for it in the names of files.</param>
internal sealed record SampleRow(string Name, string FileName);

/// <summary>The rows of a picture of samples: what each is of, and how many samples it has.</summary>
/// <param name="Rows">The rows; empty for one nameless block of samples.</param>
/// <param name="Each">Samples of each row.</param>
/// <param name="Columns">Samples beside each other.</param>
/// <param name="Labels">The class of each row, for class-conditional models.</param>
internal sealed record SampleRows(IReadOnlyList<SampleRow> Rows, int Each, int Columns, IReadOnlyList<int>? Labels)
{
    private const int ColumnsOfOne = 8; // where all samples are of a kind
    private const int CellPixels = 96; // smaller pictures are enlarged

    /// <summary>Samples in all.</summary>
    public long Count => (long)Math.Max(1, Rows.Count) * Each;

    /// <summary>A row of samples for each class.</summary>
    public static SampleRows OfClasses(IReadOnlyList<int> labels, ClassNames names, int each) => new(
        [.. labels.Select(label => new SampleRow(names.NameOf(label), FileNames.Safe(names.Describe(label))))], Positive(each, "images of each class"), each, labels);

    /// <summary>A row of samples for each text, under its number.</summary>
    public static SampleRows OfTexts(int texts, int each) => new(
        [.. Enumerable.Range(0, texts).Select(static i => i.ToString(CultureInfo.InvariantCulture)).Select(static number => new SampleRow(number, $"text-{number}"))],
        Positive(each, "images of each text"), each, null);

    /// <summary>Samples of nothing in particular.</summary>
    public static SampleRows OfNothing(int count) => new([], Positive(count, "images"), Math.Min(count, ColumnsOfOne), null);

    /// <summary>The row that a sample belongs to.</summary>
    public int RowOf(int sample) => sample / Each;

    /// <summary>What a sample is of, for the name of its file; empty where there is nothing to say.</summary>
    public string FileNameOf(int sample) => Rows.Count > 0 ? Rows[RowOf(sample)].FileName : "";

    /// <summary>What a sample is of, behind its number: <c> (class 207, golden retriever)</c>; empty where there is nothing to say.</summary>
    public string Describe(int sample)
    {
        if (Rows.Count == 0) return "";
        var name = Rows[RowOf(sample)].Name;
        var number = Labels?[RowOf(sample)].ToString(CultureInfo.InvariantCulture);
        return number is null ? $" (text {name})" : name == number ? $" (class {number})" : $" (class {number}, {name})";
    }

    /// <summary>How the samples are laid out in a picture.</summary>
    /// <param name="height">Height of the picture of one sample.</param>
    public ImageGridOptions Layout(int height) =>
        new(Columns, Scale: Math.Max(1, CellPixels / height), RowLabels: Rows.Count > 0 ? [.. Rows.Select(static row => row.Name)] : null);

    /// <summary>Some of the samples, as rows of their own; nameless, unless they are all.</summary>
    public SampleRows Part(int count) => count == Count ? this : new([], count, Math.Min(count, Columns), null);

    /// <summary>The number, if samples can be drawn so.</summary>
    /// <exception cref="DitException">It is less than one.</exception>
    public static int Positive(int number, string what) => number >= 1 ? number : throw new DitException($"{number} {what} cannot be drawn: at least 1 is needed.");
}

/// <summary>Names that every file system takes.</summary>
internal static class FileNames
{
    private const int Longest = 60;

    /// <summary>Letters and digits in lower case, and dashes for all that lies between them.</summary>
    public static string Safe(string text)
    {
        string[] words = [.. string.Concat(text.Select(static c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var name = string.Join('-', words);
        return name.Length <= Longest ? name : name[..Longest].TrimEnd('-');
    }
}
