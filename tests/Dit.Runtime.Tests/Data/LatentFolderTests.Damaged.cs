using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Folders that are not whole, or that somebody changed.</summary>
public sealed partial class LatentFolderTests
{
    [Fact]
    public void Folders_that_are_not_whole_are_one_sentence()
    {
        AssertRefused("does not exist");
        Assert.Contains(
            "is no folder of latents",
            OneSentence(() => LatentFolder.Open(folder["shapes"])).Message,
            StringComparison.Ordinal);
        Encode("latents", Small);
        var (first, second) = (
            folder["latents", "latents-00000-of-00004.safetensors"], folder["latents", "latents-00001-of-00004.safetensors"]);
        var bytes = File.ReadAllBytes(first);

        File.WriteAllBytes(first, bytes[..^5]);
        AssertRefused("is the download complete?");
        File.WriteAllBytes(first, File.ReadAllBytes(second));
        AssertRefused("under the name of another");
        SafeTensors.Save(first, []);
        AssertRefused("is no shard of latents");
        File.Delete(first);
        AssertRefused("lacks its shard latents-00000-of-00004.safetensors");
        File.WriteAllBytes(first, bytes);
        LatentFolder.Open(folder["latents"]).Dispose();
    }

    [Fact]
    public void Tensors_that_are_not_the_description_s_are_one_sentence()
    {
        Encode("latents", Small);
        LatentDescription description;
        using (var latents = LatentFolder.Open(folder["latents"])) description = latents.Description;
        using var moments = zeros(3, 8, 8, 8);

        LatentShard.Write(folder["latents"], description, 0, moments, null, [0, 1, 2]);
        AssertRefused("moments_mirrored");
        using (var small = zeros(3, 8, 4, 4)) LatentShard.Write(folder["latents"], description, 0, small, moments, [0, 1, 2]);
        AssertRefused("should be Float32 (3, 8, 8, 8), and is Float32 (3, 8, 4, 4)");
        using (var half = moments.to(ScalarType.Float16)) LatentShard.Write(folder["latents"], description, 0, half, moments, [0, 1, 2]);
        AssertRefused("is Float16");
        LatentShard.Write(folder["latents"], description, 0, moments, moments, [0, 1, 10]);
        AssertRefused("has the label 10, and there are 10 classes");
        LatentShard.Write(folder["latents"], description with { Autoencoder = Tiny with { Scale = 1 } }, 0, moments, moments, [0, 1, 2]);
        AssertRefused("scale 1, shift 0) instead of kl-f2-tiny");
        LatentShard.Write(folder["latents"], description with { Encoder = "0123456789abcdef" }, 0, moments, moments, [0, 1, 2]);
        AssertRefused("encoder weights 0123456789abcdef instead of ");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("{}", "names no version")]
    [InlineData("[1]", "not a JSON object")]
    [InlineData("{\"version\": 2}", "reads version 1")]
    [InlineData("{\"version\": \"one\"}", "reads version 1")]
    [InlineData("{\"version\": 1}", "does not describe latents")]
    public void An_index_that_says_nothing_is_one_sentence(string text, string part)
    {
        Encode("latents", Small);
        File.WriteAllText(folder["latents", LatentFolder.IndexName], text);
        AssertRefused(part);
    }

    [Theory]
    [InlineData("\"height\": 16", "\"height\": 17", "are not made of latent pixels of 2 x 2")]
    [InlineData("\"height\": 16", "\"height\": -2", "are not made of latent pixels of 2 x 2")]
    [InlineData("\"images\": 10", "\"images\": 0", "are none")]
    [InlineData("\"imagesPerShard\": 3", "\"imagesPerShard\": 0", "are none")]
    [InlineData("\"type\": \"f32\"", "\"type\": \"f8\"", "its type is 'f8'")]
    [InlineData("\"latentChannels\": 4", "\"latentChannels\": 0", "no channels")]
    [InlineData("\"ring\"", "\"\"", "a class has no name")]
    [InlineData("\"ring\"", "null", "does not describe latents")]
    [InlineData("\"tile\": 0", "\"tile\": 0, \"more\": 1", "does not describe latents")]
    [InlineData("\"images\": 10", "\"images\": 11", "the number of images 10 instead of 11")]
    public void An_index_with_a_wrong_value_is_one_sentence(string value, string other, string part)
    {
        Encode("latents", Small);
        var index = folder["latents", LatentFolder.IndexName];
        var text = File.ReadAllText(index);
        Assert.Contains(value, text, StringComparison.Ordinal);
        File.WriteAllText(index, text.Replace(value, other, StringComparison.Ordinal));
        AssertRefused(part);
    }

    [Theory]
    [InlineData(LatentFolder.IndexName)]
    [InlineData("latents-00001-of-00004.safetensors")]
    public void Damaged_bytes_are_one_sentence_or_make_no_difference(string file)
    {
        const int Header = 1200; // bytes to damage, all of the index
        Encode("latents", Small);
        var (path, random) = (folder["latents", file], new Random(7));
        var whole = File.ReadAllBytes(path);
        var refused = 0;
        for (var i = 0; i < 300; i++)
        {
            var bytes = whole.ToList();
            var at = random.Next(Math.Min(Header, bytes.Count));
            switch (i % 3)
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveAt(at); break;
                default: bytes.Insert(at, (byte)"\"{}[],:09\\u"[random.Next(11)]); break;
            }
            File.WriteAllBytes(path, [.. bytes]);
            try
            {
                LatentFolder.Open(folder["latents"]).Dispose();
            }
            catch (DitException e)
            {
                Assert.Single(e.Message.Split('\n'));
                refused++;
            }
        }
        Assert.InRange(refused, 200, 300);
    }
}
