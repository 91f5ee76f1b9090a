using System.Diagnostics;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>The page of a run in a browser: Chromium without a window.</summary>
public sealed class ReportBrowserTests(ReportedRun run) : IClassFixture<ReportedRun>
{
    private RgbImage Screenshot(string name, int width, int height, bool dark)
    {
        var picture = run.Path($"{name}.png");
        var start = new ProcessStartInfo(Browser.Path ?? throw new InvalidOperationException(Browser.Missing))
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-dev-shm-usage",
            $"--user-data-dir={run.Path($"{name}-profile")}",
            "--host-resolver-rules=MAP * ~NOTFOUND", // no network
            $"--blink-settings=preferredColorScheme={(dark ? 0 : 1)}",
            $"--window-size={width},{height}", $"--screenshot={picture}",
            new Uri(Path.Combine(run.Folder, "report.html")).AbsoluteUri,
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var browser = Process.Start(start) ?? throw new InvalidOperationException("The browser does not start.");
        var (output, error) = (browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync());
        if (!browser.WaitForExit(TimeSpan.FromMinutes(3))) browser.Kill(entireProcessTree: true);
        Assert.True(File.Exists(picture), $"{output.GetAwaiter().GetResult()}{error.GetAwaiter().GetResult()}");
        return ImageFile.Read(picture);
    }

    private static double Share(RgbImage image, Func<(byte R, byte G, byte B), bool> holds)
    {
        var count = 0;
        for (var y = 0; y < image.Height; y++)
            for (var x = 0; x < image.Width; x++)
                if (holds(image[x, y])) count++;
        return (double)count / (image.Width * image.Height);
    }

    [BrowserTheory, InlineData("wide", 1280, false), InlineData("narrow", 390, false), InlineData("dark", 1280, true)]
    public void The_page_opens_from_a_disk(string name, int width, bool dark)
    {
        const int Height = 4000;
        var picture = Screenshot(name, width, Height, dark);
        Assert.Equal((width, Height), (picture.Width, picture.Height));
        // The page as its style has it, the first curve, and the colors of the samples.
        var (page, curve) = dark ? ((0x16, 0x18, 0x1b), (0x7c, 0xb8, 0xf5)) : ((0xfb, 0xfb, 0xfa), (0x0b, 0x62, 0xb8));
        Assert.InRange(Share(picture, pixel => pixel == page), 0.1, 0.9);
        Assert.InRange(Share(picture, pixel => pixel == curve), 0.00002, 0.1);
        Assert.InRange(Share(picture, static pixel => Spread(pixel) > 120), 0.005, 0.8);
        // Nothing is wider than the window: the right edge is the page.
        Assert.All(Enumerable.Range(0, Height), y => Assert.Equal(page, picture[width - 2, y]));

        static int Spread((byte R, byte G, byte B) pixel) =>
            Math.Max(pixel.R, Math.Max(pixel.G, pixel.B)) - Math.Min(pixel.R, Math.Min(pixel.G, pixel.B));
    }
}

/// <summary>A browser of this machine.</summary>
internal static class Browser
{
    private const string Variable = "DIT_CHROMIUM";
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome", "msedge"];

    /// <summary>What is said where there is none.</summary>
    public static string Missing =>
        $"This test needs Chromium, and there is none: install it (on Debian: apt-get install chromium), or set {Variable} to the path of "
            + $"a "
            + "browser.";

    /// <summary>The one that the environment names, or one on the path; null for none.</summary>
    public static string? Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : OnPath();

    private static string? OnPath()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator);
        var ending = OperatingSystem.IsWindows() ? ".exe" : "";
        return Names
            .SelectMany(name => folders.Select(folder => System.IO.Path.Combine(folder, name + ending)))
            .FirstOrDefault(File.Exists);
    }
}

/// <summary>
/// A theory that is skipped, and counted as skipped, where there is no browser; on a build server it fails there.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc/>
    public override string? Skip =>
        Browser.Path is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI")) ? Browser.Missing : null;
}
