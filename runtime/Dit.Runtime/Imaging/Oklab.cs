namespace Dit.Runtime;

/// <summary>A colour in Oklab (Ottosson 2020), where equal distances look about equally far apart.</summary>
/// <param name="L">Lightness, 0 to 1.</param>
/// <param name="A">From green to red.</param>
/// <param name="B">From blue to yellow.</param>
internal readonly record struct Oklab(float L, float A, float B)
{
    /// <summary>One coordinate, from 0.</summary>
    public float this[int axis] => axis == 0 ? L : axis == 1 ? A : B;

    /// <summary>Of sRGB, each channel 0 to 255.</summary>
    public static Oklab Of(double red, double green, double blue)
    {
        var (r, g, b) = (Linear(red), Linear(green), Linear(blue));
        var l = Math.Cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
        var m = Math.Cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
        var s = Math.Cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
        return new(
            (float)(0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s),
            (float)(1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s),
            (float)(0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s));
    }

    /// <summary>The nearest colour of 8-bit sRGB.</summary>
    public (byte R, byte G, byte B) ToRgb()
    {
        var l = Math.Pow(L + 0.3963377774 * A + 0.2158037573 * B, 3);
        var m = Math.Pow(L - 0.1055613458 * A - 0.0638541728 * B, 3);
        var s = Math.Pow(L - 0.0894841775 * A - 1.2914855480 * B, 3);
        return (
            Byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
            Byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
            Byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s));
    }

    /// <summary>The squared distance to another colour.</summary>
    public float SquaredDistance(Oklab other)
    {
        var (l, a, b) = (L - other.L, A - other.A, B - other.B);
        return l * l + a * a + b * b;
    }

    // IEC 61966-2-1.
    private static double Linear(double channel)
    {
        var c = channel / 255;
        return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
    }

    private static byte Byte(double linear)
    {
        var c = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.Pow(linear, 1 / 2.4) - 0.055;
        return (byte)Math.Clamp(Math.Round(255 * c), 0, 255);
    }
}
