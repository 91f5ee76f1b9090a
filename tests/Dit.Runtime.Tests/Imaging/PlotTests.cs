namespace Dit.Runtime.Tests;

public class PlotTests
{
    private static readonly PlotPoint[] Falling = [.. Enumerable.Range(1, 400).Select(i => new PlotPoint(i, 1.0 / i + 0.02 * (i % 7)))];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_curve_is_drawn_at_the_wanted_size_and_its_bytes_repeat(bool log)
    {
        using var folder = new TemporaryFolder();
        var options = new PlotOptions(LogY: log);
        Plot.LossCurve(folder["a.png"], "loss", [new PlotSeries("train", Falling)], options);
        Plot.LossCurve(folder["b.png"], "loss", [new PlotSeries("train", Falling)], options);
        Assert.Equal(File.ReadAllBytes(folder["a.png"]), File.ReadAllBytes(folder["b.png"]));
        var image = ImageFile.Read(folder["a.png"]);
        Assert.Equal((900, 500), (image.Width, image.Height));
        Assert.True(Count(image, (0x00, 0x72, 0xB2)) > 500, "the line should be seen");
    }

    [Fact]
    public void Each_series_has_its_color()
    {
        var image = Plot.Render(
            "two",
            [new PlotSeries("a", Falling), new PlotSeries("b", [.. Falling.Select(p => p with { Y = p.Y + 0.5 })])]);
        Assert.True(Count(image, (0x00, 0x72, 0xB2)) > 500);
        Assert.True(Count(image, (0xD5, 0x5E, 0x00)) > 500);
    }

    [Fact]
    public void The_scale_and_the_title_change_the_picture()
    {
        var series = new[] { new PlotSeries("", Falling) };
        var plain = Plot.Render("loss", series).Pixels.ToArray();
        Assert.NotEqual(plain, Plot.Render("loss", series, new PlotOptions(LogY: true)).Pixels.ToArray());
        Assert.NotEqual(plain, Plot.Render("lose", series).Pixels.ToArray());
    }

    [Fact]
    public void Points_that_cannot_be_drawn_are_left_out()
    {
        PlotPoint[] odd = [.. Falling, new(401, double.NaN), new(402, double.PositiveInfinity)];
        Assert.Equal(
            Plot.Render("loss", [new PlotSeries("", Falling)]).Pixels.ToArray(),
            Plot.Render("loss", [new PlotSeries("", odd)]).Pixels.ToArray());
    }

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(3, 0.0)]
    [InlineData(3, 7.0)]
    public void A_single_point_and_a_constant_are_drawn_level(int count, double value)
    {
        var image = Plot.Render("flat", [new PlotSeries("", [.. Enumerable.Range(0, count).Select(i => new PlotPoint(i, value))])]);
        var drawn = Enumerable.Range(0, image.Height).SelectMany(y => Enumerable.Range(0, image.Width).Select(x => (X: x, Y: y)))
            .Where(at => image[at.X, at.Y] is var (red, _, blue) && blue - red > 60)
            .ToArray(); // the line's blue, also where it is mixed with white
        Assert.NotEmpty(drawn);
        Assert.InRange(drawn.Max(at => at.Y) - drawn.Min(at => at.Y), 0, 4);
        var width = drawn.Max(at => at.X) - drawn.Min(at => at.X);
        if (count == 1) Assert.InRange(width, 0, 4);
        else Assert.InRange(width, 700, 899);
    }

    [Fact]
    public void Mistakes_are_told()
    {
        var nothing = new[] { new PlotSeries("train", [new PlotPoint(0, double.NaN)]) };
        Assert.Contains("no point is finite.", Assert.Throws<DitException>(() => Plot.Render("loss", nothing)).Message);
        var negative = new[] { new PlotSeries("train", [new PlotPoint(0, -1)]) };
        Assert.Contains("positive", Assert.Throws<DitException>(() => Plot.Render("loss", negative, new PlotOptions(LogY: true))).Message);
        Assert.Throws<DitException>(() => Plot.Render("loss", [], new PlotOptions()));
        Assert.Throws<DitException>(() => Plot.Render("loss", [new PlotSeries("", Falling)], new PlotOptions(Width: 10)));
        Assert.Throws<DitException>(() => Plot.Render("loss", [new PlotSeries("", Falling)], new PlotOptions(Smoothing: double.NaN)));
    }

    [Fact]
    public void The_moving_average_starts_at_the_first_value_and_averages_neighbors()
    {
        PlotPoint[] points = [new(0, 8), new(1, 2), new(2, 5), new(3, 5), new(4, 2)];
        Assert.Equal([8, 5, 4, 4, 3.5], Plot.MovingAverage(points, 1).Select(p => p.Y));
        Assert.Equal(points, Plot.MovingAverage(points, 0));
    }

    [Theory]
    [InlineData(0, 1, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0, 20000, "0 5k 10k 15k 20k")]
    [InlineData(0.031, 0.038, "0.032 0.034 0.036 0.038")]
    [InlineData(-3, 3, "-3 -2 -1 0 1 2 3")]
    [InlineData(0, 4e20, "0 1e+20 2e+20 3e+20 4e+20")]
    [InlineData(-2e-9, 2e-9, "-2e-9 -1e-9 0 1e-9 2e-9")]
    [InlineData(0, 4e7, "0 10M 20M 30M 40M")]
    public void Linear_ticks_are_round_numbers(double low, double high, string expected) =>
        Assert.Equal(expected, string.Join(' ', PlotAxis.Linear(low, high, 0).Ticks.Select(tick => tick.Label)));

    [Theory]
    [InlineData(0.01, 1, "0.01 0.02 0.05 0.1 0.2 0.5 1")]
    [InlineData(1e-6, 1, "1e-6 1e-5 0.0001 0.001 0.01 0.1 1")]
    [InlineData(0.5, 0.6, "0.50 0.52 0.54 0.56 0.58 0.60")]
    public void Logarithmic_ticks_are_round_numbers(double low, double high, string expected)
    {
        var axis = PlotAxis.Logarithmic(low, high, 0);
        Assert.Equal(expected, string.Join(' ', axis.Ticks.Select(tick => tick.Label)));
        Assert.Equal(0.5, axis.Fraction(Math.Sqrt(low * high)), 12);
    }

    private static int Count(RgbImage image, (byte, byte, byte) color)
    {
        var count = 0;
        for (var y = 0; y < image.Height; y++)
            for (var x = 0; x < image.Width; x++)
                if (image[x, y] == color) count++;
        return count;
    }
}
