using CsCheck;

namespace Dit.Runtime.Tests;

public class ShapesDatasetTests
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public void The_same_seed_and_index_give_the_same_pixels()
    {
        var image = ShapesDataset.Render(4, 17).Pixels.ToArray();
        Assert.Equal(image, ShapesDataset.Render(4, 17).Pixels.ToArray());
        Assert.NotEqual(image, ShapesDataset.Render(4, 27).Pixels.ToArray());
        Assert.NotEqual(image, ShapesDataset.Render(5, 17).Pixels.ToArray());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(32)]
    [InlineData(65)]
    public void Images_have_the_wanted_size(int size)
    {
        var image = ShapesDataset.Render(0, 1, size);
        Assert.Equal((size, size), (image.Width, image.Height));
    }

    [Fact]
    public void Every_shape_stands_out_from_every_part_of_its_background() =>
        Gen.Select(Gen.Long, Gen.Int[0, 1_000_000]).Sample((seed, index) =>
        {
            var scene = ShapeScene.Of(seed, index);
            return Enumerable.Range(0, 9).Select(i => Rgb.Mix(scene.BackgroundFrom, scene.BackgroundTo, i / 8.0)).All(color =>
                Rgb.Distance(scene.Ink, color) > 0.9 * ShapeScene.LeastDistance
                && Rgb.LightnessGap(scene.Ink, color) > 0.9 * ShapeScene.LeastLightnessGap);
        }, iter: 500);

    [Fact]
    public void Every_shape_lies_inside_the_image_and_covers_a_good_part_of_it()
    {
        for (var index = 0; index < 500; index++)
        {
            var scene = ShapeScene.Of(2, index);
            var image = ShapesDataset.Render(2, index);
            var ink = Enumerable.Range(0, 32 * 32).Select(i => (X: i % 32, Y: i / 32)).Where(p => IsInk(image[p.X, p.Y], scene)).ToArray();
            Assert.InRange(ink.Length, 30, 600);
            Assert.All(ink, p => Assert.True(p.X is > 0 and < 31 && p.Y is > 0 and < 31, $"image {index} touches its border at {p}"));
        }
    }

    [Fact]
    public void Scenes_keep_to_their_ranges()
    {
        var scenes = Enumerable.Range(0, 500).Select(i => ShapeScene.Of(9, i)).ToArray();
        Assert.All(scenes, s => Assert.InRange(32 * s.HalfExtent, 8, 13));
        Assert.All(scenes, s => Assert.InRange(s.Degrees, -12, 12));
        Assert.InRange(scenes.Count(s => s.BackgroundFrom == s.BackgroundTo), 150, 350);
        Assert.Equal(10, scenes.Select(s => s.Label).Distinct().Count());
    }

    [Fact]
    public void Colors_that_look_alike_do_not_contrast()
    {
        Assert.Equal(1, Rgb.Distance(new Rgb(0, 0, 0), new Rgb(255, 255, 255)), 4);
        Assert.Equal(new Rgb(255, 0, 0), Rgb.FromHsv(0, 1, 1));
        Assert.Equal(new Rgb(0, 0, 255), Rgb.FromHsv(2 / 3.0, 1, 1));
        Assert.False(ShapeScene.Contrasts(new Rgb(200, 0, 0), new Rgb(255, 255, 255), new Rgb(180, 20, 10)));
        Assert.True(ShapeScene.Contrasts(new Rgb(200, 0, 0), new Rgb(255, 255, 255), new Rgb(250, 250, 250)));
    }

    [Fact]
    public void A_written_data_set_holds_ten_equal_classes_that_an_image_folder_reads()
    {
        using var folder = new TemporaryFolder();
        var reports = new Reports();
        var counts = ShapesDataset.Write(folder["shapes"], 40, seed: 3, reports);
        Assert.Equal(ShapesDataset.Classes, counts.Select(c => c.Class));
        Assert.All(counts, c => Assert.Equal(4, c.Images));
        Assert.Equal(Enumerable.Range(1, 40), reports.Seen);

        var images = ImageFolder.Open(folder["shapes"]);
        Assert.Equal(ShapesDataset.Classes, images.Classes);
        Assert.All(images.Files.GroupBy(f => f.Label), g => Assert.Equal(4, g.Count()));
        Assert.Equal(
            ShapesDataset.Render(3, 15).Pixels.ToArray(),
            ImageFile.Read(folder["shapes", "heart", "000015.png"]).Pixels.ToArray());
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void A_count_that_ten_does_not_divide_gives_the_first_classes_one_more()
    {
        using var folder = new TemporaryFolder();
        var counts = ShapesDataset.Write(folder["shapes"], 13, 0);
        Assert.Equal([2, 2, 2, 1, 1, 1, 1, 1, 1, 1], counts.Select(c => c.Images));
        Assert.All(counts, c => Assert.Equal(c.Images, Directory.GetFiles(folder["shapes", c.Class]).Length));
    }

    [Fact]
    public void An_empty_folder_is_filled_and_a_full_one_refused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["empty"]);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder["empty"], Private);
        ShapesDataset.Write(folder["empty"] + Path.DirectorySeparatorChar, 10, 0);
        Assert.Equal(10, Directory.GetFileSystemEntries(folder["empty"]).Length);
        // the folder is the one that was there
        if (!OperatingSystem.IsWindows()) Assert.Equal(Private, File.GetUnixFileMode(folder["empty"]));

        var mistake = Assert.Throws<DitException>(() => ShapesDataset.Write(folder["empty"], 10, 0));
        Assert.Contains("not empty", mistake.Message);
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Impossible_places_and_numbers_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        Assert.Throws<DitException>(() => ShapesDataset.Write(folder["file"], 10, 0));
        Assert.Throws<DitException>(() => ShapesDataset.Write(folder["file", "below"], 10, 0));
        Assert.Throws<DitException>(() => ShapesDataset.Write(folder["few"], 9, 0));
        Assert.Throws<DitException>(() => ShapesDataset.Write(folder["small"], 10, 0, size: 7));
        Assert.Throws<DitException>(() => ShapesDataset.Write(folder["large"], 10, 0, size: 4097));
        Assert.Contains("empty", Assert.Throws<DitException>(() => ShapesDataset.Write("", 10, 0)).Message);
        Assert.Throws<DitException>(() => ShapesDataset.Render(0, -1));
        Assert.Equal(["file"], Directory.GetFileSystemEntries(folder.Root).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cancelling_leaves_nothing_behind(bool exists)
    {
        using var folder = new TemporaryFolder();
        if (exists) Directory.CreateDirectory(folder["shapes"]);
        using var cancellation = new CancellationTokenSource();
        var stop = new Reports(_ => cancellation.Cancel());
        Assert.ThrowsAny<OperationCanceledException>(() => ShapesDataset.Write(folder["shapes"], 2000, 0, stop, cancellation.Token));
        Assert.NotEmpty(stop.Seen);
        Assert.Equal(exists ? ["shapes"] : [], Directory.GetFileSystemEntries(folder.Root).Select(Path.GetFileName));
        if (exists) Assert.Empty(Directory.GetFileSystemEntries(folder["shapes"]));
    }

    [Fact]
    public void A_failing_listener_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var fails = new Reports(_ => throw new InvalidOperationException("listener"));
        Assert.ThrowsAny<Exception>(() => ShapesDataset.Write(folder["shapes"], 100, 0, fails));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    private static bool IsInk((byte R, byte G, byte B) pixel, ShapeScene scene) =>
        Rgb.Distance(new Rgb(pixel.R, pixel.G, pixel.B), scene.Ink) < 0.1;

    private sealed class Reports(Action<int>? also = null) : IProgress<int>
    {
        public System.Collections.Concurrent.ConcurrentQueue<int> Seen { get; } = new();

        public void Report(int value)
        {
            Seen.Enqueue(value);
            also?.Invoke(value);
        }
    }
}
