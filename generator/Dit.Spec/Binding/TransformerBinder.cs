using System.Globalization;

namespace Dit.Spec;

/// <summary>The sizes of a transformer, and the rules between them.</summary>
internal static class TransformerBinder
{
    public sealed record Shape(int Depth, int Width, int Heads, int PatchSize, int HiddenWidth);

    /// <summary>What a width is a multiple of, whatever the heads.</summary>
    /// <param name="Unit">The number.</param>
    /// <param name="Because">Why, in a clause that follows a comma.</param>
    public sealed record WidthUnit(int Unit, string Because);

    /// <param name="top">The model's fields.</param>
    /// <param name="unit">What the width is a multiple of.</param>
    public static Result<Shape> Bind(Fields top, WidthUnit unit)
    {
        var (width, heads, ratio) = (top.Read(TransformerKeys.Width), top.Read(TransformerKeys.Heads), top.Read(TransformerKeys.MlpRatio));
        var wish = new Wish(unit.Unit, heads.Match(static h => h, static _ => 1), ratio.Match(static r => r, static _ => 4));
        var split = (width, heads).Apply(static (w, h) => (w, h)).Ensure(x => x.w % x.h == 0 ? [] : [Suggest(
            new(Rule.HeadsDivideWidth, $"Width {x.w} is not divisible by {x.h} heads", top.At(TransformerKeys.Width)), x.w, wish)]);
        var positions = width.Ensure(w => w % unit.Unit == 0 ? [] : [Suggest(
            new(
                Rule.WidthFitsSinusoids,
                FormattableString.Invariant($"Width {w} is not a multiple of {unit.Unit}, {unit.Because}"),
                top.At(TransformerKeys.Width)),
            w, wish)]);
        var hidden = (width, ratio).Apply(static (w, r) => (w, r))
            .Ensure(x => IsWhole(x.w * x.r) ? [] : [NotWhole(x.w, x.r, top.At(TransformerKeys.MlpRatio))])
            .Select(static x => (int)Math.Round(x.w * x.r));
        // A value's own error is returned by each check that needs the value; the file reports it once.
        return (top.Read(TransformerKeys.Depth), split, positions, top.Read(TransformerKeys.PatchSize), hidden)
            .Apply(static (depth, x, _, patch, hiddenWidth) => new Shape(depth, x.w, x.h, patch, hiddenWidth));
    }

    /// <summary>The shortest <c>mlp_ratio</c> that gives exactly this hidden width.</summary>
    public static decimal Ratio(int width, int hiddenWidth)
    {
        const int digitsOfDouble = 15;
        const double tolerance = 1e-9; // well within that of the check
        var exact = (decimal)hiddenWidth / width;
        return Enumerable.Range(0, digitsOfDouble).Select(digits => Math.Round(exact, digits))
            .FirstOrDefault(ratio => Math.Abs((double)ratio * width - hiddenWidth) <= tolerance) is > 0 and var shortest ? shortest : exact;
    }

    /// <summary>What a width must be compatible with.</summary>
    private sealed record Wish(int Of, int Heads, double Ratio)
    {
        /// <summary>The least common multiple of that number and the heads.</summary>
        public int Unit => Enumerable.Range(1, Of).Select(times => times * Heads).First(width => width % Of == 0);
    }

    // The nearest width that satisfies every rule; if none fits the MLP ratio, the nearest that satisfies the others.
    private static SpecError Suggest(SpecError error, int width, Wish wish)
    {
        var legal = Multiples.Nearest(width, wish.Unit, TransformerKeys.Width.Max, w => IsWhole(w * wish.Ratio));
        return Multiples.Nearest(width, wish.Unit, TransformerKeys.Width.Max, static _ => true) is not { } near ? error
            : legal is { } both ? Multiples.Suggest(error, both, error.At)
            : error with { Message = FormattableString.Invariant($"{error.Message}; {near} is") };
    }

    private static bool IsWhole(double hidden) => hidden >= 1 - 1e-6 && Math.Abs(hidden - Math.Round(hidden)) <= 1e-6;

    private static SpecError NotWhole(int width, double ratio, TextRange at)
    {
        var (least, most) = (Math.Ceiling(width * TransformerKeys.MlpRatio.Min), Math.Floor(width * TransformerKeys.MlpRatio.Max));
        var hidden = Math.Min(Math.Max(Math.Round(width * ratio), Math.Max(1, least)), most);
        var right = (hidden / width).ToString("R", CultureInfo.InvariantCulture);
        return new SpecError(
            Rule.HiddenWidthIsWhole,
            FormattableString.Invariant($"Width {width} times mlp_ratio {ratio} is {width * ratio}, not a whole number of hidden ")
                + FormattableString.Invariant($"channels; mlp_ratio {right} gives {hidden}"),
            at).Replace(right);
    }
}
