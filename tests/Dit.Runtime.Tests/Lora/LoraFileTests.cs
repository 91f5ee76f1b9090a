using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Files of adapters: those written here, those of other libraries, and those that do not fit.</summary>
public sealed class LoraFileTests : IDisposable
{
    private const string Name = "V-AdaLNZero-Classes";

    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string> Names => [Name, "V-UViT-Text", "Lightning-Released", "PixArt-Ms", "Joint-V0-Small"];

    [Theory, MemberData(nameof(Names))]
    public void A_file_comes_back(string name)
    {
        using var @case = LoraCase.Of(name);
        Tensor expected;
        float[][] values;
        using (var lora = @case.Moved())
        {
            lora.Save(folder["a.safetensors"]);
            values = [.. lora.Parameters.Select(static p => p.data<float>().ToArray())];
            expected = @case.Forward();
        }
        using var loaded = @case.Load(folder["a.safetensors"]);
        Assert.Equal((3, 4.0), (loaded.Rank, loaded.Alpha));
        Assert.Equal(values, loaded.Parameters.Select(static p => p.data<float>().ToArray()));
        Assert.InRange(LoraCase.Distance(expected, @case.Forward()), 0, 1e-6);
        loaded.Save(folder["b.safetensors"]);
        Assert.Equal(File.ReadAllBytes(folder["a.safetensors"]), File.ReadAllBytes(folder["b.safetensors"]));
    }

    [Fact]
    public void Names_and_metadata_are_those_of_diffusers_and_peft()
    {
        using var @case = LoraCase.Of(Name);
        using var lora = @case.Attach(new(2) { Alpha = 3, Targets = LoraTargets.Attention });
        lora.Save(folder["a.safetensors"]);
        using var file = SafeTensorsFile.Open(folder["a.safetensors"]);
        Assert.Equal(8, file.Tensors.Count);
        Assert.Equal([2, 32], file.Tensors["transformer.blocks.0.attn.qkv.lora_A.weight"].Shape);
        Assert.Equal([96, 2], file.Tensors["transformer.blocks.0.attn.qkv.lora_B.weight"].Shape);
        using var config = JsonDocument.Parse(file.Metadata["lora_adapter_metadata"]);
        Assert.Equal(2, config.RootElement.GetProperty("transformer.r").GetInt32());
        Assert.Equal(3, config.RootElement.GetProperty("transformer.lora_alpha").GetDouble());
        Assert.Equal(lora.Layers, config.RootElement.GetProperty("transformer.target_modules").EnumerateArray().Select(x => x.GetString()));
        Assert.Equal((Name, "pt"), (file.Metadata[ModelCard.NameKey], file.Metadata["format"]));
        Assert.Matches("^sha256:[0-9a-f]{64}$", file.Metadata["dit.lora.base"]);
    }

    [Theory]
    [InlineData("base_model.model.", null, 2)]
    [InlineData("base_model.model.transformer.", "{ \"lora_alpha\": 5, \"r\": 2, \"use_dora\": false, \"alpha_pattern\": {} }", 5)]
    [InlineData("", null, 2)]
    public void Files_of_peft_are_read_with_the_configuration_beside_them(string prefix, string? config, double alpha)
    {
        using var @case = LoraCase.Of(Name);
        Write(prefix, rank: 2);
        if (config is not null) File.WriteAllText(folder["adapter_config.json"], config);
        using var lora = @case.Load(folder["a.safetensors"]);
        Assert.Equal((2, alpha), (lora.Rank, lora.Alpha));
        Assert.Equal(["blocks.0.attn.qkv", "blocks.1.mlp.fc2"], lora.Layers);
    }

    [Fact]
    public void An_alpha_that_is_a_tensor_is_read()
    {
        using var @case = LoraCase.Of(Name);
        Write(
            "transformer.",
            rank: 2,
            [("transformer.blocks.0.attn.qkv.alpha", tensor(7f)), ("transformer.blocks.1.mlp.fc2.alpha", tensor(7f))]);
        using var lora = @case.Load(folder["a.safetensors"]);
        Assert.Equal(7, lora.Alpha);
    }

    [Fact]
    public void Of_a_checkpoint_of_a_run_the_averaged_adapters_are_taken()
    {
        using var @case = LoraCase.Of(Name);
        (string, Tensor)[] of(string prefix, float value) =>
            [
                ($"{prefix}blocks.0.attn.proj.lora_A.weight", full([1, 32], value)),
                ($"{prefix}blocks.0.attn.proj.lora_B.weight", full([32, 1], value)),
            ];
        SafeTensors.Save(folder["a.safetensors"], [.. of("model.", 1), .. of("ema.", 2), .. of("optimizer.first.", 3)]);
        using var lora = @case.Load(folder["a.safetensors"]);
        Assert.All(lora.Parameters, static p => Assert.Equal(2, p.mean().item<float>()));
        SafeTensors.Save(folder["b.safetensors"], [.. of("one.", 1), .. of("two.", 2)]);
        Assert.Contains("holds adapters below 'one.', 'two.', and nothing says which are meant",
            Assert.Throws<DitException>(() => @case.Load(folder["b.safetensors"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"use_dora\": true", "have use_dora, which is not known here")]
    [InlineData("\"transformer.alpha_pattern\": { \"qkv\": 4 }", "have alpha_pattern, which is not known here")]
    [InlineData("\"lora_alpha\": \"much\"", "lora_alpha is not a number above 0")]
    [InlineData("\"lora_alpha\": -1", "lora_alpha is not a number above 0")]
    public void A_configuration_that_means_different_numbers_is_refused(string config, string message)
    {
        using var @case = LoraCase.Of(Name);
        Write("transformer.", rank: 2, metadata: $"{{ {config} }}");
        Assert.Contains(message, Assert.Throws<DitException>(() => @case.Load(folder["a.safetensors"])).Message, StringComparison.Ordinal);
        Write("transformer.", rank: 2, metadata: config);
        Assert.Contains("lora_adapter_metadata is not JSON",
            Assert.Throws<DitException>(() => @case.Load(folder["a.safetensors"])).Message, StringComparison.Ordinal);
        using var free = @case.Attach(new(2)); // nothing was attached
    }

    [Theory]
    [InlineData("attn.qkv", 2, 32, 96, 3, "the adapter of 'blocks.0.attn.qkv' has an A of rank 2 and a B of rank 3")]
    [InlineData("attn.qkv", 2, 48, 144, 2,
        "the adapter of 'blocks.0.attn.qkv' goes from 48 to 144 features, and the layer from 32 to 96")]
    [InlineData("attn.qkv", 40, 32, 96, 40, "the adapter of 'blocks.0.attn.qkv' has the rank 40, and the layer's weight is 96 x 32")]
    [InlineData("attn.to_q", 2, 32, 32, 2, "V-AdaLNZero-Classes has no linear layers for transformer.blocks.0.attn.to_q.lora_A.weight")]
    [InlineData("norm1", 2, 32, 32, 2, "V-AdaLNZero-Classes has no linear layers for transformer.blocks.0.norm1.lora_A.weight")]
    public void Adapters_of_a_different_model_are_refused_with_what_differs(
        string layer, long rank, long from, long to, long other, string message)
    {
        using var @case = LoraCase.Of(Name);
        SafeTensors.Save(
            folder["a.safetensors"],
            [
                ($"transformer.blocks.0.{layer}.lora_A.weight", zeros(rank, from)),
                ($"transformer.blocks.0.{layer}.lora_B.weight", zeros(to, other)),
            ],
            new Dictionary<string, string> { [ModelCard.NameKey] = "Elsewhere" });
        var error = Assert.Throws<DitException>(() => @case.Load(folder["a.safetensors"]));
        Assert.StartsWith(
            $"The adapters in '{folder["a.safetensors"]}' do not fit {Name}: {message}",
            error.Message,
            StringComparison.Ordinal);
        Assert.EndsWith(" They were trained for Elsewhere.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_an_adapter_no_adapter_and_adapters_of_several_ranks_are_refused()
    {
        using var @case = LoraCase.Of(Name);
        SafeTensors.Save(folder["half.safetensors"], [("blocks.0.attn.qkv.lora_A.weight", zeros(2, 32))]);
        Refused("half.safetensors", "'blocks.0.attn.qkv' has lora_A and no lora_B");
        SafeTensors.Save(folder["none.safetensors"], [("blocks.0.attn.qkv.weight", zeros(96, 32))]);
        Refused("none.safetensors", "holds no adapters: the names of such tensors end with lora_A.weight and lora_B.weight");
        SafeTensors.Save(folder["ranks.safetensors"],
        [
            ("blocks.0.attn.qkv.lora_A.weight", zeros(2, 32)), ("blocks.0.attn.qkv.lora_B.weight", zeros(96, 2)),
            ("blocks.0.attn.proj.lora_A.weight", zeros(4, 32)), ("blocks.0.attn.proj.lora_B.weight", zeros(32, 4)),
        ]);
        Refused("ranks.safetensors", "holds adapters of the ranks 2, 4; they must be of one rank");

        void Refused(string file, string message) => Assert.Contains(
            message, Assert.Throws<DitException>(() => @case.Load(folder[file])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_are_not_taken_for_the_weights_of_a_model()
    {
        using var @case = LoraCase.Of(Name);
        using (var lora = @case.Moved()) lora.Save(folder["a.safetensors"]);
        Assert.Contains("The file holds adapters (LoRA) and no weights of a model",
            Assert.Throws<CheckpointMismatchException>(() => VAdaLNZeroClasses.Load(folder["a.safetensors"])).Message,
            StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_fused_checkpoint_holds_the_weights_of_a_fused_model(string name)
    {
        using var @case = LoraCase.Of(name);
        Checkpoint.Save(@case.Model, folder["base.safetensors"]);
        using (var lora = @case.Moved())
        {
            lora.Save(folder["a.safetensors"]);
            lora.Scale = 0.25;
            lora.Fuse();
        }
        using (var sum = @case.Fused(CheckpointFile.Open(folder["base.safetensors"]), folder["a.safetensors"], scale: 0.25))
            SafeTensors.Save(folder["fused.safetensors"], sum);
        using var fused = CheckpointFile.Open(folder["fused.safetensors"]);
        Assert.Equal(@case.Map.Count, fused.Tensors.Count);
        foreach (var (tensor, value) in @case.Model.state_dict()) Assert.True(value.Equals(fused.Read(tensor)), tensor);
    }

    private void Write(string prefix, long rank, (string, Tensor)[]? more = null, string? metadata = null) => SafeTensors.Save(
        folder["a.safetensors"],
        [
            (prefix + "blocks.0.attn.qkv.lora_A.weight", randn(rank, 32)), (prefix + "blocks.0.attn.qkv.lora_B.weight", randn(96, rank)),
            (prefix + "blocks.1.mlp.fc2.lora_A.weight", randn(rank, 128)), (prefix + "blocks.1.mlp.fc2.lora_B.weight", randn(32, rank)),
            .. more ?? [],
        ],
        metadata is null ? null : new Dictionary<string, string> { ["lora_adapter_metadata"] = metadata });
}
