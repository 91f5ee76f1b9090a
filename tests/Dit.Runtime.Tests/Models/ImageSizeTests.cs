using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Models at other image sizes than they were made for.</summary>
public sealed class ImageSizeTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Every model of images alone that is generated here.</summary>
    public static TheoryData<string> Models =>
        [.. DitModels.All.Where(static model => model.Joint is null).Select(static model => model.Card.Name)];

    private static Tensor Noise(ImageShape shape, int samples = 2)
    {
        using var random = new Generator(5);
        return randn(shape.Batch(samples), generator: random);
    }

    private static void Copy(nn.Module from, nn.Module to, Func<string, bool> isCopied)
    {
        using var frozen = no_grad();
        var state = to.state_dict();
        foreach (var (name, value) in from.state_dict().Where(entry => isCopied(entry.Key))) state[name].copy_(value);
    }

    private static TModel Shaken<TModel>() where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create(seed: 3);
        using var frozen = no_grad();
        using var random = new Generator(3);
        foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
            parameter.add_(randn(parameter.shape, generator: random) * (parameter.dim() > 1
                ? 0.7 / Math.Sqrt((double)parameter.numel() / parameter.shape[0]) : 0.1)); // sums of as many numbers stay near one
        return model;
    }

    [Theory, MemberData(nameof(Models))]
    public void A_session_of_another_size_equals_the_forward_pass(string name) =>
        DitModels.All.Single(model => model.Card.Name == name).Accept(new SessionAtAnotherSize());

    private sealed class SessionAtAnotherSize : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var model = Shaken<TModel>();
            var card = TModel.Card;
            var unit = card.PatchSize * (card.Autoencoder?.Factor ?? 1);
            var size = new ImageSize(card.Size.Width + 2 * unit, card.Size.Height + unit);
            var drawn = card.At(size);
            using var random = new Generator(9);
            using var condition = AnyCondition.Of<TCondition>(
                card,
                classes => randint(classes, [2], ScalarType.Int64, generator: random),
                text => new(randn([2, text.Tokens, text.Width], generator: random), null),
                2);
            var (x, t) = (Noise(drawn.Input), tensor(new[] { 3f, 0.5f }));

            using var session = model.CreateSession(size);
            using var planned = session.Forward(x, t, condition);
            using var frozen = no_grad();
            using var direct = model.Predict(x, t, condition);

            Assert.Equal([2, card.OutputChannels, drawn.Input.Height, drawn.Input.Width], direct.shape);
            Close.To(direct, planned, Close.OneStep, session.Engine);
            Assert.Throws<DitException>(() => session.Forward(Noise(card.Input), t, condition));
            return 0;
        }
    }

    [Fact]
    public void Sessions_of_another_size_are_fused_as_those_of_the_model_are()
    {
        using var model = Grid4x4.Create();
        using var usual = model.CreateSession();
        using var other = model.CreateSession(new ImageSize(128, 48));
        Assert.Equal(usual.Engine, other.Engine);
    }

    // Grid3x8 differs from Grid4x4 in its grid alone, and has a table of its own.
    [Fact]
    public void A_fixed_table_is_that_of_the_formula_for_the_grid()
    {
        using var square = Shaken<Grid4x4>();
        using var wide = Grid3x8.Create();
        Copy(square, wide, static name => name != "pos_embed");
        var (x, t, labels) = (Noise(Grid3x8.Card.Input), tensor(new[] { 3f, 900f }), tensor(new[] { 0L, 2L }));
        using var frozen = no_grad();

        Assert.True(wide.forward(x, t, labels).equal(square.forward(x, t, labels)).all().item<bool>());
    }

    [Fact]
    public void A_fixed_table_with_a_base_keeps_its_range_of_positions()
    {
        using var square = Shaken<PixArtMsSquare>();
        using var tall = PixArtMs.Create();
        Copy(square, tall, static name => name != "pos_embed");
        using var random = new Generator(2);
        using var text = SizedText.Of(new(randn([2, 7, 12], generator: random)), 12, 6);
        var (x, t) = (Noise(PixArtMs.Card.Input), tensor(new[] { 3f, 900f }));
        using var frozen = no_grad();

        Assert.True(tall.forward(x, t, text).equal(square.forward(x, t, text)).all().item<bool>());
    }

    [Fact]
    public void Rotary_positions_are_those_of_the_grid()
    {
        using var wide = new RotaryPositions(3, 5, 8, CPU, ScalarType.Float32);
        using var square = new RotaryPositions(4, 4, 8, CPU, ScalarType.Float32);
        wide.Initialize();
        square.Initialize();

        Assert.True(wide.call().equal(square.call(new PatchGrid(3, 5))).all().item<bool>());
        Assert.True(square.call().equal(square.call(new PatchGrid(4, 4))).all().item<bool>());
    }

    [Fact]
    public void Learned_positions_are_interpolated_and_those_of_other_tokens_kept()
    {
        const int rows = 2, columns = 3, before = 4, width = 5;
        using var random = new Generator(1);
        var learned = randn([1, before + rows * columns, width], generator: random);
        var table = new PositionTable("pos_embed", rows, columns) { IsLearned = true, Before = before };

        Assert.Same(learned, table.At(learned, new(rows, columns)));
        var other = table.At(learned, new(4, 5));

        Assert.Equal([1, before + 20, width], other.shape);
        for (var token = 0; token < before; token++) Close.To(learned[0, token], other[0, token], 0);
        for (var y = 0; y < 4; y++)
            for (var x = 0; x < 5; x++)
                Close.To(Bilinear((y + 0.5) * rows / 4 - 0.5, (x + 0.5) * columns / 5 - 0.5), other[0, before + y * 5 + x], 1e-6);

        Tensor Bilinear(double y, double x)
        {
            var (y0, x0) = (Math.Clamp(y, 0, rows - 1), Math.Clamp(x, 0, columns - 1));
            var (top, left) = ((int)y0, (int)x0);
            var (bottom, right) = (Math.Min(top + 1, rows - 1), Math.Min(left + 1, columns - 1));
            var (down, across) = (y0 - top, x0 - left);
            return Patch(top, left) * ((1 - down) * (1 - across)) + Patch(top, right) * ((1 - down) * across)
                + Patch(bottom, left) * (down * (1 - across)) + Patch(bottom, right) * (down * across);
        }

        Tensor Patch(int y, int x) => learned[0, before + y * columns + x];
    }

    [Fact]
    public void A_sampler_draws_the_size_that_is_asked_for()
    {
        using var model = Shaken<Grid4x4>();
        var sampler = Grid4x4.Samplers.Ddim5;
        using var usual = sampler.Sample(model, [0, 1], seed: 4);
        using var same = sampler.Sample(model, [0, 1], seed: 4, options: new() { Size = Grid4x4.Card.Size });
        Assert.True(usual.equal(same).all().item<bool>());

        var size = new ImageSize(Width: 128, Height: 48);
        using var session = model.CreateSession(size);
        using var wide = sampler.Sample(model, [0, 1], seed: 4, options: new() { Size = size });
        using var again = sampler.Sample(model, [0, 1], seed: 4, options: new() { Size = size, Session = session });
        Assert.Equal([2, 4, 6, 16], wide.shape);
        Assert.True(wide.equal(again).all().item<bool>());

        using var noise = sampler.Invert(model, wide, [0, 1], options: new() { Size = size });
        Assert.Equal(wide.shape, noise.shape);
        Assert.Throws<DitException>(() => sampler.Sample(model, [0, 1], options: new() { Session = session }));
    }

    [Fact]
    public void Tensors_of_a_session_of_another_size_are_freed()
    {
        using var model = Grid4x4.Create();
        var before = LiveTensors.Count();
        using (model.CreateSession(new ImageSize(128, 48))) { }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData(130, 48, "The nearest sizes are 128x48 and 144x48.")]
    [InlineData(128, 63, "The nearest sizes are 128x64 and 128x48.")]
    [InlineData(8, 16, "The nearest sizes are 16x16.")]
    [InlineData(16, -5, "The nearest sizes are 16x16.")]
    public void A_size_that_cannot_be_drawn_is_refused_with_the_nearest_ones(int width, int height, string nearest)
    {
        using var model = Grid4x4.Create();
        var error = Assert.Throws<DitException>(() =>
            Grid4x4.Samplers.Ddim5.Sample(model, [0], options: new() { Size = new(width, height) }));
        Assert.Equal(
            $"Grid-4x4 cannot draw {width}x{height} pixels: width and height must be multiples of 16, its patch size, 2, times the factor "
                + $"of kl-f8, 8. {nearest}",
            error.Message);
    }

    [Fact]
    public void A_size_without_bounds_is_refused()
    {
        var error = Assert.Throws<DitException>(() => Grid4x4.Card.At(new(1 << 30, 1 << 30)));
        Assert.Equal("Grid-4x4 cannot draw 1073741824x1073741824 pixels: 4503599627370496 patches are too many.", error.Message);
    }

    [Fact]
    public void A_model_whose_positions_are_unknown_keeps_its_size()
    {
        var card = Grid4x4.Card with { PatchPositions = PositionKind.Unknown };
        Assert.Same(card, card.At(card.Size));
        var error = Assert.Throws<DitException>(() => card.At(new(128, 48)));
        Assert.Equal(
            "Grid-4x4 draws images of 64x64 pixels only, not of 128x48: its positions are known for no other size.", error.Message);
    }

    [Theory]
    [InlineData("384x256", 384, 256)]
    [InlineData("8x16", 8, 16)]
    public void Sizes_are_read_width_first(string text, int width, int height) =>
        Assert.Equal(new ImageSize(width, height), ImageSize.Parse(text));

    [Theory]
    [InlineData("384")]
    [InlineData("384x")]
    [InlineData("0x8")]
    [InlineData("-8x8")]
    [InlineData("8x8x8")]
    [InlineData("8.5x8")]
    [InlineData("99999999999x8")]
    public void What_is_no_size_is_none(string text) => Assert.Null(ImageSize.Parse(text));
}
