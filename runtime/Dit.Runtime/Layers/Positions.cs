using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Fixed position tables.</summary>
public static class Positions
{
    /// <summary>
    /// 2-D sin-cos positions of a grid, row by row: the first half of each row encodes the column, the second half the
    /// row.
    /// </summary>
    /// <param name="width">D, a multiple of four.</param>
    /// <param name="rows">Y.</param>
    /// <param name="columns">X.</param>
    /// <param name="scale">Divides every position.</param>
    /// <param name="baseSize">
    /// Patches along an axis of the grid whose positions are counted: patch i of n is at i / (n / base) / scale
    /// (PixArt-alpha, arXiv 2310.00426). By default the grid itself.
    /// </param>
    /// <returns>(Y X, D), float64.</returns>
    /// <remarks>
    /// Column first, as the official code does it; its checkpoints hold this table as <c>pos_embed</c>.
    /// </remarks>
    public static Tensor SinCos2D(int width, int rows, int columns, double scale = 1, int? baseSize = null)
    {
        var (table, half) = (new double[checked(rows * columns * width)], width / 2);
        var (ofColumns, ofRows) = (Axis(columns), Axis(rows)); // a table of many patches is made at each call of some models
        for (var token = 0; token < rows * columns; token++)
        {
            var (y, x) = Math.DivRem(token, columns);
            ofColumns.AsSpan(x * half, half).CopyTo(table.AsSpan(token * width));
            ofRows.AsSpan(y * half, half).CopyTo(table.AsSpan(token * width + half));
        }
        return tensor(table, [rows * columns, width]);

        double[] Axis(int patches)
        {
            var features = new double[patches * half];
            for (var patch = 0; patch < patches; patch++)
                SinCos1D(features.AsSpan(patch * half, half), patch / ((double)patches / (baseSize ?? patches)) / scale);
            return features;
        }
    }

    /// <summary>
    /// Angles of 2-D rotary positions, row by row: pairs of channels in the first half of a head turn with the patch's
    /// row, those in the second half with its column (RoFormer, arXiv 2104.09864, section 3.4; LightningDiT's code).
    /// </summary>
    /// <param name="headWidth">K, a multiple of four.</param>
    /// <param name="rows">Y.</param>
    /// <param name="columns">X.</param>
    /// <returns>(Y X, K), float64: y f(i), then x f(i), each for two channels, with f(i) = 10000^(-4 i / K).</returns>
    public static Tensor RotaryAngles(int headWidth, int rows, int columns)
    {
        var (half, frequencies) = (headWidth / 2, headWidth / 4);
        var angles = new double[checked(rows * columns * headWidth)];
        for (var token = 0; token < rows * columns; token++)
            for (var channel = 0; channel < headWidth; channel++)
            {
                var position = channel < half ? token / columns : token % columns;
                angles[token * headWidth + channel] = position / Math.Pow(10000, (double)(channel % half / 2) / frequencies);
            }
        return tensor(angles, [rows * columns, headWidth]);
    }

    // sin of position x frequency, then cos; frequencies fall from 1 to 1/10000.
    private static void SinCos1D(Span<double> features, double position)
    {
        var half = features.Length / 2;
        for (var i = 0; i < half; i++)
            (features[i], features[half + i]) = Math.SinCos(position / Math.Pow(10000, (double)i / half));
    }
}
