using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests.Autoencoders;

/// <summary>Files of autoencoders under every naming they come in.</summary>
public sealed class AutoencoderNamesTests : IDisposable
{
    private static readonly AutoencoderCard Tiny = AutoencoderKLTests.Tiny;

    private readonly TemporaryFolder folder = new();
    private readonly AutoencoderKL autoencoder = AutoencoderKLTests.Load();

    public static TheoryData<string, Func<AutoencoderCard, NameMap>> Conventions => new()
    {
        { "compvis", AutoencoderNames.LatentDiffusion },
        { "diffusers", AutoencoderNames.Diffusers },
        { "older diffusers", AutoencoderNames.OlderDiffusers },
    };

    public void Dispose()
    {
        autoencoder.Dispose();
        folder.Dispose();
    }

    [Theory, MemberData(nameof(Conventions))]
    public void A_convention_maps_every_tensor_to_one_of_its_own(string name, Func<AutoencoderCard, NameMap> convention)
    {
        Assert.NotEmpty(name);
        Assert.Empty(convention(AutoencoderCard.KlF8).Problems(AutoencoderKL.CheckpointMap(AutoencoderCard.KlF8)));
        var relative = new AutoencoderCard(
            "kl-f16", 64, [1, 1, 2, 2, 4], ResidualBlocks: 3, LatentChannels: 16, Scale: 1, QuantConvolutions: false);
        Assert.Empty(convention(relative).Problems(AutoencoderKL.CheckpointMap(relative)));
    }

    [Theory]
    [InlineData("compvis")]
    [InlineData("diffusers")]
    public void The_full_autoencoder_has_the_published_names_and_shapes_in_both_namings(string naming)
    {
        using var official = JsonDocument.Parse(GoldenFile.Bytes("vae/kl-f8-official.json"));
        var expected = official.RootElement.GetProperty(naming).EnumerateObject()
            .Select(static p => $"{p.Name} {string.Join(",", p.Value.EnumerateArray().Select(static n => n.GetInt64()))}");
        var map =
            naming == "compvis" ? AutoencoderNames.LatentDiffusion(AutoencoderCard.KlF8) : AutoencoderNames.Diffusers(AutoencoderCard.KlF8);
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            map.Foreign.Select(static e => $"{e.Name} {string.Join(",", e.Shape)}").Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Conventions))]
    public void Weights_written_under_a_convention_load_as_they_were(string name, Func<AutoencoderCard, NameMap> convention)
    {
        var path = Save(name, convention(Tiny));
        AssertSame(AutoencoderKL.Load(path, Tiny));
    }

    [Theory]
    [InlineData("first_stage_model.")]
    [InlineData("state_dict.")]
    [InlineData("state_dict.first_stage_model.")]
    public void An_autoencoder_is_found_within_a_larger_checkpoint(string prefix)
    {
        using var other = ones(3);
        var path = folder["pipeline.safetensors"];
        using var scope = NewDisposeScope();
        SafeTensors.Save(path, [
            ("model.diffusion_model.out.bias", other),
            (prefix == "state_dict." ? "state_dict.loss.logvar" : "cond_stage_model.bias", other),
            .. autoencoder.state_dict().Select(t => (prefix + t.Key, t.Value)),
        ]);
        AssertSame(AutoencoderKL.Load(path, Tiny));
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("state_dict.net._orig_mod.")]
    public void What_its_names_begin_with_is_said_and_scalars_are_passed_over(string prefix)
    {
        using var scope = NewDisposeScope();
        var (path, notices) = (folder["wrapped.safetensors"], new List<string>());
        SafeTensors.Save(
            path,
            [.. autoencoder.state_dict().Select(t => (prefix + t.Key, t.Value)), (prefix + "num_batches_tracked", tensor(3L))]);
        AssertSame(AutoencoderKL.Load(path, Tiny, notice: notices.Add));
        Assert.Equal(2, notices.Count);
        Assert.Contains($"below '{prefix}'", notices[0]);
        Assert.Contains("passed over: num_batches_tracked.", notices[1]);
    }

    [Fact]
    public void Averaged_weights_of_an_autoencoder_go_before_others()
    {
        using var scope = NewDisposeScope();
        var (path, notices) = (folder["averaged.safetensors"], new List<string>());
        SafeTensors.Save(
            path,
            [
                .. autoencoder.state_dict().Select(static t => ("net." + t.Key, zeros_like(t.Value))),
                .. autoencoder.state_dict().Select(static t => ("model_ema." + t.Key, t.Value)),
            ]);
        AssertSame(AutoencoderKL.Load(path, Tiny, notice: notices.Add));
        Assert.Contains("below 'model_ema.'", notices.Single());
    }

    [Fact]
    public void What_a_training_run_of_latent_diffusion_keeps_besides_is_passed_over()
    {
        using var scope = NewDisposeScope();
        var path = folder["autoencoder.safetensors"];
        SafeTensors.Save(
            path,
            [
                .. autoencoder.state_dict().Select(static t => (t.Key, t.Value)),
                ("loss.logvar", zeros(1)),
                ("loss.discriminator.main.0.weight", zeros(2, 2)),
            ]);
        AssertSame(AutoencoderKL.Load(path, Tiny));
    }

    [Fact]
    public void A_file_without_an_autoencoder_is_refused_in_one_sentence()
    {
        var path = GoldenFile.Path("dit/dit-p2.state_dict.pt");
        Assert.Contains("holds no autoencoder", Assert.Throws<DitException>(() => AutoencoderKL.Load(path, Tiny)).Message);
    }

    [Theory, MemberData(nameof(Conventions))]
    public void A_file_of_another_autoencoder_is_refused_with_what_differs_as_the_file_calls_it(
        string name,
        Func<AutoencoderCard, NameMap> convention)
    {
        var path = Save(name, convention(Tiny));
        var refused = Assert.Throws<CheckpointMismatchException>(() =>
            AutoencoderKL.Load(path, Tiny with { ResidualBlocks = 2, LatentChannels = 8 }));
        Assert.Contains("kl-f2-tiny", refused.Summary);
        Assert.Contains(refused.Missing, missing =>
            missing == (name == "compvis" ? "encoder.down.0.block.1.conv1.weight" : "encoder.down_blocks.0.resnets.1.conv1.weight"));
        Assert.Contains(refused.Misshaped, static shape => shape.Name == "quant_conv.weight");
        Assert.Empty(refused.Unexpected);
    }

    [Fact]
    public void Relatives_with_other_levels_and_without_quantising_convolutions_work()
    {
        var card = new AutoencoderCard(
            "kl-f4", 32, [1, 2, 2], ResidualBlocks: 2, LatentChannels: 3, Scale: 0.3611, Shift: 0.1159, QuantConvolutions: false);
        using var scope = NewDisposeScope();
        using var relative = AutoencoderKL.Create(card, seed: 1);
        Assert.DoesNotContain(relative.state_dict().Keys, static name => name.Contains("quant_conv", StringComparison.Ordinal));
        var moments = relative.Encode(zeros(1, 3, 16, 24));
        Assert.Equal([1, 6, 4, 6], moments.Values.shape);
        Assert.Equal([1, 3, 16, 24], relative.Decode(moments.Mode()).shape);
    }

    private string Save(string name, NameMap map)
    {
        var path = folder[$"{name.Replace(' ', '-')}.safetensors"];
        SafeTensors.Save(path, map.Write(autoencoder));
        return path;
    }

    private void AssertSame(AutoencoderKL loaded)
    {
        using (loaded)
        using (NewDisposeScope())
        {
            var expected = autoencoder.state_dict();
            Assert.Equal(expected.Keys, loaded.state_dict().Keys);
            Assert.All(loaded.state_dict(), t => Assert.True(t.Value.Equals(expected[t.Key]), t.Key));
        }
    }
}
