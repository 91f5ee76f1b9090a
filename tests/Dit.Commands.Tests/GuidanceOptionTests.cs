using Dit.Definitions;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>The options of guidance: what they draw, say and refuse.</summary>
[Collection(WithTrainedShapes.Name)]
public sealed class GuidanceOptionTests(TrainedShapes trained) : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Sample(string outName, params string[] more) => Cli.Run(Line.With("sample",
        [
            ("--checkpoint", trained.Weights), ("--count", "2"), ("--classes", "star"), ("--sampler", "ddim-50"), ("--steps", "4"),
            ("--out", folder.Path(outName)),
        ],
        more));

    [Fact]
    public void Options_draw_what_the_same_guidance_draws_in_code()
    {
        using var scope = NewDisposeScope();
        using var model = Shapes.Load(trained.Weights);
        var sampler = Shapes.Samplers.Ddim50.WithSteps(4);
        foreach (var (options, guidance) in new (string[], Guidance)[]
        {
            (["--cfg", "5", "--cfg-rescale", "0.7"], new(5) { Rescale = 0.7 }),
            (["--cfg", "1.5", "--cfg-convention", "u-vit"], new(1.5) { Convention = GuidanceConvention.UVit }),
            (["--cfg-convention", "u-vit"], new(1) { Convention = GuidanceConvention.UVit }),
            (["--cfg-apg"], new(2) { Projection = new() }),
            (["--cfg", "6", "--cfg-apg", "0.1,3,-0.5"], new(6) { Projection = new(0.1, 3, -0.5) }),
            (["--cfg", "6", "--cfg-apg", "0.1,inf"], new(6) { Projection = new(0.1) }),
        })
        {
            Sample("a.safetensors", options).Succeeds();
            using var file = SafeTensorsFile.Open(folder.Path("a.safetensors"));
            Assert.True(file.Read("samples").Equals(sampler.Sample(model, [8, 8], guidance)));
        }
    }

    [Fact]
    public void They_are_in_the_closing_line_the_picture_and_its_command()
    {
        Assert.Contains(
            "(ddim-4, guidance 1.5 as u-vit for sigma 0 to 9 rescaled by 0.7 projected with eta 0, radius 3, momentum -0.5, seed 0)",
            Sample(
                "a.png",
                [.. "--cfg 1.5 --cfg-convention u-vit --cfg-rescale 0.7 --cfg-apg 0,3,-0.5 --cfg-interval 0,9".Split(' ')]).Succeeds(),
            StringComparison.Ordinal);
        Assert.Contains(
            " --cfg 1.5 --cfg-convention u-vit --cfg-channels 3 --cfg-interval 0,9 --cfg-rescale 0.7 --cfg-apg 0,3,-0.5 ",
            Cli.Run("inspect", folder.Path("a.png")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--cfg-rescale 1.5", "A guidance rescale of 1.5 was given: it must be a number from 0 to 1.")]
    [InlineData("--cfg-rescale x", "--cfg-rescale takes a number such as 0.5, not 'x'.")]
    [InlineData("--cfg-rescale 0.7 --cfg 1", "--cfg-rescale changes guidance, and with a scale of 1 there is none: leave it out.")]
    [InlineData("--cfg-apg --cfg 1", "--cfg-apg changes guidance, and with a scale of 1 there is none: leave it out.")]
    [InlineData(
        "--cfg-interval 0,1 --cfg 0 --cfg-convention u-vit",
        "--cfg-interval says where guidance acts, and with a scale of 0 there is none: leave the interval out.")]
    [InlineData("--cfg-apg 0,1,2,3", "--cfg-apg takes up to three numbers, ETA,RADIUS,MOMENTUM, such as 0,2.5,-0.75, not '0,1,2,3'.")]
    [InlineData(
        "--cfg-apg 0,0",
        "--cfg-apg 0,0: Adaptive projected guidance with radius 0 was asked for: it must be a number above 0, or infinity.")]
    public void What_makes_no_sense_is_one_line(string options, string message)
    {
        Assert.Equal(message, Sample("no.png", options.Split(' ')).Mistake());
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void A_convention_has_its_own_words() => Sample("no.png", "--cfg-convention", "other").Mistake();
}
