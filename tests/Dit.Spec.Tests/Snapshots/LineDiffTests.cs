using CsCheck;

namespace Dit.Spec.Tests.Snapshots;

/// <summary>The lines by which two texts differ.</summary>
public class LineDiffTests
{
    private static readonly Gen<string[]> Text = Gen.Int[0, 3].Select(static letter => new[] { "a", "b", "c", "" }[letter]).Array[0, 12];

    [Fact]
    public void Both_texts_are_in_it_and_no_shorter_difference_is()
    {
        foreach (var (a, b) in Samples.Of(Gen.Select(Text, Text), 5000))
        {
            var diff = LineDiff.Between(Lines(a), Lines(b));
            Assert.Equal(a, Of(diff, DiffKind.Added));
            Assert.Equal(b, Of(diff, DiffKind.Removed));
            Assert.Equal(a.Length + b.Length - 2 * Common(a, b), diff.Count);
            Assert.DoesNotContain(diff.Lines.Zip(diff.Lines.Skip(1)), static pair =>
                (pair.First.Kind, pair.Second.Kind) == (DiffKind.Added, DiffKind.Removed));
        }
    }

    [Fact]
    public void Line_ends_do_not_count()
    {
        Assert.Equal(0, LineDiff.Between("a\r\nb\r\n", "a\nb").Count);
        Assert.Equal(0, LineDiff.Between("", "").Count);
        Assert.Equal("+ a", LineDiff.Between("", "a\n").ToString());
        Assert.Equal("- a\n- b", LineDiff.Between("a\nb\n", "").ToString());
    }

    [Fact]
    public void An_excerpt_has_some_lines_around_and_says_where_it_leaves_lines_out()
    {
        var diff = LineDiff.Between(
            Lines("1", "2", "3", "4", "5", "6", "7", "8", "9"), Lines("one", "2", "3", "4", "5", "6", "7", "eight", "9"));
        Assert.Equal("- 1\n+ one\n  2\n  3\n...\n  6\n  7\n- 8\n+ eight\n  9", diff.ToString());
        Assert.Equal(1, diff.FirstLine);
        Cut(diff, 3, ["- 1", "+ one", "  2"], left: 2);
        Cut(diff, 1, ["- 1"], left: 3);
        Cut(diff, 0, [], left: 4);
        Assert.Equal("- 1\n+ one\n  2\n- 3", LineDiff.Between("1\n2\n3\n", "one\n2\n").ToString());
        // A gap of one line is that line.
        Assert.Equal(
            "- 1\n  2\n  3\n  4\n  5\n  6\n- 7",
            LineDiff.Between(Lines("1", "2", "3", "4", "5", "6", "7"), Lines("2", "3", "4", "5", "6")).ToString());
    }

    private static void Cut(LineDiff diff, int most, string[] lines, int left)
    {
        var (shown, more) = diff.Excerpt(most: most);
        Assert.Equal(lines, shown);
        Assert.Equal(left, more);
    }

    [Fact]
    public void Long_texts_that_have_nothing_in_common_are_taken_out_and_put_in_whole()
    {
        var (a, b) = (
            Enumerable.Range(0, 20_000).Select(static i => $"a{i}").ToArray(),
            Enumerable.Range(0, 20_000).Select(static i => $"b{i}").ToArray());
        var diff = LineDiff.Between(Lines(["same", .. a, "end"]), Lines(["same", .. b, "end"]));
        Assert.Equal(40_000, diff.Count);
        Assert.Equal(a, Of(diff, DiffKind.Added)[1..^1]);
        Assert.Equal(b, Of(diff, DiffKind.Removed)[1..^1]);
    }

    private static string Lines(params string[] lines) => string.Concat(lines.Select(static line => line + "\n"));

    private static string[] Of(LineDiff diff, DiffKind without) =>
        [.. diff.Lines.Where(line => line.Kind != without).Select(static line => line.Text)];

    /// <summary>How many lines a longest common subsequence has.</summary>
    private static int Common(string[] a, string[] b)
    {
        var best = new int[a.Length + 1, b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
                best[i, j] = a[i - 1] == b[j - 1] ? best[i - 1, j - 1] + 1 : Math.Max(best[i - 1, j], best[i, j - 1]);
        return best[a.Length, b.Length];
    }
}
