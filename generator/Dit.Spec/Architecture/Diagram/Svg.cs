namespace Dit.Spec;

/// <summary>Elements of an SVG file, in whole pixels. Arrowheads are shapes: not every program draws markers.</summary>
internal static class Svg
{
    private const string Line = "#555555";

    /// <summary>Half the width of an arrowhead, and its length.</summary>
    private const int HeadHalf = 4, HeadLength = 8;

    /// <summary>A file.</summary>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="title">What it shows.</param>
    /// <param name="elements">Its elements, the first at the back.</param>
    public static string File(int width, int height, string title, IEnumerable<string> elements) => $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"
          font-family="Helvetica, Arial, sans-serif">
        <title>{Escape(title)}</title>
        <rect width="{width}" height="{height}" fill="#ffffff"/>
        {string.Join("\n", elements)}
        </svg>

        """.Replace("\r\n", "\n");

    /// <summary>A rectangle with round corners.</summary>
    public static string Box(int x, int y, int width, int height, string fill, string stroke = Line, int radius = 6) =>
        $"<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" fill=\"{fill}\" stroke=\"{stroke}\"/>";

    /// <summary>A circle.</summary>
    public static string Circle(int x, int y, int radius, string fill) =>
        $"<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{Line}\"/>";

    /// <summary>A point at which lines part.</summary>
    public static string Dot(int x, int y) => $"<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{Line}\"/>";

    /// <summary>A text on one line.</summary>
    /// <param name="x">Where it begins, is centered, or ends.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">The text.</param>
    /// <param name="size">The size of its font.</param>
    /// <param name="anchor"><c>start</c>, <c>middle</c> or <c>end</c>.</param>
    /// <param name="style">More attributes.</param>
    public static string Text(int x, int y, string text, int size, string anchor = "start", string style = "fill=\"#222222\"") =>
        $"<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" {style}>{Escape(text)}</text>";

    /// <summary>Lines through points.</summary>
    public static string Path(params (int X, int Y)[] points) =>
        $"<polyline points=\"{string.Join(" ", points.Select(static point => $"{point.X},{point.Y}"))}\" fill=\"none\" stroke=\"{Line}\"/>";

    /// <summary>Lines through points, with a head at the last one.</summary>
    public static string Arrow(params (int X, int Y)[] points)
    {
        var (to, from) = (points[points.Length - 1], points[points.Length - 2]);
        var (dx, dy) = (Math.Sign(to.X - from.X), Math.Sign(to.Y - from.Y));
        var (x, y) = (to.X - HeadLength * dx, to.Y - HeadLength * dy);
        var (left, right) = ($"{x - HeadHalf * dy},{y - HeadHalf * dx}", $"{x + HeadHalf * dy},{y + HeadHalf * dx}");
        return $"{Path(points)}\n<polygon points=\"{to.X},{to.Y} {left} {right}\" fill=\"{Line}\"/>";
    }

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
