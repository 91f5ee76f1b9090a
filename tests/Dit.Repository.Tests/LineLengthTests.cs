using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Dit.Repository.Tests;

/// <summary>
/// Lines of code have at most 140 columns; those of comments and Markdown 120. CONTRIBUTING.md says what is excepted.
/// </summary>
public sealed class LineLengthTests
{
    private const int Code = 140;
    private const int Prose = 120;
    private const int LongString = 90;

    [Fact]
    public void No_line_of_code_or_of_a_comment_is_too_long() => AssertNone(Repository.Tracked("*.cs").SelectMany(InCode));

    [Fact]
    public void No_line_of_Markdown_is_too_long() => AssertNone(Repository.Tracked("*.md").SelectMany(InMarkdown));

    [Fact]
    public void What_is_too_long_is_found_in_code_and_in_comments_and_not_within_strings()
    {
        var words = string.Concat(Enumerable.Repeat("word ", 30)); // 150 columns
        var text = $$""""
            // {{words}}
            class A // {{words}}
            {
                /// <summary>{{words}}</summary>
                const string Raw = """
                    {{words}}
                    """;
                const string Long = "{{words}}";
                int {{string.Join(", ", Enumerable.Repeat("variable", 20))}};
                // {{words[..100]}}
            }
            """";
        Assert.Equal([1, 2, 4, 9], TooLong(text).Select(static line => line.Number));
    }

    [Theory]
    [InlineData("", true), InlineData("- ", true), InlineData("> ", true), InlineData("# ", true)]
    [InlineData("| ", false), InlineData("[link]: ", false), InlineData("```\n", false)]
    public void What_is_too_long_is_found_in_Markdown_but_not_in_tables_code_and_addresses(string start, bool isFound)
    {
        var text = start + string.Concat(Enumerable.Repeat("word ", 30));
        Assert.Equal(isFound, TooLongInMarkdown(text).Any());
    }

    private static void AssertNone(IEnumerable<string> tooLong)
    {
        var found = tooLong.ToArray();
        Assert.True(found.Length == 0, $"{found.Length} lines are too long:\n{string.Join('\n', found)}");
    }

    private static IEnumerable<string> InCode(string path)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, path));
        // Parsing takes most of the time, and few files need it.
        return text.Split('\n').Any(static line => line.Length > Prose)
            ? TooLong(text).Select(line => $"{path}:{line.Number}: {line.Columns}")
            : [];
    }

    private static IEnumerable<string> InMarkdown(string path) =>
        TooLongInMarkdown(File.ReadAllText(Path.Combine(Repository.Root, path))).Select(line => $"{path}:{line.Number}: {line.Columns}");

    private static IEnumerable<(int Number, int Columns)> TooLong(string text)
    {
        var tree = CSharpSyntaxTree.ParseText(text, new(LanguageVersion.Preview));
        var lines = tree.GetText().Lines;
        var root = tree.GetRoot();
        return lines.Where(line => line.Span.Length > Most(line.ToString()))
            .Where(line => !IsInRawString(root, line) && !HoldsLongString(root, line))
            .Select(static line => (line.LineNumber + 1, line.Span.Length));

        static int Most(string line) => line.TrimStart().StartsWith("//", StringComparison.Ordinal) ? Prose : Code;
    }

    // Text that a program writes is as wide as it is; so is a line that looks like a comment in it.
    private static bool IsInRawString(SyntaxNode root, TextLine line)
    {
        var token = root.FindToken(line.Start);
        return IsOverLines(token.Span, line)
            && token.Kind() is SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken
            || token.Parent?.AncestorsAndSelf().OfType<InterpolatedStringExpressionSyntax>().Any(text =>
                text.StringStartToken.IsKind(SyntaxKind.InterpolatedMultiLineRawStringStartToken) && IsOverLines(text.Span, line)) == true;
    }

    // A message that is expected, or one with values in it, stays in one piece; a person may still divide it.
    private static bool HoldsLongString(SyntaxNode root, TextLine line) => root.DescendantNodes(line.Span).Any(node =>
        (node is InterpolatedStringExpressionSyntax || node.IsKind(SyntaxKind.StringLiteralExpression))
        && line.Span.Contains(node.Span) && node.Span.Length > LongString);

    private static bool IsOverLines(TextSpan span, TextLine line) => span.Start < line.Start;

    private static IEnumerable<(int Number, int Columns)> TooLongInMarkdown(string text)
    {
        var isCode = false;
        foreach (var (index, line) in text.ReplaceLineEndings("\n").Split('\n').Index())
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            if (isFence) isCode = !isCode;
            var isTable = line.TrimStart().StartsWith('|');
            var isAddress = line.StartsWith('[') && line.Contains("]: ", StringComparison.Ordinal);
            if (!isFence && !isCode && !isTable && !isAddress && line.Length > Prose) yield return (index + 1, line.Length);
        }
    }
}
