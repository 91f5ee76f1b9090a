using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Every checkpoint that is written carries the spec of its model, and readers say it again.</summary>
public sealed class CheckpointSpecTests : IDisposable
{
    private const string Odd = "model: \"a \\\"\\\"\\\" # : \\\\ 模型 \U0001F600\"\ndepth: 1\n";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_generated_model_says_its_spec_in_every_form()
    {
        using var model = SmallDiffusers.Create();
        var spec = Assert.IsType<string>(SmallDiffusers.Card.Spec);
        Assert.StartsWith("model: Small-Diffusers\ndepth: 2\n", spec, StringComparison.Ordinal);
        Checkpoint.Save(model, folder["a.safetensors"]);
        DiffusersFolder.Save(model, folder["folder"]);
        using (var file = CheckpointFile.Open(folder["a.safetensors"])) TorchArchive.Save(folder["a.pt"], file);

        Assert.All([folder["a.safetensors"], folder["a.pt"], folder["folder"]], path => Assert.Equal(spec, SpecOf(path)));
        Assert.DoesNotContain("Small-Diffusers", File.ReadAllText(folder["folder", "transformer", "config.json"]),
            StringComparison.Ordinal);
        using var loaded = SmallDiffusers.Load(folder["a.pt"]);
        Assert.All(model.state_dict(), p => Assert.True(p.Value.Equals(loaded.state_dict()[p.Key]), p.Key));
    }

    [Fact]
    public void The_spec_of_the_model_counts_and_other_strings_are_the_callers()
    {
        var said = new Dictionary<string, string> { [ModelCard.SpecKey] = "model: Stale\n", ["dit.autoencoder"] = "mine" };
        using (var model = SmallDiffusers.Create()) Checkpoint.Save(model, folder["own"], said);
        using (var stub = new StubModel()) Checkpoint.Save(stub, folder["none"], said);
        Assert.Null(StubModel.Card.Spec);
        Assert.DoesNotContain(ModelCard.SpecKey, StubModel.Card.ToMetadata().Keys);

        Assert.Equal((SmallDiffusers.Card.Spec, "model: Stale\n"), (SpecOf(folder["own"]), SpecOf(folder["none"])));
        using var file = CheckpointFile.Open(folder["own"]);
        Assert.Equal("mine", file.Metadata["dit.autoencoder"]);
    }

    [Fact]
    public void Cards_are_equal_when_their_specs_are_too()
    {
        var card = StubModel.Card with { Spec = "model: A\n" };
        Assert.Equal(card, StubModel.Card with { Spec = "model: A\n" });
        Assert.NotEqual(card, StubModel.Card with { Spec = "model: B\n" });
        Assert.NotEqual(card, StubModel.Card);
        Assert.Equal("model: A\n", card.ToMetadata()[ModelCard.SpecKey]);
    }

    // PyTorch reads data.pkl, byteorder, version and what the pickle names below data/, and leaves other entries of the
    // archive's one folder alone.
    [Fact]
    public void An_archive_of_PyTorch_has_the_spec_beside_its_own_entries_which_stay_as_they_are()
    {
        using var scope = NewDisposeScope();
        (string, Tensor)[] tensors = [("weight", arange(10f)), ("bias", ones(3))];
        TorchArchive.Save(folder["plain"], tensors);
        TorchArchive.Save(folder["with"], tensors, extraFiles: CheckpointSpec.AsExtraFile(Odd));
        TorchArchive.SaveNested(folder["nested"], [("model", tensors), ("ema", tensors)], extraFiles: CheckpointSpec.AsExtraFile(Odd));

        var (plain, with) = (Entries(folder["plain"]), Entries(folder["with"]));
        Assert.Equal([.. plain.Keys, "archive/extra/dit.spec.yaml"], with.Keys);
        Assert.All(plain, entry => Assert.Equal(entry.Value, with[entry.Key]));
        Assert.Equal(Odd, Encoding.UTF8.GetString(with["archive/extra/dit.spec.yaml"]));
        Assert.Equal((null, Odd, Odd), (SpecOf(folder["plain"]), SpecOf(folder["with"]), SpecOf(folder["nested"])));
    }

    [Fact]
    public void From_file_to_file_the_spec_goes_along_unless_another_is_given()
    {
        using var values = ones(2);
        SafeTensors.Save(folder["a"], [("x", values)], new Dictionary<string, string> { [ModelCard.SpecKey] = Odd });
        using var a = CheckpointFile.Open(folder["a"]);
        TorchArchive.Save(folder["b"], a);
        TorchArchive.Save(folder["c"], a, extraFiles: CheckpointSpec.AsExtraFile("model: C\n"));
        using var b = CheckpointFile.Open(folder["b"]);
        SafeTensors.Save(folder["d"], b);
        Assert.Equal((Odd, "model: C\n", Odd), (SpecOf(folder["b"]), SpecOf(folder["c"]), SpecOf(folder["d"])));
    }

    [Fact]
    public void What_is_longer_than_any_spec_or_is_no_text_is_no_spec_and_keeps_nobody_from_the_weights()
    {
        byte[][] wrong = [new byte[CheckpointSpec.MaxBytes + 1], [0xFF, 0xFE, 0x80], [(byte)'a', 0xC3]];
        Array.Fill(wrong[0], (byte)'x');
        Assert.All(wrong, entry =>
        {
            using var file = OpenArchive(entry);
            Assert.DoesNotContain(ModelCard.SpecKey, file.Metadata.Keys);
            using var read = file.Read("x");
            Assert.Equal(2f, read[2].item<float>());
        });

        using var values = ones(2);
        var tooLong = new Dictionary<string, string> { [ModelCard.SpecKey] = new('é', CheckpointSpec.MaxBytes / 2 + 1) };
        SafeTensors.Save(folder["long"], [("x", values)], tooLong);
        using var source = CheckpointFile.Open(folder["long"]);
        Assert.Null(CheckpointSpec.Of(source));
        TorchArchive.Save(folder["dropped"], source);
        Assert.Null(SpecOf(folder["dropped"]));
        var error = Assert.Throws<DitException>(() => TorchArchive.Save(
            folder["refused"], [("x", values)], extraFiles: CheckpointSpec.AsExtraFile(new string('x', CheckpointSpec.MaxBytes + 1))));
        Assert.EndsWith("'dit.spec.yaml' has 400001 bytes, and an extra file has at most 400000.", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["refused"]));
    }

    [Fact]
    public void The_entry_counts_before_a_value_of_that_name_in_the_pickle()
    {
        using var file = OpenArchive("model: Entry\n"u8.ToArray(), static pickle => pickle.Text(ModelCard.SpecKey).Text("model: Pickle\n"));
        Assert.Equal("model: Entry\n", CheckpointSpec.Of(file));
        using var without = OpenArchive(null, static pickle => pickle.Text(ModelCard.SpecKey).Text("model: Pickle\n"));
        Assert.Equal("model: Pickle\n", CheckpointSpec.Of(without));
    }

    private ICheckpointFile OpenArchive(byte[]? spec, Func<Pickle, Pickle>? more = null)
    {
        var pickle = new Pickle().Op('}').Op('(').Text("x").Tensor(3, 0, [3], [1]);
        var bytes = (more is null ? pickle : more(pickle)).Op('u').Bytes;
        (string, byte[]) data = ("data/0", MemoryMarshal.AsBytes<float>(new float[] { 0, 1, 2 }).ToArray());
        return CheckpointFile.Open(folder.Write("archive.pt", spec is null
            ? Pickle.Archive(bytes, data)
            : Pickle.Archive(bytes, data, ("extra/dit.spec.yaml", spec))));
    }

    private static Dictionary<string, byte[]> Entries(string path)
    {
        using var zip = ZipFile.OpenRead(path);
        return zip.Entries.OrderBy(static entry => entry.FullName == "archive/extra/dit.spec.yaml")
            .ToDictionary(static entry => entry.FullName, static entry =>
        {
            using var content = entry.Open();
            using var bytes = new MemoryStream();
            content.CopyTo(bytes);
            return bytes.ToArray();
        });
    }

    private static string? SpecOf(string path)
    {
        using var file = CheckpointFile.Open(path);
        return CheckpointSpec.Of(file);
    }
}
