using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The embedded texts of images, and training on them.</summary>
public sealed class CaptionFileTests : IDisposable
{
    private static readonly ModelCard Card = OfText.Card; // 3 tokens of width 6
    private static readonly string[] Names = ["b.png", "a/1.png", "a/2.png", "c/1.png"]; // in the order of the folder

    private readonly TemporaryFolder folder = new();

    public CaptionFileTests()
    {
        foreach (var (i, name) in Names.Index())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder["images", name]) ?? "");
            ImageFile.WritePng(folder["images", name], RgbImage.Filled(8, 4, ((byte)(60 * i), 0, 0)));
        }
    }

    public void Dispose() => folder.Dispose();

    private ImageFolder Images => ImageFolder.OpenUnlabeled(folder["images"]);

    // Row i holds i + 1 everywhere.
    private string Write(int count, string? files = null, ScalarType type = ScalarType.Float32, string name = "text")
    {
        using var scope = NewDisposeScope();
        using var rows = (arange(count, dtype: ScalarType.Float32) + 1).view(-1, 1, 1).expand(-1, 3, 6).to(type).contiguous();
        SafeTensors.Save(
            folder["captions.safetensors"], [(name, rows)], files is null ? null : new Dictionary<string, string> { ["files"] = files });
        return folder["captions.safetensors"];
    }

    private static float[] First(TextEmbeddings texts)
    {
        using (texts) return texts.Values.select(2, 0).select(1, 0).data<float>().ToArray();
    }

    [Fact]
    public void Rows_go_with_the_named_images_and_further_rows_are_left_alone()
    {
        using var captions = CaptionFile.Open(
            Write(5, """["c/1.png", "./b.png", "a\\2.png", "elsewhere.png", "a/1.png"]""", ScalarType.Float16), Card, Images);
        Assert.Equal([1, 4, 2, 0], captions.RowsOf(Names));
        Assert.Equal([2, 5, 3, 1, 1], First(captions.Load([1, 4, 2, 0, 0])));
    }

    [Fact]
    public void Without_names_rows_are_in_the_ordinal_order_of_the_paths()
    {
        using var captions = CaptionFile.Open(Write(4), Card, Images);
        Assert.Equal([2, 0, 1, 3], captions.RowsOf(Names)); // a/1, a/2, b, c/1
    }

    [Fact]
    public void What_does_not_go_with_the_images_or_the_model_is_one_sentence()
    {
        Assert.Equal(
            $"'{folder["captions.safetensors"]}' has 3 texts, and {folder["images"]} has 4 images: without the metadata 'files', there is "
                + "a row for each image, in the ordinal order of their paths.",
            Refused(Write(3)));
        Assert.Equal(
            $"'{folder["captions.safetensors"]}' has 4 texts, and its metadata 'files' names 3 images.",
            Refused(Write(4, """["b.png", "a/1.png", "a/2.png"]""")));
        Assert.Equal(
            $"The metadata 'files' of '{folder["captions.safetensors"]}' names 'b.png' twice: each image has one text.",
            Refused(Write(4, """["b.png", "a/1.png", "a/2.png", "b.png"]""")));
        Assert.Equal(
            $"'{folder["captions.safetensors"]}' has no text for 2 of the 4 images in {folder["images"]}; the first one is 'a/2.png'. The "
                + "metadata 'files' names the image of each row by its path in that folder.",
            Refused(Write(4, """["b.png", "a/1.png", "2.png", "1.png"]""")));
        foreach (var bad in (string[])["[1, 2]", "b.png", "{}"])
            Assert.Equal(
                $"The metadata 'files' of '{folder["captions.safetensors"]}' is not a JSON array of the paths of images.",
                Refused(Write(4, bad)));
        Assert.Equal(
            $"'{folder["captions.safetensors"]}' holds no tensor named text: Of-Text takes a safetensors file with one tensor named text, "
                + "(N, 3, 6), one embedded text for each image.",
            Refused(Write(4, name: "clip")));
        File.Delete(folder["captions.safetensors"]); // no refused file is kept open
        Assert.Contains(folder["captions.safetensors"], Refused(folder["captions.safetensors"]), StringComparison.Ordinal);

        string Refused(string path) => Assert.ThrowsAny<DitException>(() => CaptionFile.Open(path, Card, Images)).Message;
    }

    [Fact]
    public void The_texts_of_a_batch_are_those_of_its_images_also_where_one_took_the_place_of_another()
    {
        using var captions = CaptionFile.Open(Write(4), Card, Images);
        DamagedImage.InTheMiddle(folder["images", "a/1.png"]);
        var data = TrainingSet.Of<TextEmbeddings>(Images.SkippingUnreadable([]), Card.Input, captions);
        var (images, texts) = data.Load([3, 1, 0], [false, false, false]);
        Assert.Equal([4, 2, 3], First(texts)); // the place of a/1.png is that of a/2.png
        Assert.Equal(new[] { 180 / 127.5f - 1, 120 / 127.5f - 1, -1 }, images.amax([1, 2, 3]).data<float>().ToArray(), Near);
        images.Dispose();

        // And where one is left out from the start.
        var left = Images.SkippingUnreadable([new(folder["images", "a/1.png"], "is empty")]);
        var (more, others) = TrainingSet.Of<TextEmbeddings>(left, Card.Input, captions).Load([0, 1, 2], [false, false, false]);
        Assert.Equal([3, 2, 4], First(others));
        more.Dispose();
        using var sized = SizedText.OfTexts(captions.Load([2]), Card);
        Assert.Equal((4f, 8f, 0.5f), (sized.Height.item<float>(), sized.Width.item<float>(), sized.AspectRatio.item<float>()));
    }

    private static bool Near(float a, float b) => Math.Abs(a - b) < 1e-6;

    [Fact]
    public void A_masked_text_brings_its_mask()
    {
        using var scope = NewDisposeScope();
        var masked = Card with { Condition = new ModelCondition.Text(3, 6, 0.1) { IsMasked = true } };
        var mask = tensor(new long[,] { { 1, 0, 0 }, { 1, 1, 0 }, { 1, 1, 1 }, { 0, 1, 0 } });
        SafeTensors.Save(folder["m.safetensors"], [("text", ones(4, 3, 6)), ("mask", mask)]);
        var before = LiveTensors.Count();
        using (var captions = CaptionFile.Open(folder["m.safetensors"], masked, Images))
        {
            using var texts = captions.Load([3, 1]);
            Assert.Equal([false, true, false, true, true, false], texts.Attended().data<bool>().ToArray());
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_model_of_text_is_trained_and_what_it_lacks_is_said()
    {
        using var captions = CaptionFile.Open(Write(4), Card, Images);
        using var one = OfText.Create();
        using var two = OfText.Create();
        var before = LiveTensors.Count();
        foreach (var (model, workers) in new[] { (one, 0), (two, 3) })
            new Trainer(new() { Steps = 3, BatchSize = 6 }, new(folder[$"run {workers}"])) { Workers = workers }.Run(
                model, TrainingSet.Of<TextEmbeddings>(Images, Card.Input, captions));
        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal(
            File.ReadAllBytes(folder["run 0", "weights.safetensors"]), File.ReadAllBytes(folder["run 3", "weights.safetensors"]));
        Assert.Equal(
            "A model that is conditioned on text needs the captions of its images.",
            Assert.Throws<DitException>(() => TrainingSet.Of<TextEmbeddings>(Images, Card.Input)).Message);
        Assert.Equal(
            "Captions are for models that are conditioned on text.",
            Assert.Throws<DitException>(() => TrainingSet.Of<NoCondition>(Images, Card.Input, captions)).Message);
    }
}
