using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Images that are decoded by several threads ahead of their step, and images that cannot be.</summary>
public sealed class DecodingTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new() { Steps = 8, BatchSize = 5, LearningRate = 1e-2, EmaDecay = 0.5, Seed = 5 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Of different sizes, so that some take longer than others, and too few for the cache to hide the order.
    private ImageFolder Images(int each = 4, long cacheBytes = 0)
    {
        foreach (var label in Enumerable.Range(0, 3))
            foreach (var i in Enumerable.Range(0, each))
            {
                Directory.CreateDirectory(folder["images", $"{label}"]);
                ImageFile.WritePng(
                    folder["images", $"{label}", $"{i:D4}.png"], ShapesDataset.Render(seed: label, i, size: i % 4 == 0 ? 120 : 8));
            }
        return ImageFolder.Open(folder["images"], cacheBytes);
    }

    private TrainingFolder Train(
        string name, ImageFolder images, int workers, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null)
    {
        var run = new TrainingFolder(folder[name]);
        using var model = TinyDenoiser.Create();
        using var stop = new CancellationTokenSource();
        new Trainer(Recipe, run) { Workers = workers }.Run(
            model, TrainingSet.Of(images, TinyDenoiser.Card.Input),
            new Each<TrainingProgress>(now => { if (now.Step == stopAfter) stop.Cancel(); }), stop.Token, from: from);
        return run;
    }

    [Fact]
    public void The_number_of_workers_changes_no_bit_and_a_resumed_run_may_have_another()
    {
        var images = Images();
        var inTheLoop = Train("0", images, 0);
        foreach (var workers in (int[])[1, 4]) RequireSame(inTheLoop, Train($"{workers}", images, workers));
        var broken = Train("broken", images, 3, stopAfter: 4);
        RequireSame(inTheLoop, Train("broken", images, 2, from: TrainingCheckpoint.Newest(broken)));
    }

    private static void RequireSame(TrainingFolder expected, TrainingFolder actual)
    {
        Assert.Equal(File.ReadAllBytes(expected.Weights), File.ReadAllBytes(actual.Weights));
        Assert.Equal(File.ReadAllBytes(expected.Checkpoint), File.ReadAllBytes(actual.Checkpoint));
        Assert.Equal(File.ReadAllText(expected.LossTable), File.ReadAllText(actual.LossTable));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(4)]
    public void The_first_bad_image_of_the_order_ends_the_run_and_no_thread_is_left(int workers)
    {
        var images = Images();
        var order = EpochOrder.Permutation(images.Count, Recipe.Seed, 0);
        DamagedImage.InTheMiddle(images.Files[order[8]].Path);
        DamagedImage.InTheMiddle(images.Files[order[6]].Path);
        var mistake = Assert.ThrowsAny<DitException>(() => Train("run", images, workers)).Message;
        Assert.StartsWith(images.Files[order[6]].Path, mistake, StringComparison.Ordinal);
        Assert.EndsWith($"; the last good checkpoint is kept in '{folder["run", "checkpoint.safetensors"]}'.", mistake);
        Assert.Equal(1, TrainingCheckpoint.Newest(new(folder["run"])).Step); // images 5 to 9 are those of step 2
    }

    [Theory, InlineData(0), InlineData(4)]
    public void Images_that_took_the_place_of_bad_ones_do_not_depend_on_the_workers(int workers)
    {
        var images = Images();
        foreach (var i in (int[])[2, 3, 7]) DamagedImage.InTheMiddle(images.Files[i].Path);
        var expected = Train("expected", images.SkippingUnreadable([]), 1);
        var run = Train("run", images.SkippingUnreadable([]), workers);
        RequireSame(expected, run);
        Assert.Equal(3, File.ReadAllLines(run.UnreadableList).Length);
    }

    [Fact]
    public void Up_to_a_part_of_the_images_is_left_out_and_more_end_the_run()
    {
        var images = Images(each: 10);
        foreach (var i in (int[])[2, 13]) DamagedImage.InTheMiddle(images.Files[i].Path);
        var found = new UnreadableImage(images.Files[20].Path, "is empty");
        Train("enough", images.SkippingUnreadable([found], 0.1), 2);
        var mistake = Assert.Throws<DitException>(() => Train("more", images.SkippingUnreadable([found], 0.099), 2)).Message;
        Assert.StartsWith($"3 of 30 images cannot be read: {images.Files[20].Path} is empty; ", mistake, StringComparison.Ordinal);
        Assert.Contains(
            ". Up to 9.9 % are left out, and these are more. Repair, rename or remove them, or leave them out with --skip-unreadable; ",
            mistake,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "1 of 30 images cannot be read: ",
            Assert.Throws<DitException>(() => images.SkippingUnreadable([found], 0.03)).Message,
            StringComparison.Ordinal);
        Assert.Equal(29, images.SkippingUnreadable([found], 1 / 30.0).Count);
        Assert.Throws<DitException>(() => images.SkippingUnreadable([], double.NaN));
    }

    [Fact]
    public void Steps_that_are_not_taken_leave_no_tensor_behind()
    {
        var data = TrainingSet.Of(Images(), TinyDenoiser.Card.Input);
        var before = LiveTensors.Count();
        var sequence = StepInput.Sequence(
            Recipe, TinyDenoiser.Card, TinyDenoiser.Process, data, first: 2, workers: 3, CancellationToken.None);
        using (var input = sequence.First()) Assert.Equal([5, 3, 4, 4], input.Images.shape);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_set_with_a_loader_of_its_own_is_loaded_by_it()
    {
        var data = TrainingSet.Of(Images(), TinyDenoiser.Card.Input);
        var (asked, load) = (0, data.Load);
        var own = data with
        {
            Load = (indices, flips) =>
            {
                asked++;
                return load(indices, flips);
            },
        };
        using (StepInput.Sequence(Recipe, TinyDenoiser.Card, TinyDenoiser.Process, own, 0, workers: 2, CancellationToken.None).First()) { }
        Assert.Equal(1, asked);
    }

    [Fact]
    public void A_number_of_workers_that_makes_no_sense_is_refused()
    {
        var images = Images();
        Assert.Equal(
            "Images are decoded by 0 to 256 threads, not by -1.", Assert.Throws<DitException>(() => Train("a", images, -1)).Message);
        Assert.Throws<DitException>(() => Train("b", images, 257));
        Assert.Throws<DitException>(() => new ImageReader(images, new(4, 8, 8), new([], 1, 1, CancellationToken.None)));
    }
}
