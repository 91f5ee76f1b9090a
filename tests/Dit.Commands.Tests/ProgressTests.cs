namespace Dit.Commands.Tests;

/// <summary>The progress line: it never wraps, and a file gets plain lines.</summary>
public sealed class ProgressTests
{
    private static readonly WorkProgress Long = new(
        0.4321, "step 172840/400000", "loss 0.0123", "12.34 steps/s", "3159 images/s", "mse 0.0123", "vb 0.0001");

    [Fact]
    public void At_80_columns_the_important_ones_are_there() => Assert.Equal(
        "[####......]   43 %  ETA 21 min  step 172840/400000  loss 0.0123  12.34 steps/s",
        Progress.Line(Long, TimeSpan.FromMinutes(16), 80));

    [Fact]
    public void Columns_drop_by_width_and_no_line_is_as_wide_as_the_terminal()
    {
        var shown = -1;
        for (var width = 1; width <= 200; width++)
        {
            var line = Progress.Line(Long, TimeSpan.FromDays(12), width);
            Assert.True(line.Length < width);
            var columns = Long.Columns.Count(line.Contains);
            Assert.True(columns >= shown); // a wider terminal shows no less
            shown = columns;
        }
        Assert.Equal(Long.Columns.Length, shown);
    }

    [Theory]
    [InlineData(0.5, 42, "ETA 42 s")]
    [InlineData(0.5, 59.7, "ETA 1 min")]
    [InlineData(0.5, 8 * 60 + 54, "ETA 9 min")]
    [InlineData(0.5, 21 * 60, "ETA 21 min")]
    [InlineData(0.5, 3599, "ETA 1 h 0 min")]
    [InlineData(0.5, 3 * 3600 + 300, "ETA 3 h 5 min")]
    [InlineData(0.5, 50 * 3600, "ETA 2 d 2 h")]
    public void The_time_that_is_left_is_told(double done, double seconds, string expected) =>
        Assert.EndsWith($"  {expected}", Progress.Plain(new(done, "a"), TimeSpan.FromSeconds(seconds)), StringComparison.Ordinal);

    // An earlier run did half of the work; this one has done one of the two quarters that were left.
    [Fact]
    public void Work_that_goes_on_counts_only_what_was_done_since() => Assert.EndsWith(
        "  ETA 42 s",
        Progress.Plain(new(0.75, "a") { Before = 0.5 }, TimeSpan.FromSeconds(42)),
        StringComparison.Ordinal);

    [Fact]
    public void Before_anything_is_done_nothing_is_promised()
    {
        Assert.Equal("[..........]    0 %  starting", Progress.Line(new(0, "starting"), TimeSpan.FromHours(1), 80));
        Assert.Equal("[..........]    0 %  a", Progress.Line(new(1e-300, "a"), TimeSpan.FromHours(1), 80));
    }

    [Fact]
    public void A_terminal_gets_one_line_that_is_redrawn_a_few_times_a_second_and_taken_away()
    {
        var output = new StringWriter { NewLine = "\n" };
        var context = new CommandContext([], output, output, Interactive: true, CancellationToken.None) { Width = static () => 60 };
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(1.2);
        var reports = Progress.Show(context, progress =>
        {
            var n = 0;
            for (; DateTime.UtcNow < end; n++) progress.Report(new(0.5, $"step {n}"));
            return n;
        });
        var lines = output.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(reports > 100);
        Assert.InRange(lines.Length, 2, 6);
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 59));
        Assert.DoesNotContain('\n', output.ToString());
        Assert.Equal("", lines[^1].Trim());
    }

    [Fact]
    public void A_file_gets_plain_lines()
    {
        var output = new StringWriter { NewLine = "\n" };
        var context = new CommandContext([], output, output, Interactive: false, CancellationToken.None)
        {
            ProgressInterval = TimeSpan.Zero,
        };
        Progress.Show(context, progress =>
        {
            for (var n = 0; n <= 3; n++) progress.Report(Long with { Fraction = n / 3.0 });
            return 0;
        });
        Assert.Equal(4, output.ToString().Split('\n').Length);
        Assert.DoesNotContain(output.ToString(), static c => char.IsControl(c) && c != '\n');
        Assert.EndsWith("vb 0.0001  ETA 0 s\n", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Output_that_is_gone_does_not_end_the_work(bool interactive)
    {
        using var gone = new GoneWriter();
        var context = new CommandContext([], gone, gone, interactive, CancellationToken.None) { ProgressInterval = TimeSpan.Zero };
        Assert.Equal(7, Progress.Show(context, progress =>
        {
            for (var n = 1; n < 7; n++)
            {
                progress.Report(new(n / 7.0, "a"));
                Thread.Sleep(100);
            }
            return 7;
        }));
    }

    private sealed class GoneWriter : StringWriter
    {
        public override void Write(string? value) => throw new IOException("Input/output error");

        public override void WriteLine(string? value) => throw new IOException("Input/output error");
    }
}
