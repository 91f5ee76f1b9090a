using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Texts with a mask, and with the sizes of the images.</summary>
public sealed class MaskedTextTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly Generator random = new(7);

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    private TextEmbeddings Texts(params int[] lengths) =>
        new TextEmbeddings(randn(lengths.Length, 7, 12, generator: random)).WithLengths(lengths);

    private Tensor Inputs(int n, int height = 8, int width = 8) => randn([n, 4, height, width], generator: random);

    [Fact]
    public void Lengths_become_a_mask_of_the_first_tokens()
    {
        var mask = Texts(7, 1, 3).Mask ?? throw new InvalidOperationException();

        Assert.Equal([7, 1, 3], mask.sum(1).data<long>().ToArray());
        Assert.True(mask.narrow(1, 0, 1).all().item<bool>());
        Assert.Equal(
            "2 lengths from 1 to 7 are wanted, one for each text, and (0, 8) is given.",
            Assert.Throws<DitException>(() => Texts(0, 8)).Message);
        Assert.True(new TextEmbeddings(zeros(2, 7, 12)).Attended().all().item<bool>());
    }

    [Fact]
    public void What_is_behind_the_end_of_a_text_changes_nothing()
    {
        using var frozen = no_grad();
        using var model = Moved(PixArtTiny.Create());
        var (x, t, texts) = (Inputs(2), tensor(new long[] { 3, 900 }), Texts(2, 5));
        var padded = texts with { Values = where(texts.Attended().unsqueeze(-1), texts.Values, texts.Values + 100) };

        Close.To(model.call(x, t, texts), model.call(x, t, padded), 1e-6);
        Assert.True((model.call(x, t, texts) - model.call(x, t, texts with { Mask = null })).abs().max().item<float>() > 1e-4);
    }

    [Fact]
    public void A_wrong_mask_is_named()
    {
        using var model = PixArtTiny.Create();
        var texts = Texts(2, 5);
        foreach (var (mask, message) in new[]
        {
            (ones(2, 6, ScalarType.Bool), "PixArt-Tiny: text.Mask must have the shape (2, 7), one value for each token, but has (2, 6)."),
            (ones(2, 7), "PixArt-Tiny: text.Mask must be of type Bool, but is of type Float32."),
            (zeros(2, 7, ScalarType.Bool), "PixArt-Tiny: text.Mask leaves a text without a token: each attends to one at least."),
        })
            Assert.Equal(
                message,
                Assert.Throws<DitException>(() => model.call(Inputs(2), zeros(2), texts with { Mask = mask })).Message);
        using var unmasked = BTextAttentionPerBlock.Create();
        Assert.Equal(
            "B-TextAttention-PerBlock: texts have no mask here: its spec does not have mask: true, so it attends to all tokens.",
            Assert.Throws<DitException>(() => unmasked.call(
                randn(2, 3, 8, 12), zeros(2), SizedText.Of(new TextEmbeddings(zeros(2, 6, 10)).WithLengths([1, 2]), 8, 12))).Message);
    }

    [Fact]
    public void Wrong_sizes_are_named()
    {
        using var model = PixArtMs.Create();
        var sized = SizedText.Of(Texts(2, 5), 96, 48);

        Assert.Equal(2, sized.AspectRatio[0].item<float>());
        Assert.Contains(
            "PixArt-Ms: Height must have the shape (2,)",
            Assert.Throws<DitException>(() => model.call(Inputs(2, 12, 6), zeros(2), sized with { Height = zeros(3) })).Message);
        Assert.Contains(
            "PixArt-Ms: AspectRatio must be of whole or real numbers",
            Assert.Throws<DitException>(() =>
                model.call(Inputs(2, 12, 6), zeros(2), sized with { AspectRatio = zeros(2, ScalarType.Bool) })).Message);
    }

    [Fact]
    public void A_null_text_keeps_the_mask_of_its_text_and_the_size_of_its_image()
    {
        var rows = SizedText.Of(Texts(2, 5), 96, 48).Distinct(PixArtMs.Card, CPU, withNull: true);

        Assert.Equal([0, 1], rows.Rows);
        Assert.Equal([2, 3], rows.NullRows ?? []);
        Assert.Equal([2, 5, 2, 5], (rows.Values.Text.Mask ?? throw new InvalidOperationException()).sum(1).data<long>().ToArray());
        Assert.Equal(
            [false, false, true, true],
            (rows.Values.Text.DropMask ?? throw new InvalidOperationException()).data<bool>().ToArray());
        // Without a mask one null text serves all.
        var shared = new TextEmbeddings(zeros(2, 7, 12)).Distinct(PixArtTiny.Card, CPU, withNull: true);
        Assert.Equal([2, 2], shared.NullRows ?? []);
        Assert.Equal(3, shared.Values.Count);
    }

    [Fact]
    public void Dropping_keeps_masks_and_sizes()
    {
        var card = PixArtMs.Card with { Condition = new ModelCondition.Text(7, 12, 1) { IsMasked = true, HasSizes = true } };

        var dropped = SizedText.Of(Texts(2, 5), 96, 48).Drop(card, random);

        Assert.True((dropped.Text.DropMask ?? throw new InvalidOperationException()).all().item<bool>());
        Assert.Equal([2, 5], (dropped.Text.Mask ?? throw new InvalidOperationException()).sum(1).data<long>().ToArray());
        Assert.Equal(96, dropped.Height[1].item<float>());
    }

    [Fact]
    public void A_file_has_texts_and_their_mask_and_images_are_of_the_models_size()
    {
        using var folder = new TemporaryFolder();
        var texts = Texts(2, 5);
        var mask = (texts.Mask ?? throw new InvalidOperationException()).to(ScalarType.Int64);
        SafeTensors.Save(folder["texts.safetensors"], [("text", texts.Values), ("mask", mask)]);
        SafeTensors.Save(folder["unmasked.safetensors"], [("text", texts.Values)]);
        SafeTensors.Save(folder["empty.safetensors"], [("text", texts.Values), ("mask", mask * 0)]);

        using var read = SizedText.Read(PixArtMs.Card, Source(folder["texts.safetensors"]));

        Assert.Equal([2, 5], (read.Values.Text.Mask ?? throw new InvalidOperationException()).sum(1).data<long>().ToArray());
        Assert.Equal((12, 6), (read.Values.Height[0].item<float>(), read.Values.Width[1].item<float>()));
        Assert.Contains(
            "holds no tensor named mask: PixArt-Ms takes a safetensors file with the tensors text, (N, 7, 12)",
            Assert.Throws<DitException>(() => SizedText.Read(PixArtMs.Card, Source(folder["unmasked.safetensors"]))).Message);
        Assert.Contains(
            "leaves a text without a token",
            Assert.Throws<DitException>(() => TextEmbeddings.Read(PixArtTiny.Card, Source(folder["empty.safetensors"]))).Message);
    }

    private static ConditionSource Source(string file) => new(static () => throw new InvalidOperationException()) { TextFile = file };

    [Fact]
    public void Guided_sampling_leaves_nothing_behind()
    {
        using var model = Moved(PixArtMs.Create());
        using var sized = SizedText.Of(Texts(2, 5), 96, 48);
        Draw();
        var before = LiveTensors.Count();
        for (var i = 0; i < 3; i++) Draw();
        Assert.Equal(before, LiveTensors.Count());

        void Draw() => PixArtMs.Samplers.Dpm5.Sample(model, sized, guidance: 3, seed: 1).Dispose();
    }

    [Fact]
    public void Positions_of_a_file_of_another_size_are_computed_on_request()
    {
        using var folder = new TemporaryFolder();
        using (var square = PixArtMsSquare.Create()) Checkpoint.Save(square, folder["square.safetensors"]);
        var notices = new List<string>();

        Assert.Throws<CheckpointMismatchException>(() => PixArtMs.Load(folder["square.safetensors"]));
        using var model = PixArtMs.Load(folder["square.safetensors"], grid: CheckpointGrid.Recompute(notices.Add));

        Assert.Contains("a grid of 4 x 4 patches", Assert.Single(notices));
        using var created = PixArtMs.Create();
        Assert.True(created.state_dict()["pos_embed"].Equals(model.state_dict()["pos_embed"]));
    }

    private static TModel Moved<TModel>(TModel model)
        where TModel : nn.Module
    {
        using var frozen = no_grad();
        using var random = new Generator(5);
        using var scope = NewDisposeScope();
        foreach (var p in model.parameters()) p.add_(0.05 * randn(p.shape, generator: random));
        return model;
    }
}
