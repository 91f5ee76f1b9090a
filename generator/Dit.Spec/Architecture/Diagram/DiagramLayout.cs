namespace Dit.Spec;

/// <summary>Where a box is. Up is towards smaller y.</summary>
/// <param name="Top">Its upper edge.</param>
/// <param name="Height">Its height.</param>
/// <param name="HalfWidth">Half its width.</param>
/// <param name="Notes">The lines beneath its title.</param>
internal sealed record DiagramPlace(int Top, int Height, int HalfWidth, IReadOnlyList<string> Notes)
{
    public int Bottom => Top + Height;

    public int Middle => Top + Height / 2;
}

/// <summary>A line from one box to another that is not its neighbor, beside the column.</summary>
/// <param name="From">The index of the first box.</param>
/// <param name="To">The index of the second; the number of boxes for the upper edge.</param>
/// <param name="Lane">How far from the column: 0 is nearest.</param>
internal sealed record DiagramLane(int From, int To, int Lane);

/// <summary>Where a source is, beside the column.</summary>
/// <param name="Source">The source.</param>
/// <param name="Left">Its left edge.</param>
/// <param name="Width">Its width; 0 for a line.</param>
/// <param name="Lines">What is written in it.</param>
internal sealed record DiagramRail(DiagramSource Source, int Left, int Width, IReadOnlyList<string> Lines)
{
    private const int CharacterWidth = 7;

    public int Middle => Left + Width / 2;

    /// <summary>The right edge, of the names below it too.</summary>
    public int Right => Middle + Math.Max(Width / 2, HalfNames(Source));

    /// <summary>Half the width of the names below a source.</summary>
    public static int HalfNames(DiagramSource source) =>
        CharacterWidth * source.Arguments.Select(static text => text.Length).DefaultIfEmpty(0).Max() / 2;
}

/// <summary>
/// The places of a diagram's boxes: a column from the bottom to the top, lines past it at its left, the condition at
/// its right.
/// </summary>
internal sealed class DiagramLayout
{
    /// <summary>Half the width of a box.</summary>
    public const int HalfBox = 130;

    /// <summary>The radius of a sum.</summary>
    public const int Radius = 13;

    /// <summary>From one box to the next.</summary>
    public const int Gap = 42;

    /// <summary>From a box to the point above it at which lines part.</summary>
    public const int Fork = 14;

    /// <summary>From one line of notes to the next, and from the edge of a box to its title's base line.</summary>
    public const int NoteLine = 15, TitleLine = 21;

    private const int Margin = 30, LaneWidth = 24, RailWidth = 190, NoteColumns = 40, RailColumns = 24, CharacterWidth = 7;

    public DiagramLayout(IReadOnlyList<DiagramItem> items, IReadOnlyList<DiagramItem> results, IEnumerable<DiagramSource> sources, int head)
    {
        (Items, Results) = (items, results);
        Lanes = [.. LanesOf([.. Past()])];
        Center = Margin + LaneWidth * (1 + Lanes.Select(static lane => lane.Lane + 1).DefaultIfEmpty(0).Max()) + HalfBox;
        Rails = [.. RailsOf(sources)];
        Width = Math.Max(Rails.Select(static rail => rail.Right).DefaultIfEmpty(0).Max() + 2 * Margin, Center + HalfBox + 2 * Margin);
        FrameTop = head + Gap;
        Places = [.. PlacesOf()];
        FrameBottom = Places[0].Top;
        Height = Places[0].Bottom + Margin / 2;
    }

    public IReadOnlyList<DiagramItem> Items { get; }

    public IReadOnlyList<DiagramItem> Results { get; }

    /// <summary>The places of the boxes.</summary>
    public IReadOnlyList<DiagramPlace> Places { get; }

    public IReadOnlyList<DiagramLane> Lanes { get; }

    public IReadOnlyList<DiagramRail> Rails { get; }

    /// <summary>The middle of the column.</summary>
    public int Center { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The upper edge of the frame around the module.</summary>
    public int FrameTop { get; }

    /// <summary>The lower edge of the frame: the first argument is below it.</summary>
    public int FrameBottom { get; }

    /// <summary>Where a lane is.</summary>
    public int LaneX(int lane) => Center - HalfBox - LaneWidth * (lane + 1);

    /// <summary>The sides of a box, those of one source together.</summary>
    public static IReadOnlyList<IGrouping<DiagramSource, DiagramSide>> Sides(DiagramItem item) =>
        [.. item.Sides.GroupBy(static side => side.Source)];

    /// <summary>
    /// What is written at an arrow from the side: names of what a source makes, and its shape; nothing at an
    /// argument's.
    /// </summary>
    public static (string Names, string Shapes) Texts(IGrouping<DiagramSource, DiagramSide> sides) => sides.Key.Lines.Count == 0 ? ("", "")
        : (
            string.Join(", ", sides.Select(static side => side.Name).Where(static name => name.Length > 0)),
            string.Join(", ", sides.Select(static side => side.Shape).Distinct()));

    private IEnumerable<DiagramPlace> PlacesOf()
    {
        var y = FrameTop + Gap;
        var places = new Stack<DiagramPlace>();
        foreach (var item in Items.Reverse())
        {
            IReadOnlyList<string> notes = item.Label.Note.Length == 0 ? [] : Words.Wrap(item.Label.Note, NoteColumns);
            var isSum = item.Label.Kind == DiagramKind.Sum;
            var place = new DiagramPlace(y, isSum ? 2 * Radius : 34 + NoteLine * notes.Count, isSum ? Radius : HalfBox, notes);
            places.Push(place);
            y = place.Bottom + Gap;
        }
        return places;
    }

    // Every line that does not lead to the next box: past other boxes, or out of the frame.
    private IEnumerable<(int From, int To)> Past()
    {
        var index = Items.Select(static (item, i) => (item, i)).ToDictionary(static pair => pair.item, static pair => pair.i);
        foreach (var item in Items)
            foreach (var input in item.Inputs.Where(input => index[input] != index[item] - 1))
                yield return (index[input], index[item]);
        foreach (var result in Results.Where(result => index[result] != Items.Count - 1)) yield return (index[result], Items.Count);
    }

    // Short lines are nearest to the column; two that overlap are in different lanes.
    private static IEnumerable<DiagramLane> LanesOf((int From, int To)[] past)
    {
        var lanes = new List<DiagramLane>();
        foreach (var (from, to) in past.Distinct().OrderBy(static line => line.To - line.From).ThenBy(static line => line.From))
        {
            var lane = Enumerable.Range(0, lanes.Count + 1).First(
                free => lanes.All(other => other.Lane != free || other.To <= from || to <= other.From));
            lanes.Add(new(from, to, lane));
        }
        return lanes;
    }

    // Arguments are nearest to the column, as lines that arrows may cross: a box would hide what passes behind it,
    // which then seems to come out of the box. The last argument is the first, since its arrow is the lowest of a box.
    private IEnumerable<DiagramRail> RailsOf(IEnumerable<DiagramSource> sources)
    {
        var left = Center + HalfBox;
        foreach (var source in sources.Reverse().OrderBy(static source => source.Lines.Count == 0 ? 0 : 1))
        {
            var texts = Items.SelectMany(Sides).Where(sides => sides.Key == source).Select(Texts).SelectMany(
                static text => new[] { text.Names, text.Shapes });
            var width = source.Lines.Count == 0 ? 0 : RailWidth;
            // Neither what is written at its arrows nor the names below it reach the source before.
            left += Math.Max(
                40 + CharacterWidth * texts.Select(static text => text.Length).DefaultIfEmpty(0).Max(),
                left == Center + HalfBox ? 0 : 8 + DiagramRail.HalfNames(source) - width / 2);
            var rail = new DiagramRail(
                source, left, width,
                [.. source.Lines.SelectMany(static line => Words.Wrap(line, RailColumns))]);
            yield return rail;
            left = rail.Right;
        }
    }
}
