using System.Text.Json;
using Dit.Benchmarks.Tests.Tiny;
using Dit.Runtime;

namespace Dit.Benchmarks.Tests;

public class CompareTests
{
    [Theory]
    [InlineData(
        "There is no model 'DiT-Q'; there are Tiny-A, Tiny-B, Tiny-Lightning, Tiny-Other, Tiny-UViT-Classes, Tiny-UViT-Text, "
            + "Tiny-UViT-None, Tiny-PixArt-Text, Tiny-PixArt-Sizes.",
        "--models",
        "DiT-Q")]
    [InlineData(
        "There is no part 'forwards' to measure: --only takes forward, ddim, solvers, training, training-data, load, generator.",
        "--only",
        "ddim,forwards")]
    [InlineData("--only is empty", "--only", ",")]
    [InlineData("--rounds is 0; it takes 1 or more.", "--rounds", "0")]
    [InlineData("--steps is 1; it takes 2 or more.", "--steps", "1")]
    [InlineData("There is no device 'tpu': it is cpu, cuda or cuda:N, N from 0.", "--device", "tpu")]
    [InlineData("--dtype is 'f8': it is f32, bf16, f16.", "--dtype", "f8")]
    [InlineData(
        "TensorFloat-32 is an arithmetic of CUDA devices, and the device is cpu: leave --tf32 out, or choose a CUDA device.",
        "--tf32")]
    [InlineData("There is no device 'cuda:-1'", "--device", "cuda:-1")]
    [InlineData("--script and --script-model go together", "--script", "x.pt")]
    [InlineData("The script 'none.pt' does not exist.", "--script", "none.pt", "--script-model", "Tiny-A")]
    [InlineData("--malloc is 'best': it is tuned or default.", "--malloc", "best")]
    [InlineData("Cannot write 'none/report.json'", "--json", "none/report.json")]
    public void A_mistake_is_one_line(string expected, params string[] args)
    {
        var (code, output, error) = Run(["compare", .. args.Contains("--models") ? args : [.. args, "--models", "Tiny-A"]]);

        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("bench: ", Assert.Single(error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_writes_its_rows_as_json()
    {
        using var json = JsonDocument.Parse(Json("--models", "Tiny-A,Tiny-B", "--only", "forward"));
        var root = json.RootElement;
        Assert.Equal(1, root.GetProperty("version").GetInt32());
        Assert.False(root.GetProperty("partial").GetBoolean());
        Assert.True(root.GetProperty("machine").GetProperty("threads").GetInt32() > 0);
        Assert.Equal("f32", root.GetProperty("settings").GetProperty("arithmetic").GetString());
        Assert.Equal("default", root.GetProperty("settings").GetProperty("malloc").GetString());
        Assert.True(root.GetProperty("peak").GetProperty("mm_gflops").GetDouble() > 0);
        var rows = root.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["forward Tiny-A b2", "forward Tiny-B b2"], rows.Select(static row => row.GetProperty("name").GetString()));
        foreach (var row in rows)
        {
            Assert.Equal(2, row.GetProperty("rounds").GetInt32());
            foreach (var name in (string[])["baseline_ms", "ours_ms", "gflops", "baseline_gflops", "peak_share", "max_value"])
                Assert.True(row.GetProperty(name).GetDouble() > 0, name);
            foreach (var name in (string[])["median", "q1", "q3"])
                Assert.True(row.GetProperty("ratio").GetProperty(name).GetDouble() > 0, name);
            Assert.InRange(row.GetProperty("max_difference").GetDouble(), 0, 1e-4 * row.GetProperty("max_value").GetDouble());
        }
    }

    [Fact]
    public void The_baseline_has_LightningDiTs_block_and_no_other()
    {
        using var json = JsonDocument.Parse(Json("--models", "Tiny-Lightning", "--only", "forward"));
        var row = Assert.Single(json.RootElement.GetProperty("rows").EnumerateArray().ToArray());
        var value = row.GetProperty("max_value").GetDouble();
        Assert.InRange(row.GetProperty("max_difference").GetDouble(), 0, 1e-5 * value);
        Assert.InRange(row.GetProperty("baseline_max_difference").GetDouble(), 0, 1e-5 * value);
        Assert.DoesNotContain("libtorch", row.GetProperty("engine").GetString(), StringComparison.Ordinal);

        var (code, _, error) = Run(["compare", "--models", "Tiny-Other", "--only", "forward"]);
        Assert.Equal(2, code);
        Assert.Contains("There is no baseline for Tiny-Other", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Tiny-UViT-Classes")]
    [InlineData("Tiny-UViT-Text")]
    [InlineData("Tiny-UViT-None")]
    [InlineData("Tiny-PixArt-Text")]
    [InlineData("Tiny-PixArt-Sizes")]
    public void The_baselines_of_other_backbones_are_their_models(string model)
    {
        using var json = JsonDocument.Parse(Json("--models", model, "--only", "forward"));
        var row = Assert.Single(json.RootElement.GetProperty("rows").EnumerateArray().ToArray());
        var value = row.GetProperty("max_value").GetDouble();
        Assert.InRange(row.GetProperty("max_difference").GetDouble(), 0, 1e-5 * value);
        Assert.InRange(row.GetProperty("baseline_max_difference").GetDouble(), 0, 1e-5 * value);
        Assert.DoesNotContain("libtorch", row.GetProperty("engine").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("forward", row.GetProperty("engine").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "Tiny-UViT-Classes is not measured in ddim, training, which are of class-conditional DiTs",
        "--only",
        "ddim,forward,training")]
    [InlineData("--script-model is Tiny-UViT-Classes", "--only", "forward", "--script", "{file}", "--script-model", "Tiny-UViT-Classes")]
    public void What_is_measured_with_DiTs_only_is_said(string expected, params string[] args)
    {
        var file = typeof(CompareTests).Assembly.Location;
        var (code, _, error) = Run(
            ["compare", "--models", "Tiny-UViT-Classes", .. args.Select(arg => arg.Replace("{file}", file, StringComparison.Ordinal))]);

        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_part_that_computes_agrees_with_its_reference()
    {
        using var json = JsonDocument.Parse(Json("--models", "Tiny-B", "--only", "ddim,training,load", "--steps", "3"));
        var rows = json
            .RootElement.GetProperty("rows")
            .EnumerateArray()
            .ToDictionary(static row => row.GetProperty("name").GetString() ?? "");

        Assert.Equal(["ddim-3 Tiny-B b1", "training Tiny-B b2", "load Tiny-B, stream", "load Tiny-B, read"], rows.Keys);
        foreach (var name in (string[])["ddim-3 Tiny-B b1", "training Tiny-B b2"])
            Assert.InRange(rows[name].GetProperty("max_difference").GetDouble(), 0, 1e-4 * rows[name].GetProperty("max_value").GetDouble());
        Assert.True(rows["load Tiny-B, read"].GetProperty("first_ms").GetDouble() > 0);
    }

    [Fact]
    public void Training_on_files_agrees_with_a_loop_that_decodes_them_and_takes_the_demo_where_no_model_is_of_pixels()
    {
        using var json = JsonDocument.Parse(Json("--models", "Tiny-B", "--only", "training-data"));
        JsonElement[] rows = [.. json.RootElement.GetProperty("rows").EnumerateArray()];
        Assert.Equal(
            ["training on 256 px JPEG Shapes b2", "training on 512 px JPEG Shapes b2"],
            rows.Select(static row => row.GetProperty("name").GetString()));
        Assert.All(rows, static row =>
        {
            Assert.InRange(row.GetProperty("max_difference").GetDouble(), 0, 1e-4 * row.GetProperty("max_value").GetDouble());
            Assert.True(row.GetProperty("ratio").GetProperty("median").GetDouble() > 0);
        });
    }

    [Fact]
    public void Forward_and_ddim_run_in_other_types_too()
    {
        using var json = JsonDocument.Parse(Json("--models", "Tiny-B", "--only", "forward,ddim", "--steps", "3", "--dtype", "bf16"));
        var rows = json.RootElement.GetProperty("rows").EnumerateArray().ToArray();

        Assert.Equal("bf16", json.RootElement.GetProperty("settings").GetProperty("arithmetic").GetString());
        Assert.Equal("libtorch", rows[0].GetProperty("engine").GetString());
        Assert.Equal(2, rows.Length);
        foreach (var row in rows) // of bfloat16's 8 bits, and so not exactly
            Assert.InRange(row.GetProperty("max_difference").GetDouble(), 0, 0.1 * row.GetProperty("max_value").GetDouble());
    }

    [Fact]
    public void A_stopped_comparison_says_that_it_is_a_part()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var (code, output, error) = Run(["compare", "--models", "Tiny-A", "--malloc", "default"], stop.Token);

        Assert.Equal(130, code);
        Assert.Contains("Stopped before the end", output, StringComparison.Ordinal);
        Assert.DoesNotContain("internal", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_fit_a_terminal()
    {
        var row = new BenchRow("ddim-50 DiT-XL/2-512 b16", "ddim")
        {
            Model = "DiT-XL/2-512",
            BaselineMs = 123456,
            OursMs = 98765,
            Rounds = 12,
            Ratio = new(0.8, 0.79, 1.81),
            Gflops = 12345,
            PeakShare = 0.875,
            MaxDifference = 1e-7,
            MaxValue = 1,
            BaselinePeakRssMb = 12345,
            PeakRssMb = 12345,
            FileMb = 2700,
            FirstMs = 1234,
            RssOverFile = 1.01,
            Engine = "512-bit vectors, 16 threads",
        };
        var report = new BenchReport(
            1, false, new("A processor", 2, 2, "AVX2", "Linux", ".NET", "2.10"), new("cpu", "f32 by tf32", "tuned", BenchPart.BaselineName),
            new(200, 150), [row]);

        var lines = ReportText.Lines(report).ToArray();

        Assert.All(lines, static line => Assert.True(line.Length <= 80, line));
        Assert.Contains(lines, static line =>
            line.Contains("0.80", StringComparison.Ordinal) && line.EndsWith("88 %", StringComparison.Ordinal));
    }

    private static string Json(params string[] args)
    {
        var (code, output, error) = Run(["compare", "--rounds", "2", "--batch", "2", "--malloc", "default", "--json", "-", .. args]);
        Assert.True(code == 0, error);
        return output;
    }

    private static (int Code, string Out, string Error) Run(string[] args, CancellationToken cancellation = default)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var code = BenchCommand.Run(
            args,
            [
                ModelDefinition.Of<TinyA, ClassLabels, GaussianDiffusion>(), ModelDefinition.Of<TinyB, ClassLabels, GaussianDiffusion>(),
                ModelDefinition.Of<TinyLightning, ClassLabels, GaussianDiffusion>(),
                ModelDefinition.Of<TinyOther, ClassLabels, GaussianDiffusion>(),
                ModelDefinition.Of<TinyUViTClasses, ClassLabels, GaussianDiffusion>(),
                ModelDefinition.Of<TinyUViTText, TextEmbeddings, GaussianDiffusion>(),
                ModelDefinition.Of<TinyUViTNone, NoCondition, GaussianDiffusion>(),
                ModelDefinition.Of<TinyPixArtText, TextEmbeddings, GaussianDiffusion>(),
                ModelDefinition.Of<TinyPixArtSizes, SizedText, GaussianDiffusion>(),
            ],
            output,
            error,
            cancellation);
        return (code, output.ToString(), error.ToString());
    }
}
