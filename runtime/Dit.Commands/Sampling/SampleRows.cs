using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The rows of a picture of samples: what each is of, and how many samples it has.</summary>
/// <param name="Rows">The condition of each row; empty for one nameless block of samples.</param>
/// <param name="Each">Samples of each row.</param>
/// <param name="Columns">Samples beside each other.</param>
internal sealed record SampleRows(IReadOnlyList<ConditionName> Rows, int Each, int Columns)
{
    private const int ColumnsOfOne = 8; // where all samples are of a kind
    private const int CellPixels = 96; // smaller pictures are enlarged

    /// <summary>Samples in all.</summary>
    public long Count => (long)Math.Max(1, Rows.Count) * Each;

    /// <summary>The class of each row; null where rows are not of classes.</summary>
    public IReadOnlyList<int>? Labels =>
        Rows.Count > 0 && Rows.All(static row => row.Label is not null) ? [.. Rows.Select(static row => row.Label ?? 0)] : null;

    /// <summary>A row of samples for each condition, or one nameless block where conditions have no names.</summary>
    /// <exception cref="DitException">There is less than one sample for each.</exception>
    public static SampleRows Of<TCondition>(NamedConditions<TCondition> conditions, int each)
        where TCondition : ICondition<TCondition> => conditions.Names.Count == 0
        ? Block(each)
        : new(conditions.Names, Positive(each, $"images of each {conditions.Noun}"), each);

    /// <summary>One nameless block of samples.</summary>
    /// <exception cref="DitException">There is less than one.</exception>
    public static SampleRows Block(int count) => new([], Positive(count, "images"), Math.Min(count, ColumnsOfOne));

    /// <summary>The row that a sample belongs to.</summary>
    public int RowOf(int sample) => sample / Each;

    /// <summary>What a sample is of, for the name of its file; empty where there is nothing to say.</summary>
    public string FileNameOf(int sample) => Rows.Count > 0 ? FileNames.Safe(Rows[RowOf(sample)].Title) : "";

    /// <summary>What a sample is of, behind its number: <c> (class 207, golden retriever)</c>; empty where there is
    /// nothing to say.</summary>
    public string Describe(int sample) => Rows.Count == 0 ? "" : $" ({Rows[RowOf(sample)].Description})";

    /// <summary>How the samples are laid out in a picture.</summary>
    /// <param name="height">Height of the picture of one sample.</param>
    public ImageGridOptions Layout(int height) =>
        new(Columns, Scale: Math.Max(1, CellPixels / height), RowLabels: Rows.Count > 0 ? [.. Rows.Select(static row => row.Name)] : null);

    /// <summary>Some of the samples, as rows of their own; nameless, unless they are all.</summary>
    public SampleRows Part(int count) => count == Count ? this : new([], count, Math.Min(count, Columns));

    /// <summary>The number, if samples can be drawn so.</summary>
    /// <exception cref="DitException">It is less than one.</exception>
    public static int Positive(int number, string what) =>
        number >= 1 ? number : throw new DitException($"{number} {what} cannot be drawn: at least 1 is needed.");
}

/// <summary>Names that every file system takes.</summary>
internal static class FileNames
{
    private const int Longest = 60;

    /// <summary>Letters and digits in lower case, and dashes for all that lies between them.</summary>
    public static string Safe(string text)
    {
        string[] words =
        [
            .. string.Concat(text.Select(static c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' '))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ];
        var name = string.Join('-', words);
        return name.Length <= Longest ? name : name[..Longest].TrimEnd('-');
    }
}
