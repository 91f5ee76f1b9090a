using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class ImageFolderTests
{
    private static readonly ImageShape Shape = new(3, 32, 32);

    [Fact]
    public void Classes_and_files_are_in_ordinal_order_and_strangers_are_left_out()
    {
        using var folder = new TemporaryFolder();
        Add(folder, "b", "2.png", "10.PNG", "notes.txt", ".hidden.png");
        Add(folder, "B", "x.jpg");
        Add(folder, "a", "y.webp", "x.bmp", "z.jpeg");
        Add(folder, ".git", "x.png");
        File.WriteAllText(folder["README.md"], "");
        var images = ImageFolder.Open(folder.Root);
        Assert.Equal(["B", "a", "b"], images.Classes);
        Assert.Equal(["B/x.jpg 0", "a/x.bmp 1", "a/y.webp 1", "a/z.jpeg 1", "b/10.PNG 2", "b/2.png 2"],
            images.Files.Select(f => $"{Path.GetRelativePath(folder.Root, f.Path).Replace('\\', '/')} {f.Label}"));
        Assert.Equal(6, images.Count);
    }

    [Fact]
    public void A_missing_folder_no_classes_and_an_empty_class_are_told()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("does not exist", Assert.Throws<DitException>(() => ImageFolder.Open(folder["none"])).Message);
        Assert.Contains("no class folders", Assert.Throws<DitException>(() => ImageFolder.Open(folder.Root)).Message);
        Add(folder, "full", "a.png");
        Add(folder, "hollow", "a.txt");
        Assert.Contains(folder["hollow"], Assert.Throws<DitException>(() => ImageFolder.Open(folder.Root)).Message);
    }

    [Fact]
    public void Without_classes_the_images_of_a_folder_and_of_its_folders_are_listed()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Assert.Contains("holds no images", Assert.Throws<DitException>(() => ImageFolder.OpenUnlabeled(folder.Root)).Message);
        Assert.Contains("does not exist", Assert.Throws<DitException>(() => ImageFolder.OpenUnlabeled(folder["none"])).Message);
        Add(folder, "b", "2.png", "notes.txt");
        Add(folder, "empty");
        Add(folder, ".git", "x.png");
        Add(folder, ".", "z.png", "a.jpg", ".hidden.png");
        var images = ImageFolder.OpenUnlabeled(folder.Root);
        Assert.Empty(images.Classes);
        Assert.Equal(["a.jpg 0", "z.png 0", "b/2.png 0"],
            images.Files.Select(f => $"{Path.GetRelativePath(folder.Root, f.Path).Replace('\\', '/')} {f.Label}"));
        Assert.True(images.LoadImages([0, 2], Shape).Equals(images.LoadBatch([0, 2], Shape).Images));
        Assert.True(images.LoadImages([1], Shape, [true]).Equals(images.LoadImages([1], Shape).flip(3)));
    }

    [Fact]
    public void A_batch_holds_the_pixels_in_minus_one_to_one_and_the_labels()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ShapesDataset.Write(folder["s"], 20, 1);
        var images = ImageFolder.Open(folder["s"]);
        var (batch, labels) = images.LoadBatch([19, 0, 3], Shape);
        Assert.Equal([3, 3, 32, 32], batch.shape);
        Assert.Equal(ScalarType.Float32, batch.dtype);
        Assert.Equal([9, 0, 1], labels.data<long>().ToArray());
        Assert.True(batch.min().item<float>() >= -1 && batch.max().item<float>() <= 1);
        for (var n = 0; n < 3; n++)
            Assert.Equal(
                ImageFile.Read(images.Files[new[] { 19, 0, 3 }[n]].Path).Pixels.ToArray(),
                RgbImage.FromTensor(batch[n]).Pixels.ToArray());
    }

    [Fact]
    public void Flips_mirror_the_images_that_they_name()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ShapesDataset.Write(folder["s"], 10, 1);
        var images = ImageFolder.Open(folder["s"]);
        var plain = images.LoadBatch([0, 2], Shape).Images;
        var flipped = images.LoadBatch([0, 2], Shape, [false, true]).Images;
        Assert.True(flipped[0].Equals(plain[0]));
        Assert.True(flipped[1].Equals(plain[1].flip(2)));
        Assert.False(flipped[1].Equals(plain[1]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3 * 32 * 32)]
    [InlineData(ImageFolder.DefaultCacheBytes)]
    public void The_cache_changes_no_value_and_keeps_to_its_budget(long budget)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ShapesDataset.Write(folder["s"], 10, 1);
        var images = ImageFolder.Open(folder["s"], budget);
        int[] all = [.. Enumerable.Range(0, 10)];
        var first = images.LoadBatch(all, Shape).Images;
        var second = images.LoadBatch(all, Shape).Images;
        Assert.True(first.Equals(second));
        Assert.Equal(Math.Min(budget, 10 * 3 * 32 * 32), images.CachedBytes);
    }

    [Fact]
    public void Cached_images_are_not_decoded_again()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ShapesDataset.Write(folder["s"], 10, 1);
        var images = ImageFolder.Open(folder["s"]);
        var first = images.LoadBatch([4], Shape).Images;
        File.Delete(images.Files[4].Path);
        var second = images.LoadBatch([4], Shape).Images;
        Assert.True(first.Equals(second));
        Assert.ThrowsAny<DitException>(() => images.LoadBatch([4], new ImageShape(3, 16, 16)));
    }

    [Fact]
    public void Other_sizes_are_cropped_and_one_channel_is_grey()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["red"]);
        ImageFile.WritePng(folder["red", "a.png"], RgbImage.Filled(70, 40, (255, 0, 0)));
        var images = ImageFolder.Open(folder.Root);
        var color = images.LoadBatch([0], new ImageShape(3, 16, 24)).Images;
        Assert.Equal([1, 3, 16, 24], color.shape);
        Assert.Equal((255, 0, 0), RgbImage.FromTensor(color[0])[5, 5]);
        var gray = images.LoadBatch([0], new ImageShape(1, 8, 8)).Images;
        Assert.Equal([1, 1, 8, 8], gray.shape);
        Assert.Equal((76, 76, 76), RgbImage.FromTensor(gray[0])[5, 5]);
    }

    [Fact]
    public void A_bad_image_is_named()
    {
        using var folder = new TemporaryFolder();
        ShapesDataset.Write(folder["s"], 20, 1);
        File.WriteAllText(folder["s", "ring", "000006.png"], "no pixels");
        var images = ImageFolder.Open(folder["s"]);
        var mistake = Assert.ThrowsAny<DitException>(() => images.LoadBatch([.. Enumerable.Range(0, 20)], Shape));
        Assert.Contains(Path.Combine("ring", "000006.png"), mistake.Message);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_told()
    {
        using var folder = new TemporaryFolder();
        Add(folder, "a", "a.png");
        var images = ImageFolder.Open(folder.Root);
        Assert.Throws<DitException>(() => images.LoadBatch([], Shape));
        Assert.Throws<DitException>(() => images.LoadBatch([1], Shape));
        Assert.Throws<DitException>(() => images.LoadBatch([-1], Shape));
        Assert.Throws<DitException>(() => images.LoadBatch([0], new ImageShape(4, 32, 32)));
        Assert.Throws<DitException>(() => images.LoadBatch([0], Shape, [true, false]));
    }

    [Fact]
    public void Loading_leaves_only_the_batch_to_dispose()
    {
        using var folder = new TemporaryFolder();
        ShapesDataset.Write(folder["s"], 10, 1);
        var images = ImageFolder.Open(folder["s"]);
        var before = LiveTensors.Count();
        foreach (var indices in EpochOrder.BatchIndices(images.Count, 4, 0).Take(5))
        {
            var (batch, labels) = images.LoadBatch(indices, Shape, EpochOrder.Flips(4, 0, 1));
            Assert.Equal(before + 2, LiveTensors.Count());
            batch.Dispose();
            labels.Dispose();
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    private static void Add(TemporaryFolder folder, string name, params string[] files)
    {
        Directory.CreateDirectory(folder[name]);
        foreach (var file in files) File.WriteAllBytes(folder[name, file], ImageFile.EncodePng(ShapesDataset.Render(0, 0)));
    }
}
