namespace Dit.Kernels;

/// <summary>
/// What the kernels compute, in plain loops and double precision: their definition, which tests compare them with.
/// </summary>
/// <remarks>
/// Layouts are those of <see cref="CpuKernels"/>. Nothing is written in place: what a kernel changes is returned.
/// </remarks>
internal static class ScalarKernels
{
    /// <summary><c>output (+)= weights input</c> for some panels.</summary>
    /// <param name="tiles">Packed weights: tiles of R rows, (K, R) each.</param>
    /// <param name="tileRows">R.</param>
    /// <param name="columns">K.</param>
    /// <param name="depth">Which of the K features the input holds.</param>
    /// <param name="panels">The panels.</param>
    /// <param name="input">From the first feature of the first panel on.</param>
    /// <param name="inputRows">Rows of a panel of the input in memory.</param>
    /// <param name="output">What is there before: numbers outside the product stay.</param>
    /// <param name="outputRows">Rows of a panel of the output in memory.</param>
    /// <param name="add">Whether the product is added to what is there.</param>
    public static double[] Multiply(ReadOnlySpan<float> tiles, int tileRows, int columns, Range depth, ReadOnlySpan<TokenPanel> panels,
        ReadOnlySpan<float> input, int inputRows, ReadOnlySpan<float> output, int outputRows, bool add)
    {
        var to = Doubles(output);
        var (start, count) = depth.GetOffsetAndLength(columns);
        var rows = tiles.Length / columns;
        foreach (var panel in panels)
        {
            var (from, at) = (inputRows * (panel.First - panels[0].First), outputRows * (panel.First - panels[0].First));
            for (var row = 0; row < rows; row++)
                for (var lane = 0; lane < panel.Width; lane++)
                {
                    var sum = add ? to[at + row * panel.Width + lane] : 0;
                    for (var k = 0; k < count; k++)
                    {
                        var weight = (double)tiles[(row / tileRows * columns + start + k) * tileRows + row % tileRows];
                        sum += weight * input[from + k * panel.Width + lane];
                    }
                    to[at + row * panel.Width + lane] = sum;
                }
        }
        return to;
    }

    /// <summary>LayerNorm over the features, then <c>norm (scale + one) + shift</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="scale">(D).</param>
    /// <param name="one">1 for a regressed scale, 0 for a weight.</param>
    /// <param name="shift">(D).</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>(D, width).</returns>
    public static double[] Norm(ReadOnlySpan<float> x, int width, ReadOnlySpan<float> scale, double one, ReadOnlySpan<float> shift,
        double eps)
    {
        var to = new double[x.Length];
        var features = x.Length / width;
        for (var lane = 0; lane < width; lane++)
        {
            double mean = 0, variance = 0;
            for (var f = 0; f < features; f++) mean += x[f * width + lane] / (double)features;
            for (var f = 0; f < features; f++) variance += (x[f * width + lane] - mean) * (x[f * width + lane] - mean) / features;
            for (var f = 0; f < features; f++)
                to[f * width + lane] = (x[f * width + lane] - mean) / Math.Sqrt(variance + eps) * (scale[f] + one) + shift[f];
        }
        return to;
    }

    /// <summary>Root mean square norm over the features, then <c>norm weight (1 + scale) + shift</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="weight">(D).</param>
    /// <param name="scale">(D), or nothing.</param>
    /// <param name="shift">(D), or nothing.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <returns>(D, width).</returns>
    public static double[] RmsNorm(ReadOnlySpan<float> x, int width, ReadOnlySpan<float> weight, ReadOnlySpan<float> scale,
        ReadOnlySpan<float> shift, double eps)
    {
        var to = new double[x.Length];
        var features = x.Length / width;
        for (var lane = 0; lane < width; lane++)
        {
            double square = 0;
            for (var f = 0; f < features; f++) square += (double)x[f * width + lane] * x[f * width + lane] / features;
            for (var f = 0; f < features; f++)
                to[f * width + lane] = x[f * width + lane] / Math.Sqrt(square + eps) * weight[f]
                    * (1 + (scale.IsEmpty ? 0.0 : scale[f])) + (shift.IsEmpty ? 0.0 : shift[f]);
        }
        return to;
    }

    /// <summary>
    /// Pairs of neighboring features of <c>x + bias</c>, (a, b), become (a cos - b sin, b cos + a sin) times a factor.
    /// </summary>
    /// <param name="x">(F, width), F even.</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F), or nothing.</param>
    /// <param name="cosines">(F, stride), from the panel's first token on.</param>
    /// <param name="sines">(F, stride), from the panel's first token on.</param>
    /// <param name="stride">Tokens of a row.</param>
    /// <param name="factor">The factor.</param>
    /// <returns>(F, width).</returns>
    public static double[] Rotate(ReadOnlySpan<float> x, int width, ReadOnlySpan<float> bias, ReadOnlySpan<float> cosines,
        ReadOnlySpan<float> sines, int stride, double factor)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            var (f, lane) = (i / width, i % width);
            var other = f % 2 == 0 ? f + 1 : f - 1;
            double own = x[i] + (bias.IsEmpty ? 0.0 : bias[f]), beside = x[other * width + lane] + (bias.IsEmpty ? 0.0 : bias[other]);
            to[i] = factor * (own * cosines[f * stride + lane] + (f % 2 == 0 ? -beside : beside) * sines[f * stride + lane]);
        }
        return to;
    }

    /// <summary>SwiGLU's gate: <c>silu(x + bias) (gate + gateBias)</c>.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="gate">(F, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    /// <param name="gateBias">(F).</param>
    /// <returns>(F, width).</returns>
    public static double[] SwiGlu(ReadOnlySpan<float> x, ReadOnlySpan<float> gate, int width, ReadOnlySpan<float> bias,
        ReadOnlySpan<float> gateBias)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++) to[i] = Silu((double)x[i] + bias[i / width]) * ((double)gate[i] + gateBias[i / width]);
        return to;
    }

    /// <summary><c>x / (1 + e^-x)</c>.</summary>
    public static double Silu(double x) => x / (1 + Math.Exp(-x));

    /// <summary><c>x + gate (y + bias)</c>.</summary>
    /// <param name="x">(D, width).</param>
    /// <param name="y">(D, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(D).</param>
    /// <param name="gate">(D), or nothing for one.</param>
    /// <returns>(D, width).</returns>
    public static double[] Residual(ReadOnlySpan<float> x, ReadOnlySpan<float> y, int width, ReadOnlySpan<float> bias,
        ReadOnlySpan<float> gate)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++) to[i] = x[i] + (gate.IsEmpty ? 1.0 : gate[i / width]) * ((double)y[i] + bias[i / width]);
        return to;
    }

    /// <summary>The tanh form of GELU of <c>x + bias</c>.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    /// <returns>(F, width).</returns>
    public static double[] Gelu(ReadOnlySpan<float> x, int width, ReadOnlySpan<float> bias)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++) to[i] = Gelu((double)x[i] + bias[i / width]);
        return to;
    }

    /// <summary>
    /// <c>x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))</c> (arXiv 1606.08415), where the sum would lose its digits
    /// as <c>x / (1 + e^-2z)</c>.
    /// </summary>
    public static double Gelu(double x) => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    /// <summary>GELU by the error function of <c>x + bias</c>.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    /// <returns>(F, width).</returns>
    public static double[] ExactGelu(ReadOnlySpan<float> x, int width, ReadOnlySpan<float> bias)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++) to[i] = ExactGelu((double)x[i] + bias[i / width]);
        return to;
    }

    /// <summary><c>x / 2 (1 + erf(x / sqrt(2)))</c> (arXiv 1606.08415).</summary>
    /// <remarks>
    /// By a series of positive terms where erf is not near 1; from there on the tail is a continued fraction.
    /// </remarks>
    public static double ExactGelu(double x)
    {
        const int terms = 80;
        var z = Math.Abs(x) / Math.Sqrt(2);
        if (z < 3)
        {
            var (term, sum) = (z, z); // e^(-z^2) sum of 2^n z^(2 n + 1) / (1 3 5 ... (2 n + 1)): all terms are positive
            for (var n = 1; n < terms; n++) sum += term *= 2 * z * z / (2 * n + 1);
            return x / 2 * (1 + Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum);
        }
        var fraction = 0.0;
        for (var n = terms; n > 0; n--) fraction = n / 2.0 / (z + fraction);
        var tail = Math.Exp(-z * z) / Math.Sqrt(Math.PI) / (z + fraction);
        return Math.Max(x, 0) - Math.Abs(x) / 2 * tail;
    }

    /// <summary><c>y + bias</c>.</summary>
    /// <param name="y">(D, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(D).</param>
    /// <returns>(D, width).</returns>
    public static double[] AddBias(ReadOnlySpan<float> y, int width, ReadOnlySpan<float> bias)
    {
        var to = new double[y.Length];
        for (var i = 0; i < y.Length; i++) to[i] = (double)y[i] + bias[i / width];
        return to;
    }

    /// <summary><c>(x + bias) factor</c>.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="width">Tokens of the panel.</param>
    /// <param name="bias">(F).</param>
    /// <param name="factor">The factor.</param>
    /// <returns>(F, width).</returns>
    public static double[] BiasScale(ReadOnlySpan<float> x, int width, ReadOnlySpan<float> bias, double factor)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++) to[i] = ((double)x[i] + bias[i / width]) * factor;
        return to;
    }

    /// <summary>Softmax over the keys but for the division.</summary>
    /// <param name="scores">(keys, width).</param>
    /// <param name="width">Queries.</param>
    /// <returns><c>exp(s - max)</c>, (keys, width), and 1 / the sum of each lane, (width).</returns>
    public static (double[] Exponentials, double[] InverseSums) Softmax(ReadOnlySpan<float> scores, int width)
    {
        var (to, inverse) = (new double[scores.Length], new double[width]);
        for (var lane = 0; lane < width; lane++)
        {
            double most = double.NegativeInfinity, sum = 0;
            for (var i = lane; i < scores.Length; i += width) most = Math.Max(most, scores[i]);
            for (var i = lane; i < scores.Length; i += width) sum += to[i] = Math.Exp(scores[i] - most);
            inverse[lane] = 1 / sum;
        }
        return (to, inverse);
    }

    /// <summary><c>x factors</c>, a factor for each lane.</summary>
    /// <param name="x">(F, width).</param>
    /// <param name="factors">(width).</param>
    /// <returns>(F, width).</returns>
    public static double[] ScaleLanes(ReadOnlySpan<float> x, ReadOnlySpan<float> factors)
    {
        var to = new double[x.Length];
        for (var i = 0; i < x.Length; i++) to[i] = (double)x[i] * factors[i % factors.Length];
        return to;
    }

    /// <summary>A token's feature, wherever its panel lies: what all packing is about.</summary>
    /// <param name="panels">The panels.</param>
    /// <param name="from">From the first row of the first panel on.</param>
    /// <param name="rows">Rows of a panel in memory.</param>
    /// <param name="row">The feature's row in a panel.</param>
    /// <param name="token">The token.</param>
    public static float At(ReadOnlySpan<TokenPanel> panels, ReadOnlySpan<float> from, int rows, int row, int token)
    {
        foreach (var panel in panels)
            if (token < panel.First + panel.Width)
                return from[rows * (panel.First - panels[0].First) + row * panel.Width + token - panel.First];
        throw new ArgumentOutOfRangeException(nameof(token), token, "No panel holds it.");
    }

    /// <summary>Keys as the left factor of the scores: tiles of R tokens, (K, R) each.</summary>
    /// <param name="panels">The panels of the keys, from the first token on.</param>
    /// <param name="from">Keys, (K, width) a panel, <paramref name="rows"/> rows apart.</param>
    /// <param name="rows">Rows of a panel in memory.</param>
    /// <param name="firstRow">Row of the first feature in a panel.</param>
    /// <param name="features">K.</param>
    /// <param name="tileRows">R.</param>
    public static double[] PackKeys(ReadOnlySpan<TokenPanel> panels, ReadOnlySpan<float> from, int rows, int firstRow, int features,
        int tileRows)
    {
        var tokens = panels[^1].First + panels[^1].Width;
        var to = new double[features * tokens];
        for (var token = 0; token < tokens; token++)
            for (var f = 0; f < features; f++)
                to[(token / tileRows * features + f) * tileRows + token % tileRows] = At(panels, from, rows, firstRow + f, token);
        return to;
    }

    /// <summary>Values as the left factor of the output: tiles of R features, (tokens, R) each.</summary>
    /// <param name="panels">The panels of the values, from the first token on.</param>
    /// <param name="from">Values, (K, width) a panel, <paramref name="rows"/> rows apart.</param>
    /// <param name="rows">Rows of a panel in memory.</param>
    /// <param name="firstRow">Row of the first feature in a panel.</param>
    /// <param name="features">K.</param>
    /// <param name="tileRows">R.</param>
    /// <param name="before">What is there before: rows that only fill the last tile stay.</param>
    public static double[] PackValues(ReadOnlySpan<TokenPanel> panels, ReadOnlySpan<float> from, int rows, int firstRow, int features,
        int tileRows, ReadOnlySpan<float> before)
    {
        var tokens = panels[^1].First + panels[^1].Width;
        var to = Doubles(before);
        for (var token = 0; token < tokens; token++)
            for (var f = 0; f < features; f++)
                to[(f / tileRows * tokens + token) * tileRows + f % tileRows] = At(panels, from, rows, firstRow + f, token);
        return to;
    }

    private static double[] Doubles(ReadOnlySpan<float> values)
    {
        var to = new double[values.Length];
        for (var i = 0; i < values.Length; i++) to[i] = values[i];
        return to;
    }
}
