namespace Dit.Runtime;

/// <summary>Digests of the files of a folder's images, each made when it is first asked for.</summary>
internal sealed class ImageSources(ImageFolder images)
{
    private readonly UInt128?[] known = new UInt128?[images.Count];

    /// <summary>Stops the reading of files.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The digests of neighboring images.</summary>
    /// <exception cref="UnreadableImageException">A file cannot be read.</exception>
    public IReadOnlyList<UInt128> Of(int first, int count)
    {
        ImageFolder.InParallel(count, n => known[first + n] ??= LatentHash.OfContent(images.Files[first + n].Path), Cancellation);
        return [.. known.Skip(first).Take(count).OfType<UInt128>()];
    }

    /// <summary>The digests of all images.</summary>
    public IReadOnlyList<UInt128> All => Of(0, images.Count);
}

/// <summary>Brings what earlier runs of encoding left in a folder in line with the images as they are now.</summary>
/// <remarks>
/// What was encoded from a file that is still there, with the same bytes, is kept: in its shard where nothing about the
/// shard has changed, else among <see cref="KeptLatents"/>.
/// </remarks>
/// <param name="folder">The folder of latents.</param>
/// <param name="wanted">What it is to hold.</param>
/// <param name="perShard">Images of a shard where there are as many.</param>
/// <param name="images">The images.</param>
/// <param name="sources">Digests of their files.</param>
internal sealed class LatentResume(string folder, LatentDescription wanted, int perShard, ImageFolder images, ImageSources sources)
{
    private bool IsFinished => LatentFolder.IsAt(folder);

    /// <summary>The shards that are still to be made; none where the folder is finished.</summary>
    /// <exception cref="DitException">
    /// The folder holds latents that were encoded in another way, or of other images.
    /// </exception>
    public int[] Missing()
    {
        if (IsFinished) RequireSameWay(LatentFolder.ReadIndex(folder));
        foreach (var path in KeptLatents.FilesIn(folder)) Read(path);
        var found = LatentFolder.ShardsIn(folder).Select(Look).ToArray();
        var unchanged =
            found.All(shard => wanted.DifferenceTo(shard.Description) is null)
            && (!IsFinished || wanted.DifferenceTo(LatentFolder.ReadIndex(folder)) is null);
        if (!unchanged) RequireMostImages(found);
        FoundShard[] stale = [.. found.Where(shard => !unchanged || HasOtherSources(shard))];
        if (stale.Length > 0 || !unchanged) Retire(stale);
        if (IsFinished)
        {
            LatentFolder.Open(folder).Dispose(); // whole in every shard
            return [];
        }
        var there = found.Except(stale).Select(static shard => shard.Number).ToHashSet();
        return [.. Enumerable.Range(0, wanted.Shards).Where(shard => !there.Contains(shard))];
    }

    private FoundShard Look(string name)
    {
        var (description, held) = Read(Path.Combine(folder, name));
        if (!int.TryParse(name.Split('-')[1], out var number) || number >= description.Shards || description.ShardName(number) != name)
            throw new DitException($"The folder {folder} holds the shard {name} of another run: name another folder, or remove it.");
        LatentShard.Open(folder, description, number).Dispose();
        return new(number, name, description, held);
    }

    private (LatentDescription Description, IReadOnlyList<UInt128> Sources) Read(string path)
    {
        var (file, description) = LatentShard.OpenAny(path);
        using (file)
        {
            RequireSameWay(description);
            return (description, LatentShard.SourcesOf(file));
        }
    }

    /// <summary>All but the images must be equal: their number, names and classes may have changed.</summary>
    private void RequireSameWay(LatentDescription old)
    {
        var same = old with
        {
            Images = wanted.Images,
            Source = wanted.Source,
            Classes = old.Classes is null ? null : wanted.Classes ?? old.Classes,
            ImagesPerShard = old.ImagesPerShard == Math.Min(old.Images, perShard) ? wanted.ImagesPerShard : old.ImagesPerShard,
        };
        if (same.DifferenceTo(wanted) is { } difference) throw OtherWay(difference);
    }

    // Names another data set, most likely: what took hours is not to go for that.
    private void RequireMostImages(IReadOnlyList<FoundShard> found)
    {
        if (found.FirstOrDefault(static shard => shard.Sources.Count == 0) is { } unknown) // of an earlier version
            throw OtherWay(unknown.Description.DifferenceTo(wanted) ?? "images that are not known");
        var now = sources.All.ToHashSet();
        var held = found.SelectMany(static shard => shard.Sources).ToArray();
        var common = held.Count(now.Contains);
        if (2 * common < held.Length)
            throw new DitException(
                $"The folder {folder} holds latents of {held.Length} images, of which {(common == 0 ? "none is" : $"{common} are")} in "
                    + $"{images.Root}: name another folder, or remove it.");
    }

    private bool HasOtherSources(FoundShard shard)
    {
        var (first, count) = wanted.ImagesOf(shard.Number);
        return shard.Sources.Count > 0 && !shard.Sources.SequenceEqual(sources.Of(first, count));
    }

    private void Retire(IReadOnlyList<FoundShard> stale)
    {
        try
        {
            File.Delete(LatentFolder.IndexOf(folder)); // not finished from now on
            foreach (var shard in stale) File.Move(Path.Combine(folder, shard.Name), KeptLatents.Next(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"The folder {folder} cannot be changed: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private DitException OtherWay(string difference) =>
        new($"The folder {folder} holds latents that were encoded in another way, with {difference}: name another folder, or remove it.");
}

/// <summary>A shard that lies in a folder.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its file name.</param>
/// <param name="Description">Of the run that wrote it.</param>
/// <param name="Sources">Digests of its images' files; none in a shard of an earlier version.</param>
internal sealed record FoundShard(int Number, string Name, LatentDescription Description, IReadOnlyList<UInt128> Sources);
