using System.Text.RegularExpressions;

namespace Dit.Spec.Tests;

/// <summary>
/// The folders of Dit.Spec that read, bind, write and compare specs depend on each other in one direction.
/// </summary>
public partial class FolderTests
{
    private static readonly string[] Shared = ["EquatableArray.cs", "Result.cs", "SpecError.cs"];

    // What a folder may name besides its own types and the shared ones. The dot is the folder of SpecFile and
    // SpecWriter.
    private static readonly Dictionary<string, string[]> Below = new()
    {
        ["Model"] = [],
        ["Syntax"] = ["Model"],
        ["Keys"] = ["Syntax", "Model"],
        ["Binding"] = ["Syntax", "Model", "Keys"],
        ["Diffing"] = ["Model"],
        ["."] = ["Syntax", "Model", "Keys", "Binding"],
        ["Snapshots"] = ["Syntax", "Model", "Diffing", "."],
    };

    // Their types have everyday names (Value, Shape, Member), which members of other types have, too: this test
    // compares words.
    private static readonly string[] Unchecked = ["Architecture", "Descriptions", "bin", "obj"];

    private static string Root => Path.Combine(Specs.RepositoryRoot, "generator", "Dit.Spec");

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(Path.Combine(Root, folder), "*.cs").Where(static file => !Shared.Contains(Path.GetFileName(file)));

    private static string[] Declared(IEnumerable<string> files) =>
    [
        .. files.SelectMany(static file => Declaration().Matches(File.ReadAllText(file)))
            .Select(static match => match.Groups["name"].Value).Distinct(),
    ];

    private static string[] Folders =>
        [".", .. Directory.GetDirectories(Root).Select(static path => Path.GetFileName(path)).Except(Unchecked)];

    [Fact]
    public void Every_folder_has_its_place_in_the_order() => Assert.Empty(Folders.Except(Below.Keys));

    [Fact]
    public void No_folder_names_a_type_of_one_above_it()
    {
        var declared = Folders.ToDictionary(static folder => folder, static folder => Declared(Files(folder)));
        Assert.All(declared.Values, Assert.NotEmpty);

        var climbs =
            from folder in Folders
            from file in Files(folder)
            let words = Words(File.ReadAllText(file))
            from other in Folders.Except(Below[folder]).Where(other => other != folder)
            from name in declared[other].Except(declared[folder])
            where words.Contains(name)
            select $"{folder}/{Path.GetFileName(file)} names {name}";
        var said = string.Join("\n", climbs.Distinct());
        Assert.True(said.Length == 0, said);
    }

    // Comments may point up, and text in quotes names no type.
    private static HashSet<string> Words(string source) =>
        [.. Word().Matches(Quoted().Replace(Comment().Replace(source, ""), "\"\"")).Select(static match => match.Value)];

    [GeneratedRegex(@"^(?:public|internal)\s[\w\s]*?\b(?:record struct|class|record|struct|enum|interface|delegate)\s+(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("(?<![$\\w])\"(?:[^\"\\\\\n]|\\\\.)*\"")]
    private static partial Regex Quoted();

    // Not after a point: a member of another type may have a type's name.
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*\b")]
    private static partial Regex Word();
}
