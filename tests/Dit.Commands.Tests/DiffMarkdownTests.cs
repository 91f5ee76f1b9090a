using System.Net;
using System.Text.RegularExpressions;
using Dit.Spec;

namespace Dit.Commands.Tests;

/// <summary>The comment of a pull request: exact texts, and names that try to be more than names.</summary>
public sealed partial class DiffMarkdownTests
{
    private const string Keys =
        "depth: 2\nwidth: 64\nheads: 4\npatch_size: 2\ninput: { channels: 3, size: 8 }\nconditioning: { classes: 5 }\n";

    private static ModelSpec Model(string name, params (string From, string To)[] edits)
    {
        var text = edits.Aggregate(Keys, static (now, edit) => now.Replace(edit.From, edit.To, StringComparison.Ordinal));
        return Assert.Single(SpecFile.Parse($"model: Some\n{text}").Models).Spec with { Name = name };
    }

    private static string Markdown(ModelSpec[] a, ModelSpec[] b) => DiffMarkdown.Of("main:specs", "specs", SpecDiff.Between(a, b));

    [Fact]
    public void The_worst_is_said_first_and_every_model_that_is_not_the_same_is_named() => Assert.Equal(
        """
        <!-- dit diff -->
        **Old checkpoints do not load** for 1 of 5 changed models. They load without complaint but mean something else for 1. They load with recomputed positions for 1. They load as they are for 2. **1 model is removed**, and nothing loads its checkpoints.

        Between `main:specs` and `specs`: 5 models changed, 1 added, 1 removed, 1 unchanged.

        Added: `Fresh`

        Removed: `Gone`

        Renamed: `Old -> New`

        | model | parameters | MACs | activations, training | old checkpoints |
        |---|---:|---:|---:|---|
        | `Deep` | 182,104 → 256,792 (+41.0 %) | 1.76 M → 2.60 M (+48.1 %) | 180.36 kB → 263.04 kB (+45.8 %) | do not load |
        | `Heads` | 182,104 | 1.76 M | 180.36 kB → 180.87 kB (+0.3 %) | load, but mean something else |
        | `Grid` | 182,104 → 185,176 (+1.7 %) | 1.76 M → 7.59 M (+331.5 %) | 180.36 kB → 714.50 kB (+296.2 %) | load with new positions |
        | `Fast` | 182,104 | 1.76 M | 180.36 kB | load as they are |
        | `Old -> New` | 182,168 | 1.76 M | 180.36 kB | load as they are |

        Activations are those of one image in float32.

        ### `Deep`

        Old checkpoints do not load: 10 tensors appear; 32 of 32 stay as they are.

        | setting | old | new | |
        |---|---|---|---|
        | `depth` | `2` | `3` | blocks 0 to 1 are in both |

        | tensor | number | old and new |
        |---|---:|---|
        | `blocks.2` | 10 x | appear, 74,688 parameters |

        ### `Heads`

        Old checkpoints load without complaint, as every name and shape is the same, but their weights were trained for the old heads.

        | setting | old | new | |
        |---|---|---|---|
        | `heads` | `4` | `8` | shapes do not show it: attention splits the channels into other heads |

        ### `Grid`

        Old checkpoints load when the positions are recomputed: only the fixed position table differs.

        | setting | old | new | |
        |---|---|---|---|
        | `input.size` | `8 x 8` | `16 x 16` | 4 x 4 patches become 8 x 8 |

        | tensor | number | old and new |
        |---|---:|---|
        | `pos_embed` | | 1 x 16 x 64 → 1 x 64 x 64 |

        ### `Fast`

        Old checkpoints load as they are, and mean what they did.

        | setting | old | new |
        |---|---|---|
        | `samplers.fast` | `none` | `ddim, 5 steps, eta 0` |

        ### `Old -> New`

        Old checkpoints load as they are, and mean what they did.

        | setting | old | new | |
        |---|---|---|---|
        | `model` | `Old` | `New` | the class Old becomes New; code that names it must follow |

        """.ReplaceLineEndings("\n"),
        Markdown(
            [
                Model("Deep"),
                Model("Heads"),
                Model("Grid"),
                Model("Fast"),
                Model("Old", ("classes: 5", "classes: 6")),
                Model("Same"),
                Model("Gone", ("width: 64", "width: 32")),
            ],
            [
                Model("Deep", ("depth: 2", "depth: 3")),
                Model("Heads", ("heads: 4", "heads: 8")),
                Model("Grid", ("size: 8", "size: 16")),
                Model("New", ("classes: 5", "classes: 6")),
                Model("Fast") with
                {
                    Samplers = EquatableArray.Of(new SamplerSpec("fast", new SamplerMethod.Ddim(0), 5, ClipDenoised: true)),
                },
                Model("Same"), Model("Fresh", ("width: 64", "width: 128")),
            ]));

    [Fact]
    public void Where_nothing_differs_it_is_one_sentence()
    {
        Assert.Equal(
            "<!-- dit diff -->\n**No model changes** between `main:specs` and `specs`: 2 models are the same, and old checkpoints load as "
                + "they are.\n",
            Markdown([Model("A"), Model("B")], [Model("B"), Model("A")]));
        Assert.Contains(": 1 model is the same, and", Markdown([Model("A")], [Model("A")]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Old checkpoints do not load", "width: 64", "width: 128")]
    [InlineData("Old checkpoints load without complaint but mean something else", "heads: 4", "heads: 2")]
    [InlineData("Old checkpoints load with recomputed positions", "size: 8", "size: [4, 16]")]
    [InlineData("Old checkpoints load with recomputed positions but mean something else", "size: 8 }", "size: 16 }\nnumerics: diffusers")]
    [InlineData("Old checkpoints load as they are", "classes: 5", "classes: 5, dropout: 0.2")]
    public void Each_verdict_is_the_second_line(string said, string from, string to)
    {
        var (a, b) = (Model("A"), Model("A", (from, to)));
        Assert.Equal($"**{said}** for `A`.", Markdown([a], [b]).Split('\n')[1]);
        Assert.Equal(
            $"**{said}** for both changed models.",
            Markdown([a, a with { Name = "B" }], [b, b with { Name = "B" }]).Split('\n')[1]);
        ModelSpec[] more = [.. "CDEF".Select(static name => Model($"{name}"))];
        Assert.Equal(
            $"**{said}** for all 3 changed models.",
            Markdown([a, .. more, a with { Name = "G" }, a with { Name = "H" }], [b, .. more, b with { Name = "G" }, b with { Name = "H" }])
                .Split('\n')[1]);
    }

    [Fact]
    public void Models_that_only_come_or_go_have_a_verdict_and_no_table()
    {
        ModelSpec a = Model("A"), b = Model("B", ("width: 64", "width: 128"));
        Assert.Equal("**No old checkpoint is affected**: models are only added.", Markdown([a], [a, b]).Split('\n')[1]);
        Assert.Equal("**1 model is removed**, and nothing loads its checkpoints.", Markdown([a, b], [a]).Split('\n')[1]);
        Assert.Equal("**2 models are removed**, and nothing loads their checkpoints.", Markdown([a, b], []).Split('\n')[1]);
        Assert.EndsWith("2 models added.\n\nAdded: `A`, `B`\n", Markdown([], [a, b]), StringComparison.Ordinal);
        Assert.DoesNotContain("|", Markdown([a, b], [a]), StringComparison.Ordinal);
    }

    [Fact]
    public void Long_tables_of_tensors_are_folded_and_short_ones_are_not()
    {
        var wide = Markdown([Model("A")], [Model("A", ("width: 64", "width: 128"))]);
        Assert.Contains("\n\n<details><summary>21 rows of tensors that differ</summary>\n\n| tensor |", wide, StringComparison.Ordinal);
        Assert.EndsWith(" |\n\n</details>\n", wide, StringComparison.Ordinal);
        Assert.DoesNotContain("<details>", Markdown([Model("A")], [Model("A", ("classes: 5", "classes: 9"))]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_comment_is_as_long_as_GitHub_takes_and_says_what_is_left_out()
    {
        ModelSpec[] a = [.. Enumerable.Range(0, 256).Select(static i => Model($"{new string('m', 90)}|{i}"))];
        ModelSpec[] b = [.. a.Select(static (m, i) => m with { Backbone = m.Backbone with { Width = 64 + 4 * i + 4, Heads = 1 } })];
        var text = Markdown(a, b);

        Assert.InRange(text.Length, 30_000, 65_536);
        Assert.Contains("for all 256 changed models.", text, StringComparison.Ordinal);
        Assert.Matches("\nActivations are those of one image in float32. [0-9]+ more models changed.\n", text);
        Assert.Matches("\n\n[0-9]+ more changes would not fit into a comment: `dit diff` without `--markdown` tells all of them.\n$", text);
        Assert.Equal(Count(text, "<details>"), Count(text, "</details>"));
    }

    /// <summary>
    /// What a name could try: markup of Markdown and of HTML, cells, mentions, links, references, emoji, and ends of
    /// the code that it stands in.
    /// </summary>
    public static TheoryData<string> Names =>
    [
        "A|B",
        "A`B",
        "A``B|```",
        "`A`",
        "A\\",
        "A\\|B",
        "A\\\\|B",
        "|A|",
        "<b>A</b>",
        "A</code><img src=x onerror=alert(1)>",
        "A --> B <!--",
        "A&lt;b&amp;",
        "@octocat A",
        "A|@octocat",
        "`@org/team` A",
        "A #1 GH-1 o/r#2",
        "www.A.example",
        "A https://example.com|",
        "A|a@b.example",
        ":smile: A|:smile:",
        "[A](javascript:x)",
        "![A](x)",
        "**A** _b_ ~~c~~",
        "A |---|",
        "# A",
        "- A",
        "1. A",
        "> A",
        "    A",
        "A    ",
        "</details>A|",
        "A $x$ `$`",
        "[^A]: x",
        "Ä 模型 A\U0001F600|",
        "&#124;A&#96;`",
    ];

    [Theory, MemberData(nameof(Names))]
    public void A_name_stays_a_name(string name)
    {
        const string Plain = "Plain";
        foreach (var edit in new[] { ("width: 64", "width: 128"), ("classes: 5", "classes: 6") })
        {
            // The comment on a model of that name is the comment on any model, with the name as code in place of the
            // name.
            ModelSpec[] Old(string called) => [Model(called), Model("Other"), Model(called + " gone", ("depth: 2", "depth: 5"))];
            ModelSpec[] New(string called) => [Model(called, edit), Model("Other"), Model(called + " new", ("depth: 2", "depth: 6"))];
            ModelSpec[] oldPlain = [.. Old(Plain)], newPlain = [.. New(Plain)];
            var wanted = DiffMarkdown.Of(Plain, Plain, Pairs(oldPlain, newPlain));
            foreach (var suffix in (string[])[" gone", " new", ""])
                wanted = wanted.Replace(MarkdownText.Code(Plain + suffix), MarkdownText.Code(name + suffix), StringComparison.Ordinal);
            Assert.Equal(wanted, DiffMarkdown.Of(name, name, Pairs(Old(name), New(name))));
        }
        AssertIsTheText(name);

        static SpecDiff Pairs(ModelSpec[] a, ModelSpec[] b) => new(
            EquatableArray.Of(ModelDiff.Between(a[0], b[0]), ModelDiff.Between(a[1], b[1])),
            EquatableArray.Of(b[2]),
            EquatableArray.Of(a[2]));
    }

    [Fact]
    public void Any_text_is_code_that_nothing_ends_and_is_read_as_it_was()
    {
        var random = new Random(5);
        const string Odd = "|`\\<>&@#:*_~[]()!{}-+.\"'$^=% aZ0éλ模";
        for (var i = 0; i < 20_000; i++)
            AssertIsTheText(string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Odd[random.Next(Odd.Length)])));
        Assert.Equal(@"`a\u000ab\u2028c\u202ed\u0000`", MarkdownText.Code("a\nb\u2028c\u202Ed\0"));
        Assert.Equal(@"a\u000d\u000ab: c".Replace(@"\", "&#92;", StringComparison.Ordinal), MarkdownText.Plain("a\r\nb: c"));
    }

    private static void AssertIsTheText(string text)
    {
        var code = MarkdownText.Code(text);
        if (text.Trim(' ').Length == 0) Assert.Empty(code);
        else if (code.StartsWith('`'))
            Assert.Equal((text.Trim(' '), false), (code[1..^1], code[1..^1].Any(static c => c is '|' or '`' or '\n')));
        else
        {
            Assert.Matches(ByNumber(), code);
            Assert.Equal(
                text.Trim(' '),
                WebUtility.HtmlDecode(code["<code>".Length..^"</code>".Length].Replace("<!-- -->", "", StringComparison.Ordinal)));
        }
    }

    [GeneratedRegex(@"^<code>([^\x00-\x1f!""#$&*+<=>?@\[\\\]^_`{|}~:]|: |:(?=</code>)|&#[0-9]+;|(?<=&#64;)<!-- -->)+</code>$")]
    private static partial Regex ByNumber();

    private static int Count(string text, string part) => text.Split(part).Length;
}
