namespace Dit.Spec;

/// <summary>The reading of a description as a picture: a module as in figure 3 of the DiT paper.</summary>
/// <remarks>
/// It knows operations and no network. What passes through the module is a column of boxes. Residual connections are
/// lines at its left, and what is made of the condition is at its right. All places are whole numbers, the same on
/// every machine.
/// </remarks>
public static class Diagram
{
    private const int TitleSize = 18, TextSize = 13, NoteSize = 11, HeadLine = 16;
    private const string Gray = "fill=\"#666666\"", Bold = "fill=\"#222222\" font-weight=\"bold\"";
    private const string Mono = "fill=\"#444444\" font-family=\"Menlo, Consolas, monospace\"";

    /// <summary>The block of a network: the module of its first list; the network itself where it has none.</summary>
    public static Module Block(Module network) => network.Members.OfType<Member.Repeated>().LastOrDefault()?.Module ?? network;

    /// <summary>The picture of a module as an SVG file.</summary>
    /// <param name="module">The module.</param>
    /// <param name="title">What is written above it: <c>DiT-XL/2</c>.</param>
    /// <exception cref="InvalidOperationException">
    /// A shape does not fit: the description is wrong, whatever the spec.
    /// </exception>
    public static string Of(Module module, string title)
    {
        var (evaluation, errors) = Evaluation.Of(module);
        if (errors.Count > 0) throw new InvalidOperationException($"The description does not fit: {string.Join("; ", errors)}.");
        var reader = new DiagramReader(evaluation);
        var results = reader.Read();
        var summary = module.Summary.Length == 0 ? "" : $"{module.Summary}.";
        // The width does not depend on the head, but the head's lines depend on the width: 6.3 pixels a character,
        // which is enough for fonts wider than Helvetica.
        var width = new DiagramLayout(reader.Items, results, reader.Sources, head: 0).Width;
        IReadOnlyList<string> head = summary.Length == 0 ? [] : Words.Wrap(summary, (width - 24) * 10 / 63);
        var layout = new DiagramLayout(reader.Items, results, reader.Sources, 36 + HeadLine * head.Count);
        return Svg.File(layout.Width, layout.Height, title,
        [
            Svg.Text(20, 30, title, TitleSize, style: Bold),
            .. head.Select(static (line, i) => Svg.Text(20, 50 + HeadLine * i, line, NoteSize + 1, style: Gray)),
            Svg.Box(20, layout.FrameTop, layout.Width - 40, layout.FrameBottom - layout.FrameTop, "#f7f7f5", "#bbbbbb", radius: 12),
            .. DiagramLines.Of(layout),
            .. layout.Rails.SelectMany(rail => Rail(layout, rail)),
            .. layout.Items.SelectMany((item, i) => Item(layout.Center, item, layout.Places[i])),
            .. layout.Items.Select(
                (item, i) => Svg.Text(layout.Center + 10, layout.Places[i].Top - DiagramLayout.Fork, item.Output, NoteSize, style: Gray)),
        ]);
    }

    private static IEnumerable<string> Item(int center, DiagramItem item, DiagramPlace place)
    {
        if (item.Label.Kind == DiagramKind.Sum)
        {
            yield return Svg.Circle(center, place.Middle, DiagramLayout.Radius, "#ffffff");
            yield return Svg.Path((center - 7, place.Middle), (center + 7, place.Middle));
            yield return Svg.Path((center, place.Middle - 7), (center, place.Middle + 7));
            yield break;
        }
        if (item.Label.Kind != DiagramKind.Argument)
            yield return Svg.Box(center - place.HalfWidth, place.Top, 2 * place.HalfWidth, place.Height, Fill(item.Label.Kind));
        var y = place.Top + DiagramLayout.TitleLine + 1;
        var isAlone = item.Label.Name.Length == 0 || item.Label.Kind == DiagramKind.Argument;
        if (isAlone) yield return Svg.Text(center, y, item.Label.Title, TextSize, "middle", Bold);
        else
        {
            yield return Svg.Text(center - place.HalfWidth + 12, y, item.Label.Title, TextSize, style: Bold);
            yield return Svg.Text(center + place.HalfWidth - 12, y, item.Label.Name, NoteSize + 1, "end", Mono);
        }
        foreach (var (line, i) in place.Notes.Select(static (line, i) => (line, i)))
            yield return Svg.Text(center - place.HalfWidth + 12, y + 2 + DiagramLayout.NoteLine * (i + 1), line, NoteSize, style: Gray);
    }

    private static string Fill(DiagramKind kind) => kind switch
    {
        DiagramKind.Norm => "#fdf2c0",
        DiagramKind.Modulation => "#dcedd5",
        DiagramKind.Module => "#fde2cb",
        _ => "#dde9f6",
    };

    private static IEnumerable<string> Rail(DiagramLayout layout, DiagramRail rail)
    {
        var (top, bottom) = DiagramLines.Extent(layout, rail);
        if (rail.Width > 0)
        {
            yield return Svg.Box(rail.Left, top, rail.Width, bottom - top, Fill(DiagramKind.Modulation));
            var y = (top + bottom - HeadLine * rail.Lines.Count) / 2 + 12;
            foreach (var (line, i) in rail.Lines.Select(static (line, i) => (line, i)))
                yield return Svg.Text(rail.Middle, y + HeadLine * i, line, NoteSize + 1, "middle");
        }
        var last = rail.Source.Arguments.Count;
        foreach (var (argument, i) in rail.Source.Arguments.Select(static (argument, i) => (argument, i)))
            yield return Svg.Text(
                rail.Middle, layout.Places[0].Top + DiagramLayout.TitleLine + HeadLine * (i - last + 1), argument, NoteSize + 1, "middle");
    }
}
