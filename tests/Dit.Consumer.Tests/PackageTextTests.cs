using System.Xml.Linq;
using Dit.Packaging;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dit.Consumer.Tests;

/// <summary>What packing makes of release notes, READMEs and documentation.</summary>
public sealed class PackageTextTests
{
    private static readonly Repository Known = new("https://example.org/o/n", "abc");

    private const string Changelog = """
        # Changelog

        ## Unreleased

        - One [link](docs/one.md),
          on two lines.
        - Two.

        ## 0.2.0 - 2026-02-03

        - Three.

        ## [0.1.0]

        The first.

        """;

    [Theory]
    [InlineData("0.3.0-alpha.4.gabc", "- One link, on two lines.\n- Two.")]
    [InlineData("0.2.0", "- Three.")]
    [InlineData("0.2.0-rc.1", "- One link, on two lines.\n- Two.")]
    [InlineData("0.1.0", "The first.")]
    [InlineData("0.1", "- One link, on two lines.\n- Two.")]
    public void Release_notes_are_the_section_of_the_version_or_what_is_unreleased(string version, string notes)
    {
        Assert.Equal(notes, ReleaseNotes.Of(Changelog, version, null));
        Assert.Equal(notes, ReleaseNotes.Of(Changelog.ReplaceLineEndings("\r\n"), version, null));
        Assert.Equal($"{notes}\n\nAll changes: https://example.org/o/n/blob/abc/CHANGELOG.md", ReleaseNotes.Of(Changelog, version, Known));
    }

    [Theory]
    [InlineData(1), InlineData(40), InlineData(400)]
    public void Long_release_notes_are_cut_between_entries(int entries)
    {
        var all = Enumerable.Range(0, entries).Select(static i => $"- {new string((char)('a' + i % 26), 70)} {i}").ToArray();
        var notes = ReleaseNotes.Of($"## Unreleased\n{string.Join('\n', all)}\n", "1.0.0", null);
        Assert.InRange(notes.Length, 1, ReleaseNotes.Longest + 100);
        var kept = notes.Split('\n').TakeWhile(static line => line.Length > 0).ToArray();
        Assert.Equal(all.Take(kept.Length), kept);
        var rest = $"\n\nAnd {entries - kept.Length} more, in CHANGELOG.md of the repository.";
        Assert.Equal(kept.Length < entries, notes.EndsWith(rest, StringComparison.Ordinal));
    }

    [Fact]
    public void A_changelog_without_entries_gives_no_notes()
    {
        Assert.Equal("", ReleaseNotes.Of("# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n- One.\n", "0.2.0-alpha.1", null));
        Assert.Equal("", ReleaseNotes.Of("", "0.2.0", null));
    }

    [Fact]
    public void A_readme_in_a_package_links_to_the_commit_or_not_at_all()
    {
        const string Text = """
            [a](../../docs/a.md#b), ![p](p.png), [web](https://example.com/x), [here](#there)
            <PackageReference Include="Dit.Gen" Version="0.1.0" PrivateAssets="all" />
            <PackageReference Include="libtorch-cpu-linux-x64" Version="2.10.0" />
            """;
        var path = Path.Combine("runtime", "Dit.X", "README.md");
        var own = Text.Replace("\"0.1.0\"", "\"7.0.0-rc.1\"");
        Assert.Equal(own.Replace("[a](../../docs/a.md#b), ![p](p.png)", "a, p"), PackageReadme.Of(Text, path, "7.0.0-rc.1", null));
        Assert.Equal(
            own.Replace("../../docs/a.md#b", "https://example.org/o/n/blob/abc/docs/a.md#b")
                .Replace("(p.png)", "(https://example.org/o/n/raw/abc/runtime/Dit.X/p.png)"),
            PackageReadme.Of(Text, path, "7.0.0-rc.1", Known));
    }

    [Theory]
    [InlineData("dotnet tool install --global Dit.Cli", "dotnet tool install --global Dit.Cli --version 7.0.0-rc.1")]
    [InlineData("`dotnet new install Dit.Templates` and", "`dotnet new install Dit.Templates@7.0.0-rc.1` and")]
    [InlineData("dotnet add My.csproj package Dit.Runtime\n", "dotnet add My.csproj package Dit.Runtime --version 7.0.0-rc.1\n")]
    [InlineData("dotnet package add Dit.Gen", "dotnet package add Dit.Gen --version 7.0.0-rc.1")]
    [InlineData("dotnet tool install Dit.Cli --prerelease", "dotnet tool install Dit.Cli --prerelease")]
    [InlineData(
        "dotnet add fetch package libtorch-cpu-linux-x64 --version 2.10.0",
        "dotnet add fetch package libtorch-cpu-linux-x64 --version 2.10.0")]
    public void Commands_in_a_readme_fetch_the_version_that_it_lies_in(string line, string packed) =>
        Assert.Equal(packed, PackageReadme.Of(line, "README.md", "7.0.0-rc.1", null));

    private const string Code = """
        using System;
        namespace N;
        /// <summary>Seen. <see cref="Hidden.Do(int)"/>, <see cref="Hidden">words</see>, <see cref="Seen{T}"/>.</summary>
        /// <seealso cref="Hidden"/>
        public class Seen<T> : Base, IHidden
        {
            /// <summary>Seen.</summary>
            public Seen(T[] a, ref int b, Func<T, int?[,]> c) { }
            /// <summary>hidden</summary>
            internal Seen() { }
            /// <summary>Seen.</summary>
            public void Do(T a) { }
            /// <summary>hidden</summary>
            internal void Do(int a) { }
            /// <summary>Seen.</summary>
            public void Do<U>(in U a, (int, T) b) { }
            /// <summary>hidden</summary>
            private protected void Do<U>(U a) { }
            /// <summary>Seen.</summary>
            protected internal int this[int i] => i;
            /// <summary>hidden</summary>
            public class Within { private protected class Deep { /// <summary>hidden</summary>
                public int Field; } }
            /// <summary>Seen.</summary>
            public static implicit operator int(Seen<T> a) => 0;
            /// <inheritdoc/>
            public override string ToString() => "";
            /// <inheritdoc/>
            public override void Told() { }
            /// <inheritdoc/>
            public void Promised() { }
            /// <inheritdoc/>
            void IHidden.Explicit() { }
            /// <inheritdoc cref="Hidden.Do(int)"/>
            public void Copied(int a) { }
            /// <summary>Seen.</summary>
            public event Action? Rung;
            /// <summary>Seen.</summary>
            public int Value { get; /* hidden */ internal set; }
        }
        /// <summary>Seen.</summary>
        public abstract class Base
        {
            /// <summary>Base told.</summary>
            public virtual void Told() { }
        }
        /// <summary>hidden</summary>
        internal interface IHidden
        {
            /// <summary>Promise of a hidden one, see <see cref="Hidden"/>.</summary>
            void Promised();
            /// <summary>hidden</summary>
            void Explicit();
        }
        /// <summary>hidden</summary>
        internal class Hidden { /// <summary>Words that were hidden.</summary>
            /// <param name="a">And of a.</param>
            public void Do(int a) { }
            /// <summary>hidden</summary>
            public class Inner { /// <summary>hidden</summary>
                public int Field; } }
        """;

    [Fact]
    public void Documentation_in_a_package_is_that_of_what_can_be_named_and_refers_to_nothing_else()
    {
        var (docs, names) = Filter(Code);
        Assert.Empty(docs.Problems);
        Assert.Equal(
            [
                "E:N.Seen`1.Rung",
                "M:N.Base.Told",
                "M:N.Seen`1.#ctor(`0[],System.Int32@,System.Func{`0,System.Nullable{System.Int32}[0:,0:]})",
                "M:N.Seen`1.Copied(System.Int32)", "M:N.Seen`1.Do(`0)", "M:N.Seen`1.Do``1(``0@,System.ValueTuple{System.Int32,`0})",
                "M:N.Seen`1.Promised", "M:N.Seen`1.ToString", "M:N.Seen`1.Told", "M:N.Seen`1.op_Implicit(N.Seen{`0})~System.Int32",
                "P:N.Seen`1.Item(System.Int32)", "P:N.Seen`1.Value", "T:N.Base", "T:N.Seen`1", "T:N.Seen`1.Within",
            ],
            names.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("Hidden", docs.Xml.Replace("<c>Hidden</c>", ""), StringComparison.Ordinal);
        Assert.Equal("<summary>Seen. <c>Do</c>, <c>words</c>, <see cref=\"T:N.Seen`1\" />.</summary>", Inside(names["T:N.Seen`1"]));
        Assert.Equal("<inheritdoc />", Inside(names["M:N.Seen`1.Told"]));
        Assert.Equal("<summary>Promise of a hidden one, see <c>Hidden</c>.</summary>", Inside(names["M:N.Seen`1.Promised"]));
        Assert.Equal(
            "<summary>Words that were hidden.</summary>\n<param name=\"a\">And of a.</param>",
            Inside(names["M:N.Seen`1.Copied(System.Int32)"]));
    }

    [Fact]
    public void A_reference_that_nothing_can_take_the_place_of_is_an_error()
    {
        var (docs, _) = Filter("""
            namespace N;
            /// <summary>Seen.</summary>
            public class Seen : IBare
            {
                /// <summary>Seen.</summary>
                /// <exception cref="Failed">Always.</exception>
                public void Do() { }
                /// <inheritdoc/>
                public void Promised() { }
            }
            internal interface IBare { void Promised(); }
            /// <summary>hidden</summary>
            internal class Failed : System.Exception { }
            """);
        Assert.Equal(
            [
                "M:N.Seen.Do has an element 'exception' of N.Failed, which is not public",
                "M:N.Seen.Promised inherits its documentation from N.IBare.Promised(), which has none",
            ],
            docs.Problems.Order(StringComparer.Ordinal));
    }

    private static string Inside(XElement member) =>
        string.Join(
            '\n',
            string.Concat(member.Nodes()).Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0));

    private static (PublicDocs Docs, IReadOnlyDictionary<string, XElement> Names) Filter(string code)
    {
        var folder = Directory.CreateTempSubdirectory("dit-docs-").FullName;
        try
        {
            var (assembly, xml) = (Path.Combine(folder, "N.dll"), Path.Combine(folder, "N.xml"));
            var references = Directory
                .EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location) ?? "", "System*.dll")
                .ToArray();
            var compilation = CSharpCompilation.Create(
                "N", [CSharpSyntaxTree.ParseText(code, new(documentationMode: DocumentationMode.Diagnose))],
                references.Select(static path => MetadataReference.CreateFromFile(path)),
                new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
            using (var image = File.Create(assembly))
            using (var text = File.Create(xml))
                Assert.True(compilation.Emit(image, xmlDocumentationStream: text).Success);
            var docs = PublicDocs.Of(assembly, xml, references);
            var members = XDocument.Parse(docs.Xml, LoadOptions.PreserveWhitespace).Descendants("member");
            return (docs, members.ToDictionary(static member => member.Attribute("name")?.Value ?? ""));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
