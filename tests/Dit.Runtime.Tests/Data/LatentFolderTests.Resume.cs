using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Runs of encoding after the first: what a stopped, a finished and a different run left, and images that have changed
/// since.
/// </summary>
public sealed partial class LatentFolderTests
{
    [Theory]
    [InlineData(1)] // in the first shard
    [InlineData(7)] // in the third
    public void A_run_that_was_stopped_and_went_on_writes_the_same_bytes(int stopAfter)
    {
        Encode("once", Small);
        using var stop = new CancellationTokenSource();
        var stopped = Encode(
            "twice",
            Small with
            {
                Batch = 1,
            },
            progress: new Each<LatentProgress>(now =>
            {
                if (now.Done >= stopAfter)
                    stop.Cancel();
            }),
            cancellation: stop.Token);
        Assert.Equal((true, stopAfter), (stopped.Cancelled, stopped.Done));
        Assert.Equal(stopAfter / 3, FilesOf("twice").Length); // whole shards, no index, nothing temporary
        AssertRefused("is not finished", "twice");

        var progress = new Each<LatentProgress>();
        var went = Encode("twice", Small, progress: progress);
        Assert.Equal((false, stopped.Done, Images), (went.Cancelled, went.Kept, went.Done));
        Assert.All(progress.Seen, now => Assert.InRange(now.Done, stopped.Done + 1, Images));
        AssertSame("once", "twice");
    }

    private void AssertSame(string once, string twice)
    {
        Assert.Equal(FilesOf(once), FilesOf(twice));
        Assert.Empty(Directory.GetDirectories(folder[twice])); // nothing kept apart
        Assert.All(FilesOf(once), file => Assert.Equal(File.ReadAllBytes(folder[once, file]), File.ReadAllBytes(folder[twice, file])));
    }

    [Fact]
    public void A_finished_folder_is_left_as_it_is()
    {
        Encode("latents", Small);
        var before = FilesOf("latents").Select(file => File.GetLastWriteTimeUtc(folder["latents", file])).ToArray();
        var again = Encode("latents", Small);
        Assert.Equal((Images, Images, false), (again.Kept, again.Done, again.Cancelled));
        Assert.Equal(before, FilesOf("latents").Select(file => File.GetLastWriteTimeUtc(folder["latents", file])));
    }

    public static TheoryData<string, string> OtherRuns => new()
    {
        { "type", "the type f16 instead of f32" },
        { "mirrored", "mirrored images" },
        { "shard", "images of a shard" },
        { "classes", "classes" },
    };

    [Theory, MemberData(nameof(OtherRuns))]
    public void A_folder_of_another_run_is_refused_finished_or_not(string change, string part)
    {
        Encode("latents", Small with { Type = ScalarType.Float16 });
        var other = Small with { Type = ScalarType.Float16 };
        other = change switch
        {
            "type" => other with { Type = ScalarType.Float32 },
            "mirrored" => other with { Mirrored = false },
            "shard" => other with { ImagesPerShard = 5 },
            _ => other,
        };
        var from = change == "classes" ? ImageFolder.OpenUnlabeled(folder["shapes"]) : images;
        Assert.Contains(part, OneSentence(() => Encode("latents", other, from)).Message, StringComparison.Ordinal);
        File.Delete(folder["latents", LatentFolder.IndexName]);
        OneSentence(() => Encode("latents", other, from));
        Assert.Equal(5, FilesOf("latents").Length);
    }

    [Fact]
    public void Latents_of_other_weights_or_images_are_refused()
    {
        Encode("latents", Small);
        using var other = AutoencoderKL.Create(Tiny, seed: 4);
        var encoding = new LatentEncoding(images, (Side, Side), other, Small);
        Assert.Contains("encoder weights", OneSentence(() => encoding.Run(folder["latents"])).Message, StringComparison.Ordinal);
        ShapesDataset.Write(folder["others"], Images, seed: 9, size: Side);
        Assert.Contains(
            $"of which none is in {folder["others"]}",
            OneSentence(() => Encode("latents", Small, ImageFolder.Open(folder["others"]))).Message,
            StringComparison.Ordinal);
        foreach (var file in images.Files.Skip(4))
            File.WriteAllBytes(
                file.Path,
                File.ReadAllBytes(folder["others", Path.GetFileName(Path.GetDirectoryName(file.Path)) ?? "", Path.GetFileName(file.Path)]));
        Assert.Contains("of which 4 are in", OneSentence(() => Encode("latents", Small)).Message, StringComparison.Ordinal);
        Assert.Equal(6, FilesOf("latents").Length);
    }

    public static TheoryData<int, string> Changes
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var change in (string[])["removed", "repaired", "repaired, of the same length", "added", "renamed", "several"])
                foreach (var stopAfter in (int[])[0, 1, 4, 8, Images])
                    data.Add(stopAfter, change);
            return data;
        }
    }

    // Whatever was encoded when the images changed, the folder is in the end that of a run from the start, and nothing
    // that was encoded and is still wanted is encoded again.
    [Theory, MemberData(nameof(Changes))]
    public void Encoding_goes_on_when_images_have_changed(int stopAfter, string change)
    {
        using var stop = new CancellationTokenSource();
        if (stopAfter == 0) stop.Cancel();
        Encode(
            "latents",
            Small with
            {
                Batch = 1,
            },
            progress: new Each<LatentProgress>(now =>
            {
                if (now.Done == stopAfter && stopAfter < Images)
                    stop.Cancel();
            }),
            cancellation: stop.Token);
        var before = images.Files.Take(stopAfter).Select(static file => Convert.ToHexString(File.ReadAllBytes(file.Path))).ToHashSet();
        Change(change);
        var changed = ImageFolder.Open(folder["shapes"], cacheBytes: 0);
        var expected = changed.Files.Count(file => before.Contains(Convert.ToHexString(File.ReadAllBytes(file.Path))));

        Encode("fresh", Small, changed);
        var progress = new Each<LatentProgress>();
        var result = Encode("latents", Small, changed, progress);
        Assert.Equal((expected, changed.Count, false), (result.Kept, result.Done, result.Cancelled));
        Assert.True(progress.Seen.Count == 0 ? expected == changed.Count : progress.Seen[0].Kept == expected);
        AssertSame("fresh", "latents");
        Assert.Equal(changed.Count, Encode("latents", Small, changed).Kept);
    }

    private void Change(string change)
    {
        var random = new Random(1);
        foreach (var kind in change == "several" ? (string[])["removed", "repaired, of the same length", "added"] : [change])
        {
            var file = images.Files[change == "several" ? 7 : random.Next(Images)].Path;
            if (kind == "removed") Directory.Delete(Path.GetDirectoryName(file) ?? "", recursive: true); // with it its class
            if (kind == "repaired") File.AppendAllText(file, " ");
            if (kind == "renamed") File.Move(file, Path.Combine(Path.GetDirectoryName(file) ?? "", "z.png"));
            if (kind == "added") File.Copy(images.Files[5].Path, Path.Combine(Path.GetDirectoryName(images.Files[2].Path) ?? "", "0.png"));
            if (kind != "repaired, of the same length") continue;
            file = images.Files[0].Path;
            var (length, time) = (new FileInfo(file).Length, File.GetLastWriteTimeUtc(file));
            ImageFile.WritePng(file, RgbImage.Filled(Side, Side, (9, 8, 7)));
            var bytes = File.ReadAllBytes(file);
            Array.Resize(ref bytes, (int)length); // zeros behind the end, which decoders pass over
            File.WriteAllBytes(file, bytes);
            File.SetLastWriteTimeUtc(file, time);
        }
    }

    [Fact]
    public void An_image_that_fails_midway_loses_nothing_and_is_left_out_where_that_is_asked_for()
    {
        var flat = ImageFolder.OpenUnlabeled(folder["shapes"], cacheBytes: 0); // with classes, one of them would be left without an image
        Damage(flat.Files[5].Path); // found by decoding alone
        Damage(flat.Files[8].Path);
        Assert.Empty(flat.Survey().Unreadable);
        Assert.Contains(
            flat.Files[5].Path,
            OneSentence(() => Encode("latents", Small with { Batch = 1 }, flat)).Message,
            StringComparison.Ordinal);

        var skipping = flat.SkippingUnreadable([]);
        var result = Encode("latents", Small with { Batch = 1 }, skipping);
        Assert.Equal((5, Images - 2, 2), (result.Kept, result.Done, result.Unreadable.Count));
        Assert.Equal(Images - 2, result.Description.Images);
        Assert.Equal(
            [flat.Files[5].Path, flat.Files[8].Path],
            File.ReadAllLines(folder["latents", TrainingFolder.UnreadableName]).Select(static line => line.Split(' ')[0]));
        Encode("fresh", Small, flat.SkippingUnreadable([]));
        AssertSame("fresh", "latents");

        ShapesDataset.Write(folder["whole"], Images, seed: 1, size: Side);
        foreach (var i in (int[])[5, 8])
            File.Copy(
                flat.Files[i].Path.Replace(folder["shapes"], folder["whole"], StringComparison.Ordinal),
                flat.Files[i].Path,
                overwrite: true);
        Assert.Equal(Images - 2, Encode("latents", Small, flat).Kept); // repaired: the list goes, too
        Encode("all", Small, flat);
        AssertSame("all", "latents");
    }

    private static void Damage(string path) => DamagedImage.InTheMiddle(path);

    [Fact]
    public void A_second_run_into_a_folder_and_a_folder_in_the_images_are_refused()
    {
        using (FolderClaim.Take(folder["latents"]))
            Assert.Contains("A different run is writing to", OneSentence(() => Encode("latents", Small)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["latents"]));
        Assert.Contains(
            "lies in the folder of the data",
            OneSentence(() => new LatentEncoding(images, (Side, Side), autoencoder, Small).Run(folder["shapes", "latents"])).Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["shapes", "latents"]));
    }
}
