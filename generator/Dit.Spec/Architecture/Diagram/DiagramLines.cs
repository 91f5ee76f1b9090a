namespace Dit.Spec;

/// <summary>The lines and arrows of a diagram.</summary>
internal static class DiagramLines
{
    private const int NoteSize = 11, SideGap = 18;

    private const string Gray = "fill=\"#666666\"";

    /// <summary>All lines.</summary>
    public static IEnumerable<string> Of(DiagramLayout layout) =>
    [
        .. layout.Items.SelectMany((item, i) => Up(layout, item, i)),
        .. layout.Lanes.SelectMany(lane => Past(layout, lane)),
        .. layout.Rails.SelectMany(rail => Into(layout, rail)),
        .. layout.Items.SelectMany((item, i) => Sides(layout, item, layout.Places[i])),
    ];

    /// <summary>From where to where a source reaches beside the column.</summary>
    public static (int Top, int Bottom) Extent(DiagramLayout layout, DiagramRail rail)
    {
        DiagramPlace[] readers = [.. layout.Places.Where((_, i) => layout.Items[i].Sides.Any(side => side.Source == rail.Source))];
        var (top, bottom) = (readers.Min(static place => place.Top), readers.Max(static place => place.Bottom));
        var more = Math.Max(0, 16 * rail.Lines.Count + 20 - (bottom - top)) / 2;
        return (top - more, bottom + more);
    }

    // From a box to the next, or out of the frame. Where the next does not read it, the line ends where others part.
    private static IEnumerable<string> Up(DiagramLayout layout, DiagramItem item, int index)
    {
        var (x, from) = (layout.Center, layout.Places[index].Top);
        if (index == layout.Items.Count - 1) yield return Svg.Arrow((x, from), (x, layout.FrameTop - DiagramLayout.Gap / 2));
        else if (layout.Items[index + 1].Inputs.Contains(item)) yield return Svg.Arrow((x, from), (x, layout.Places[index + 1].Bottom));
        else yield return Svg.Path((x, from), (x, from - DiagramLayout.Fork));
    }

    private static IEnumerable<string> Past(DiagramLayout layout, DiagramLane lane)
    {
        var (y, x) = (layout.Places[lane.From].Top - DiagramLayout.Fork, layout.LaneX(lane.Lane));
        yield return Svg.Dot(layout.Center, y);
        yield return lane.To == layout.Items.Count
            ? Svg.Arrow((layout.Center, y), (x, y), (x, layout.FrameTop - DiagramLayout.Gap / 2))
            : Svg.Arrow(
                (layout.Center, y), (x, y), (x, layout.Places[lane.To].Middle),
                (layout.Center - layout.Places[lane.To].HalfWidth, layout.Places[lane.To].Middle));
    }

    // The condition comes from below: into a box, or as a line along the boxes that read it.
    private static IEnumerable<string> Into(DiagramLayout layout, DiagramRail rail)
    {
        var from = layout.Places[0].Top + DiagramLayout.TitleLine - 16 * rail.Source.Arguments.Count + 2;
        if (rail.Width == 0) yield return Svg.Path((rail.Left, from), (rail.Left, Heights(layout, rail).Min()));
        else if (rail.Source.Arguments.Count > 0) yield return Svg.Arrow((rail.Middle, from), (rail.Middle, Extent(layout, rail).Bottom));
    }

    private static IEnumerable<int> Heights(DiagramLayout layout, DiagramRail rail) => layout.Items.SelectMany((item, i) =>
        DiagramLayout.Sides(item).Select((sides, side) => (sides.Key, Y: Height(layout.Places[i], DiagramLayout.Sides(item).Count, side))))
        .Where(arrow => arrow.Key == rail.Source).Select(static arrow => arrow.Y);

    private static int Height(DiagramPlace place, int count, int index) => place.Middle + SideGap * index - SideGap * (count - 1) / 2;

    private static IEnumerable<string> Sides(DiagramLayout layout, DiagramItem item, DiagramPlace place)
    {
        var groups = DiagramLayout.Sides(item);
        foreach (var (sides, i) in groups.Select(static (sides, i) => (sides, i)))
        {
            var rail = layout.Rails.First(rail => rail.Source == sides.Key);
            var (y, texts) = (Height(place, groups.Count, i), DiagramLayout.Texts(sides));
            if (rail.Width == 0) yield return Svg.Dot(rail.Left, y);
            yield return Svg.Arrow((rail.Left, y), (layout.Center + place.HalfWidth, y));
            if (texts.Names.Length > 0) yield return Svg.Text(rail.Left - 8, y - 5, texts.Names, NoteSize, "end");
            if (texts.Shapes.Length > 0) yield return Svg.Text(rail.Left - 8, y + 13, texts.Shapes, NoteSize, "end", Gray);
        }
    }
}
