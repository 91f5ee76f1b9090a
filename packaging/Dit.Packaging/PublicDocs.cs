using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dit.Packaging;

/// <summary>The documentation of what a user of an assembly can name.</summary>
/// <remarks>The compiler writes the comments of every type and member, internal and private ones too.</remarks>
/// <param name="Xml">The documentation file.</param>
/// <param name="Problems">References that a user could not follow, and that nothing can take the place of.</param>
internal sealed record PublicDocs(string Xml, IReadOnlyList<string> Problems)
{
    /// <summary>Reads an assembly and its documentation file, and keeps what is public or protected.</summary>
    /// <param name="assembly">The path of the assembly.</param>
    /// <param name="xml">The path of its documentation file.</param>
    /// <param name="references">The paths of the assemblies that it was compiled against.</param>
    public static PublicDocs Of(string assembly, string xml, IEnumerable<string> references)
    {
        var symbols = Symbols.Read(assembly, references);
        var document = XDocument.Load(xml, LoadOptions.PreserveWhitespace);
        var members = document.Descendants("member").ToDictionary(Name);
        var self = new Filter(symbols, members);
        foreach (var (name, member) in members)
            self.Read(member, name);
        self.Remove();
        return new(Text(document), self.Problems);
    }

    private static string Name(XElement member) => member.Attribute("name")?.Value ?? "";

    private static string Text(XDocument document)
    {
        using var text = new StringWriter { NewLine = "\n" };
        using (var writer = XmlWriter.Create(text, new() { OmitXmlDeclaration = true, NewLineHandling = NewLineHandling.None }))
            document.Save(writer);
        return $"<?xml version=\"1.0\"?>\n{text.ToString().Trim()}\n";
    }

    /// <summary>
    /// One pass over the members; hidden ones are removed at its end, for others may inherit from them until then.
    /// </summary>
    private sealed class Filter(Symbols symbols, IReadOnlyDictionary<string, XElement> members)
    {
        private readonly List<XElement> hidden = [];

        public List<string> Problems { get; } = [];

        public void Remove()
        {
            foreach (var member in hidden)
            {
                if (member.PreviousNode is XText space && string.IsNullOrWhiteSpace(space.Value)) space.Remove();
                member.Remove();
            }
        }

        public void Read(XElement member, string name)
        {
            if (symbols.Find(name) is not { } symbol) Problems.Add($"{name} is documented, and the assembly has no such thing");
            else if (Symbols.IsVisible(symbol)) Keep(member, symbol);
            else hidden.Add(member);
        }

        private void Keep(XElement member, ISymbol symbol)
        {
            Inherit(member, symbol, depth: 0);
            foreach (var element in member.Descendants().Where(static e => e.Attribute("cref") is not null).ToArray())
                if (IsHidden(element.Attribute("cref")?.Value)) Replace(element, Name(member));
        }

        /// <summary>What is inherited from something hidden takes its words.</summary>
        private void Inherit(XElement member, ISymbol symbol, int depth)
        {
            foreach (var element in member.Elements("inheritdoc").ToArray())
            {
                var source = element.Attribute("cref")?.Value is { } cref
                    ? IsHidden(cref) ? symbols.Find(cref) : null
                    : Symbols.HiddenSource(symbol, symbols.Assembly);
                if (source is null) continue;
                if (depth > 8 || source.GetDocumentationCommentId() is not { } id || !members.TryGetValue(id, out var from))
                {
                    Problems.Add($"{Name(member)} inherits its documentation from {source.ToDisplayString()}, which has none");
                    continue;
                }
                var copy = new XElement(from);
                Inherit(copy, source, depth + 1);
                element.ReplaceWith(copy.Nodes());
            }
        }

        private bool IsHidden(string? id) => id is not null && symbols.Find(id) is { } symbol && !Symbols.IsVisible(symbol);

        private void Replace(XElement element, string member)
        {
            var id = element.Attribute("cref")?.Value ?? "";
            if (element.Name == "seealso") element.Remove();
            else if (element.Name == "see")
                element.ReplaceWith(new XElement("c", element.Value.Length == 0 ? ShortName(id) : element.Nodes()));
            else Problems.Add($"{member} has an element '{element.Name}' of {id[2..]}, which is not public");
        }

        private static string ShortName(string id) => id[2..].Split('(')[0].Split('.')[^1].Split('`')[0];
    }
}
