using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// What is found before a run: images that cannot be read, their sizes, and what is no part of the data.
/// </summary>
public sealed class ImageSurveyTests : IDisposable
{
    private static readonly ImageShape Shape = new(3, 16, 16);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private ImageFolder Shapes(int count = 20)
    {
        ShapesDataset.Write(folder["s"], count, 1, size: 16);
        return ImageFolder.Open(folder["s"]);
    }

    public static TheoryData<string, string> Formats => new()
    {
        { "png", ".png" },
        { "jpeg", ".jpg" },
        { "webp", ".webp" },
    };

    // Wherever a file is cut, it is refused before the first step.
    [Theory, MemberData(nameof(Formats))]
    public void A_file_that_is_cut_anywhere_is_found_by_its_header_and_its_end(string format, string ending)
    {
        var whole = Encoded.Of(format, 48, 48);
        var path = folder.Write($"a{ending}", whole);
        Assert.Equal((new ImageHeader(48, 48, false), ""), ImageFile.ReadHeader(path));
        var random = new Random(3);
        foreach (
            var length in Enumerable
                .Range(0, 40)
                .Select(_ => random.Next(whole.Length))
                .Concat([0, 1, 7, whole.Length / 2, whole.Length - 1, whole.Length - 2]))
        {
            File.WriteAllBytes(path, whole[..length]);
            var (header, problem) = ImageFile.ReadHeader(path);
            Assert.NotEqual("", problem);
            Assert.Null(header);
        }
    }

    [Fact]
    public void What_stands_behind_the_end_of_a_picture_is_passed_over()
    {
        foreach (var format in (string[])["png", "jpeg", "webp"])
        {
            var path = folder.Write("a.img", [.. Encoded.Of(format, 48, 48), .. new byte[70_000], 1, 2, 3]);
            Assert.Equal("", ImageFile.ReadHeader(path).Problem);
        }
    }

    [Fact]
    public void A_marker_of_the_end_in_the_small_picture_of_a_JPEG_s_head_is_not_its_end()
    {
        var whole = Encoded.Of("jpeg", 48, 48);
        byte[] small = [0xFF, 0xE1, 0x00, 0x08, 1, 2, 3, 4, 0xFF, 0xD9];
        var path = folder.Write("a.jpg", [.. whole[..2], .. small, .. whole[2..^600]]);
        Assert.Equal("ends before the picture does", ImageFile.ReadHeader(path).Problem);
        Assert.Equal("", ImageFile.ReadHeader(folder.Write("b.jpg", [.. whole[..2], .. small, .. whole[2..]])).Problem);
    }

    [Fact]
    public void Every_kind_of_unreadable_file_is_found_and_nothing_else()
    {
        var images = Shapes();
        var bad = new Dictionary<string, string>
        {
            [images.Files[1].Path] = "is empty",
            [images.Files[4].Path] = "is an HTML file, not PNG, JPEG, WebP or BMP",
            [images.Files[7].Path] = "ends before the picture does",
            [images.Files[19].Path] = "is a link to '/no/such/file', which does not exist",
        };
        File.WriteAllBytes(images.Files[1].Path, []);
        File.WriteAllText(images.Files[4].Path, "<html>404</html>");
        File.WriteAllBytes(images.Files[7].Path, File.ReadAllBytes(images.Files[7].Path)[..^40]);
        File.Delete(images.Files[19].Path);
        File.CreateSymbolicLink(images.Files[19].Path, "/no/such/file");

        var progress = new Each<int>();
        var survey = images.Survey(progress);
        Assert.Equal(bad.Select(static pair => new UnreadableImage(pair.Key, pair.Value)), survey.Unreadable);
        Assert.Equal(Enumerable.Range(1, 20), progress.Seen);
        Assert.Equal(new ImageSizes((16, 16), (16, 16), 16, 0), survey.Sizes);
        Assert.Throws<OperationCanceledException>(() => images.Survey(cancellation: new CancellationToken(canceled: true)));

        var readable = images.SkippingUnreadable(survey.Unreadable);
        Assert.Equal(images.Files.Where(file => !bad.ContainsKey(file.Path)), readable.Files);
        Assert.Equal(survey.Unreadable.OrderBy(static image => image.Path, StringComparer.Ordinal), readable.Unreadable);
    }

    [Fact]
    public void A_class_without_a_readable_image_is_refused_and_so_is_a_folder_without_one()
    {
        var images = Shapes();
        UnreadableImage[] heart =
        [
            .. images
                .Files.Where(file => images.Classes[file.Label] == "heart")
                .Select(static file => new UnreadableImage(file.Path, "is empty")),
        ];
        Assert.Contains(
            $"No image of the class folder {folder["s", "heart"]} can be read",
            Assert.Throws<DitException>(() => images.SkippingUnreadable(heart)).Message,
            StringComparison.Ordinal);
        UnreadableImage[] all = [.. images.Files.Select(static file => new UnreadableImage(file.Path, "is empty"))];
        Assert.Contains("No image in", Assert.Throws<DitException>(() => images.SkippingUnreadable(all)).Message, StringComparison.Ordinal);
    }

    // The replacement is a function of the files: neither threads nor what was loaded before change it.
    [Fact]
    public void An_image_that_fails_later_gives_its_place_to_the_next_one_with_its_label()
    {
        using var scope = NewDisposeScope();
        var images = Shapes();
        foreach (var i in (int[])[2, 3, 19]) DamagedImage.InTheMiddle(images.Files[i].Path);
        Assert.Empty(images.Survey().Unreadable);
        Assert.ThrowsAny<DitException>(() => images.LoadBatch([2], Shape));

        var (a, b) = (images.SkippingUnreadable([]), images.SkippingUnreadable([]));
        b.LoadBatch([19, 3], Shape);
        var (pixels, labels) = a.LoadBatch([2, 3, 19, 5], Shape, [true, false, false, false]);
        var (again, labelsAgain) = b.LoadBatch([2, 3, 19, 5], Shape, [true, false, false, false]);
        var (expected, expectedLabels) = images.LoadBatch([4, 4, 0, 5], Shape, [true, false, false, false]);
        Assert.True(expected.Equals(pixels) && expected.Equals(again));
        Assert.True(expectedLabels.Equals(labels) && expectedLabels.Equals(labelsAgain));
        Assert.Equal(
            new[] { 2, 3, 19 }.Select(i => images.Files[i].Path).Order(StringComparer.Ordinal),
            a.Unreadable.Select(static image => image.Path));
    }

    [Fact]
    public void Sizes_and_gray_are_told()
    {
        Directory.CreateDirectory(folder["a"]);
        File.WriteAllBytes(folder["a", "1.png"], Encoded.Of("png gray", 28, 28));
        var sizes = ImageFolder.Open(folder.Root).Survey().Sizes;
        Assert.Equal("28 x 28 gray", sizes?.ToString());
        Assert.Equal((true, false, false), (sizes?.AreAll(new(1, 28, 28)), sizes?.AreAll(new(3, 28, 28)), sizes?.AreAll(new(1, 32, 32))));
        ImageFile.WritePng(folder["a", "2.png"], RgbImage.Filled(70, 40, (1, 2, 3)));
        Assert.Equal("28 x 28 to 40 x 70, 1 of them gray,", ImageFolder.Open(folder.Root).Survey().Sizes?.ToString());
        File.Delete(folder["a", "1.png"]);
        Assert.Equal("40 x 70", ImageFolder.Open(folder.Root).Survey().Sizes?.ToString());
    }

    [Fact]
    public void What_is_left_out_is_counted_by_kind()
    {
        var images = Shapes(10);
        Assert.Equal((0, ""), (images.LeftOut.Count, images.LeftOut.ToString()));
        foreach (var name in (string[])["a.txt", "b.TXT", "c.avif", "d", "x.png", "y.JPG", ".DS_Store"])
            File.WriteAllText(folder["s", name], "");
        foreach (var name in (string[])["e.gif", "f.heic", "g.tif"]) File.WriteAllText(folder["s", "star", name], "");
        Directory.CreateDirectory(folder["s", "star", "more"]);
        Directory.CreateDirectory(folder["s", ".git"]);
        Assert.Equal(
            "7 files of unknown type (.txt, no ending, .avif, .gif, ...), 2 images beside the class folders, 1 nested folder, 2 entries "
                + "with a name that begins with a dot",
            ImageFolder.Open(folder["s"]).LeftOut.ToString());
        var unlabeled = ImageFolder.OpenUnlabeled(folder["s"]);
        Assert.Equal((12, 0, 1), (unlabeled.Count, unlabeled.LeftOut.BesideClasses, unlabeled.LeftOut.NestedFolders));
    }

    [LinuxFact("Names are text on other systems.")]
    public void A_name_that_is_not_UTF8_is_said_to_be_that()
    {
        var images = Shapes(10);
        DamagedImage.CopyToLatin1Name(images.Files[0].Path, folder["s", "star"]);
        images = ImageFolder.Open(folder["s"]);
        var found = Assert.Single(images.Survey().Unreadable);
        Assert.Equal("has a name that is not UTF-8 (its other bytes are shown as \uFFFD)", found.Problem);
        Assert.Equal(10, images.SkippingUnreadable([found]).Count);
        Assert.Contains("not UTF-8", Assert.ThrowsAny<DitException>(() => ImageFile.Read(found.Path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(folder["s", "star", "a\uFFFDb.png"], File.ReadAllBytes(images.Files[0].Path)); // the character itself is fine
        Assert.Single(ImageFolder.Open(folder["s"]).Survey().Unreadable);
        DamagedImage.RemoveLatin1Name(folder["s", "star"]); // .NET cannot
    }

    [UnixFact("Windows has no such names.")]
    public void A_class_folder_with_a_name_that_cannot_be_said_is_refused()
    {
        Directory.CreateDirectory(folder["a\tb"]);
        Assert.Contains(
            "has a control character in its name",
            Assert.Throws<DitException>(() => ImageFolder.Open(folder.Root)).Message,
            StringComparison.Ordinal);
        File.WriteAllBytes(folder["a\tb", "a.png"], Encoded.Of("png", 48, 48));
        Assert.Equal(1, ImageFolder.OpenUnlabeled(folder.Root).Count); // nothing is called by it
    }
}
