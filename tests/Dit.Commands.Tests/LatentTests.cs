using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Shapes of 16 x 16 pixels and the weights of a small random autoencoder.</summary>
public sealed class ShapesAndAutoencoder : IDisposable
{
    private readonly TestFolder folder = new();

    public ShapesAndAutoencoder()
    {
        Images = folder.Path("shapes");
        ShapesDataset.Write(Images, Count, seed: 1, size: 16);
        Vae = folder.Path("vae.safetensors");
        using var autoencoder = AutoencoderKL.Create(Card, seed: 2);
        Checkpoint.Save(autoencoder, Vae);
    }

    /// <summary>Number of images.</summary>
    public const int Count = 20;

    /// <summary>The autoencoder of the models in latents.dit.yaml.</summary>
    public static AutoencoderCard Card =>
        LatentsClasses.Card.Autoencoder ?? throw new InvalidOperationException("It is a model of latents.");

    /// <summary>The folder of images.</summary>
    public string Images { get; }

    /// <summary>The autoencoder's weights.</summary>
    public string Vae { get; }

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();
}

/// <summary>Command lines about latents: encode, train, decode, reconstruct.</summary>
public sealed partial class LatentTests(ShapesAndAutoencoder shapes) : IClassFixture<ShapesAndAutoencoder>, IDisposable
{
    private const string Classes = "Latents-Classes", Nothing = "Latents-Nothing";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) => Cli.Run(DitModelsOfThisProject, CancellationToken.None, args);

    private static IReadOnlyList<ModelDefinition> DitModelsOfThisProject => [.. Tiny.DitModels.All, .. Dit.Definitions.DitModels.All];

    private string[] EncodeLine(string outName, params string[] more) => Line.With(
        "encode",
        [
            ("--data", shapes.Images),
            ("--vae", shapes.Vae),
            ("--model", Classes),
            ("--out", folder.Path(outName)),
            ("--shard-images", "8"),
            ("--batch", "3"),
        ],
        more);

    private CliResult Encode(string outName, params string[] more) => Run(EncodeLine(outName, more));

    private CliResult Train(string data, params string[] more) => Run(Line.With(
        "train",
        [("--data", data), ("--model", Classes), ("--out", folder.Path("run")), ("--steps", "3"), ("--batch", "4"), ("--ema", "0")],
        more));

    private string Losses(string run) => File.ReadAllText(folder.Path(run, "loss.csv"));

    [Fact]
    public void Images_are_encoded_and_trained_on()
    {
        var text = Encode("latents", "--flip").Succeeds();
        Assert.Contains(
            "Encoding 20 images of 10 classes at 16 x 16 pixels by kl-small: latents of 4 x 8 x 8, 81.92 kB in 3 files",
            text,
            StringComparison.Ordinal);
        Assert.EndsWith($"Wrote the latents of 20 images to {folder.Path("latents")}\n", text, StringComparison.Ordinal);
        Assert.Equal(
            [
                "images.jsonl",
                "latents-00000-of-00003.safetensors",
                "latents-00001-of-00003.safetensors",
                "latents-00002-of-00003.safetensors",
                "latents.json",
            ],
            folder.Files("latents"));

        text = Train(folder.Path("latents")).Succeeds();
        Assert.Contains("on 20 images of 10 classes", text, StringComparison.Ordinal);
        Train(folder.Path("latents"), "--out", folder.Path("again")).Succeeds();
        Train(folder.Path("latents"), "--out", folder.Path("other"), "--seed", "1").Succeeds();
        Assert.Equal(Losses("run"), Losses("again"));
        Assert.NotEqual(Losses("run"), Losses("other"));
        Run(
                "sample",
                "--model",
                Classes,
                "--checkpoint",
                folder.Path("run", "weights.safetensors"),
                "--classes",
                "ring,star",
                "--count",
                "3",
                "--out",
                folder.Path("a.safetensors"))
            .Succeeds();

        text = Decode(folder.Path("a.safetensors"), "a.png").Succeeds(); // the file says which model drew it
        Assert.Equal($"Wrote 6 pictures of latents of 4 x 8 x 8 to {folder.Path("a.png")}\n", text);
        Decode(folder.Path("a.safetensors"), "pictures").Succeeds(); // rows by the names that the sampler wrote beside them
        Assert.Equal(
            [.. Enumerable.Range(0, 6).Select(i => $"000{i}-{(i < 3 ? "6-ring" : "8-star")}.png"), "grid.png"],
            folder.Files("pictures"));
        Assert.Equal(File.ReadAllBytes(folder.Path("a.png")), File.ReadAllBytes(folder.Path("pictures", "grid.png")));
        AssertPicture(folder.Path("pictures", "0004-8-star.png"), autoencoder =>
        {
            using var file = SafeTensorsFile.Open(folder.Path("a.safetensors"));
            using var latents = ScaledLatents.Of(file.Read("samples").narrow(0, 4, 1), ShapesAndAutoencoder.Card);
            return autoencoder.Decode(latents);
        });
    }

    [Fact]
    public void Images_without_classes_train_models_of_nothing()
    {
        Directory.CreateDirectory(folder.Path("flat"));
        foreach (var image in Directory.EnumerateFiles(shapes.Images, "*.png", SearchOption.AllDirectories))
            File.Copy(image, folder.Path("flat", Path.GetFileName(image)));
        Assert.Contains(
            "Encoding 20 images without labels",
            Encode("latents", "--data", folder.Path("flat"), "--model", Nothing).Succeeds(),
            StringComparison.Ordinal);
        Train(folder.Path("latents"), "--model", Nothing).Succeeds();
        Assert.Equal(
            $"The latents in {folder.Path("latents")} have no labels, and {Classes} is conditioned on classes: encode a folder with one "
                + $"folder of images for each class.",
            Train(folder.Path("latents"), "--out", folder.Path("no")).Mistake());
        Encode("labeled", "--model", Nothing).Succeeds();
        Train(folder.Path("labeled"), "--out", folder.Path("more")).Succeeds(); // the folder has labels, whatever the model
        Assert.False(Directory.Exists(folder.Path("no")));
    }

    [Fact]
    public void Latents_that_cannot_be_mirrored_are_not_unless_that_was_asked_for()
    {
        Encode("latents").Succeeds();
        Assert.Contains(
            "No image is mirrored, since the latents were encoded without --flip.\n",
            Train(folder.Path("latents")).Succeeds(),
            StringComparison.Ordinal);
        Assert.DoesNotContain(
            "mirrored",
            Train(folder.Path("latents"), "--no-flip", "--out", folder.Path("plain")).Succeeds(),
            StringComparison.Ordinal);
        Assert.Equal(
            $"The latents in {folder.Path("latents")} are not there mirrored, and a latent cannot be mirrored: leave --flip out, or encode "
                + $"again with --flip.",
            Train(folder.Path("latents"), "--flip", "--out", folder.Path("no")).Mistake());
    }

    [Fact]
    public void An_encoding_that_is_stopped_goes_on_to_the_same_files()
    {
        Encode("once").Succeeds();
        var stopped = Cli.RunUntil(DitModelsOfThisProject, "image 11/", EncodeLine("twice"));
        Assert.Equal(
            (130, $"dit: stopped with the latents of 11 of 20 images in {folder.Path("twice")}; the same command goes on from there.\n"),
            (stopped.Code, stopped.Error));
        Assert.Matches(@"\nimage 11/20  \d+\.\d images/s  ETA \d+ s\n$", stopped.Out);
        // a part of the next file is kept, hidden
        Assert.Equal(["00000.safetensors", "latents-00000-of-00003.safetensors"], folder.Files("twice"));
        Assert.Contains("is not finished", Train(folder.Path("twice")).Mistake(), StringComparison.Ordinal);
        Assert.Contains("Wrote the latents of 20 images, 11 of which were there", Encode("twice").Succeeds(), StringComparison.Ordinal);
        Assert.Equal(folder.Files("once"), folder.Files("twice"));
        Assert.All(folder.Files("once"), file =>
            Assert.Equal(File.ReadAllBytes(folder.Path("once", file)), File.ReadAllBytes(folder.Path("twice", file))));
        Assert.Contains("all of which were there", Encode("twice").Succeeds(), StringComparison.Ordinal);

        stopped = Cli.Run(DitModelsOfThisProject, new CancellationToken(canceled: true), EncodeLine("never"));
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (stopped.Code, stopped.Error));
        Assert.False(Directory.Exists(folder.Path("never")));
    }

    [Fact]
    public void Unreadable_images_are_refused_or_left_out_and_go_on_once_they_are_repaired()
    {
        var data = folder.Path("data");
        ShapesDataset.Write(data, 20, seed: 1, size: 16);
        var bad = Directory.GetFiles(Path.Combine(data, "star"))[0];
        var whole = File.ReadAllBytes(bad);
        File.WriteAllBytes(bad, whole[..(whole.Length / 2)]);
        Assert.Equal(
            $"1 of 20 images cannot be read: {bad} ends before the picture does. Up to 1 % are left out, and these are more. Repair, "
                + "rename or remove them, or leave them out with --skip-unreadable.",
            Encode("latents", "--data", data).Mistake());
        Assert.False(Directory.Exists(folder.Path("latents")));
        var text = Encode("latents", "--data", data, "--skip-unreadable").Succeeds();
        Assert.Contains("Wrote the latents of 19 images", text, StringComparison.Ordinal);
        Assert.Contains(
            $"Left out 1 image that cannot be read, listed in {folder.Path("latents", "unreadable.txt")}:\n  {bad} ends",
            text,
            StringComparison.Ordinal);
        Train(folder.Path("latents")).Succeeds();

        File.WriteAllBytes(bad, whole);
        Assert.Contains(
            "Wrote the latents of 20 images, 19 of which were there,", Encode("latents", "--data", data).Succeeds(),
            StringComparison.Ordinal);
        Encode("once", "--data", data).Succeeds();
        Assert.Equal(folder.Files("once"), folder.Files("latents"));
        Assert.All(folder.Files("once"), file =>
            Assert.Equal(File.ReadAllBytes(folder.Path("once", file)), File.ReadAllBytes(folder.Path("latents", file))));
        Assert.Contains("lies in the folder of the data", Encode("data/latents", "--data", data).Mistake(), StringComparison.Ordinal);
        using (FolderClaim.Take(folder.Path("once")))
            Assert.StartsWith("A different run is writing to", Encode("once", "--data", data).Mistake(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_encoded_is_one_line_and_leaves_nothing()
    {
        Assert.Equal($"The image folder {folder.Path("no")} does not exist.", Encode("out", "--data", folder.Path("no")).Mistake());
        Assert.Contains(folder.Path("no"), Encode("out", "--vae", folder.Path("no")).Mistake(), StringComparison.Ordinal);
        Assert.Contains("holds no autoencoder", Encode("out", "--vae", SaveWeights<LatentsNothing>()).Mistake(), StringComparison.Ordinal);
        // of another architecture
        Assert.NotEmpty(
            Run(
                    "encode",
                    "--data",
                    shapes.Images,
                    "--vae",
                    shapes.Vae,
                    "--autoencoder",
                    "kl-f8",
                    "--size",
                    "16",
                    "--out",
                    folder.Path("out"))
                .Mistake());
        Assert.Equal(
            "Tiny-Nothing works on pixels and has no autoencoder: name a model of latents with --model.",
            Encode("out", "--model", "Tiny-Nothing").Mistake());
        Assert.Equal(
            "Images of 15 x 15 pixels have no latents of kl-small: both sides must be multiples of 2.",
            Encode("out", "--size", "15").Mistake());
        Assert.Equal("A shard holds 1 or more images, not 0.", Encode("out", "--shard-images", "0").Mistake());
        Assert.StartsWith(
            "0 images of 16 x 16 pixels cannot be read at once", Encode("out", "--batch", "0").Mistake(), StringComparison.Ordinal);
        Assert.StartsWith("Tiles of 4 latent pixels are too small", Encode("out", "--tile", "4").Mistake(), StringComparison.Ordinal);
        Assert.Contains("is empty", Encode("out", "--out", "").Mistake(), StringComparison.Ordinal);
        Assert.StartsWith(
            "--model and --autoencoder were both given", Encode("out", "--autoencoder", "kl-small").Mistake(), StringComparison.Ordinal);
        Assert.StartsWith(
            "There is no autoencoder 'kl-smal'; did you mean 'kl-small'?",
            Of("--autoencoder", "kl-smal"),
            StringComparison.Ordinal);
        Assert.StartsWith("Whose latents are these?", Of(), StringComparison.Ordinal);
        Assert.StartsWith("The size of the images is a model's", Of("--autoencoder", "kl-small"), StringComparison.Ordinal);
        Assert.Equal(["model.weights"], folder.Files());

        string Of(params string[] more) =>
            Run(["encode", "--data", shapes.Images, "--vae", shapes.Vae, "--out", folder.Path("out"), .. more]).Mistake();
    }

    [Fact]
    public void Latents_of_another_run_are_neither_mixed_nor_trained_on()
    {
        Encode("latents").Succeeds();
        Assert.Contains("the type f32 instead of f16", Encode("latents", "--dtype", "f16").Mistake(), StringComparison.Ordinal);
        Assert.Contains("mirrored images left out instead of included", Encode("latents", "--flip").Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "takes latents of 4 x 12 x 12",
            Train(folder.Path("latents"), "--model", "Latents-Larger").Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            "works on latents of kl-shifted",
            Train(folder.Path("latents"), "--model", "Latents-Shifted").Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(
            $"Tiny-Nothing works on pixels, and {folder.Path("latents")} holds latents of kl-small: train it on the folder of images.",
            Train(folder.Path("latents"), "--model", "Tiny-Nothing").Mistake());
        Assert.Equal(
            $"{Classes} works on the latents of kl-small, and {shapes.Images} is no folder of latents: make one with 'dit encode --data "
                + $"{shapes.Images} --vae FILE --model {Classes} --out DIR'.",
            Train(shapes.Images).Mistake());
        Assert.Equal($"The latent folder {folder.Path("no")} does not exist.", Train(folder.Path("no")).Mistake());
        File.Delete(folder.Path("latents", "latents-00001-of-00003.safetensors"));
        Assert.Contains(
            "lacks its shard latents-00001-of-00003.safetensors", Train(folder.Path("latents")).Mistake(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void Images_of_any_size_are_reconstructed_beside_themselves()
    {
        var (a, b) = (folder.Path("a.png"), folder.Path("b.png"));
        using (var scope = NewDisposeScope())
        {
            ImageFile.WritePng(a, linspace(-1, 1, 21 * 30).view(1, 21, 30));
            ImageFile.WritePng(b, zeros(3, 16, 16));
        }
        var text = Run("reconstruct", a, b, "--vae", shapes.Vae, "--model", Classes, "--out", folder.Path("r.png")).Succeeds();
        Assert.Matches(
            @$"^{a}  30 x 20  \d+\.\d\d dB\n{b}  16 x 16  \d+\.\d\d dB\nWrote 2 images beside what kl-small makes of them to {folder.Path("r.png")}\n$",
            text);
        using var picture = ImageFile.ReadTensor(folder.Path("r.png"));
        Assert.InRange(picture.shape[1], 2 * 20, 2 * 20 + 8);
        Assert.InRange(picture.shape[2], 2 * 30, 2 * 30 + 60);

        Assert.Contains(
            "32 x 32",
            Run("reconstruct", a, "--vae", shapes.Vae, "--autoencoder", "kl-small", "--size", "32", "--out", folder.Path("s.png"))
                .Succeeds(),
            StringComparison.Ordinal);
        Assert.Contains(folder.Path("no.png"), Refused(folder.Path("no.png")), StringComparison.Ordinal);
        foreach (var name in new[] { "x", "x.", "x.jpg.", ".png", "x.png.txt", "x.webp" })
            Assert.Equal(
                $"Reconstructions are drawn into a .png or .jpg file, not into '{folder.Path(name)}'.",
                Refused(a, "--out", folder.Path(name)));
        Assert.StartsWith("Images cannot be cropped to 3 pixels", Refused(a, "--size", "3"), StringComparison.Ordinal);
        Assert.Equal(["a.png", "b.png", "r.png", "s.png"], folder.Files());

        string Refused(params string[] more) => Run(["reconstruct", "--vae", shapes.Vae, "--model", Classes, .. more]).Mistake();
    }

    [Fact]
    public void A_photo_is_reconstructed_upright_and_into_jpeg()
    {
        var photo = folder.Path("photo.jpg");
        using (var stored = new Image<Rgb24>(32, 16, new Rgb24(200, 90, 40)))
        {
            stored.Metadata.ExifProfile = new ExifProfile();
            stored.Metadata.ExifProfile.SetValue(ExifTag.Orientation, (ushort)6);
            stored.SaveAsJpeg(photo);
        }
        var text = Run("reconstruct", photo, "--vae", shapes.Vae, "--model", Classes, "--out", folder.Path("r.jpg")).Succeeds();
        Assert.StartsWith($"{photo}  16 x 32  ", text, StringComparison.Ordinal);
        Assert.Equal([0xff, 0xd8], File.ReadAllBytes(folder.Path("r.jpg"))[..2]);
    }

    private string SaveWeights<TModel>()
        where TModel : nn.Module, IModel<TModel>
    {
        using var model = TModel.Create(seed: 1);
        Checkpoint.Save(model, folder.Path("model.weights"));
        return folder.Path("model.weights");
    }
}
