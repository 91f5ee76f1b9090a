using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests.Autoencoders;

/// <summary>
/// Latents carry their scale: what leaves an encoder is scaled, what enters a decoder is unscaled again.
/// </summary>
public sealed class LatentTests : IDisposable
{
    private static readonly AutoencoderCard Shifted = AutoencoderKLTests.Tiny with { Scale = 0.5, Shift = 0.25 };

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void The_mode_is_the_mean_shifted_and_scaled()
    {
        var values = arange(2 * 8 * 3 * 3, ScalarType.Float32).view(2, 8, 3, 3);
        using var moments = new LatentMoments(values, Shifted);
        Close.To((values.narrow(1, 0, 4) - 0.25) * 0.5, moments.Mode().Values, 1e-6);
    }

    [Fact]
    public void A_sample_adds_noise_times_the_deviation()
    {
        var (mean, logVariance, noise) = (randn(2, 4, 3, 3), randn(2, 4, 3, 3), randn(2, 4, 3, 3));
        using var moments = new LatentMoments(cat([mean, logVariance], 1), Shifted);
        Close.To((mean + exp(0.5 * logVariance) * noise - 0.25) * 0.5, moments.Sample(noise).Values, 1e-6);
    }

    [Theory]
    [InlineData(-100f, -30)]
    [InlineData(100f, 20)]
    public void The_log_variance_is_bounded_to_what_floats_can_hold(float given, double bounded)
    {
        using var moments = new LatentMoments(
            cat([zeros(1, 4, 1, 1), full([1, 4, 1, 1], given)], 1),
            AutoencoderKLTests.Tiny with
            {
                Scale = 1,
            });
        Close.To(full([1, 4, 1, 1], (float)Math.Exp(bounded / 2)), moments.Sample(ones(1, 4, 1, 1)).Values, 1e-5);
    }

    [Fact]
    public void Scaling_and_unscaling_give_the_latents_back()
    {
        var unscaled = randn(1, 4, 2, 2);
        Close.To(unscaled, ScaledLatents.Scale(unscaled, Shifted).Unscaled(), 1e-6);
    }

    [Fact]
    public void What_a_sampler_drew_is_taken_as_it_is()
    {
        var drawn = randn(1, 4, 2, 2);
        Assert.True(drawn.Equals(ScaledLatents.Of(drawn, Shifted).Values));
    }

    [Fact]
    public void Noise_of_another_shape_is_refused() => Assert.Contains("(1, 4, 2, 2)", Assert.Throws<DitException>(
        () => new LatentMoments(zeros(1, 8, 2, 2), Shifted).Sample(zeros(1, 4, 2, 3))).Message);

    [Fact]
    public void Latents_outlive_the_scope_they_were_made_in_and_not_their_own_disposal()
    {
        ScaledLatents latents;
        using (NewDisposeScope())
            latents = ScaledLatents.Scale(ones(1, 4, 2, 2), Shifted);
        Assert.Equal(0.375, latents.Values.mean().item<float>(), 1e-6);
        latents.Dispose();
        Assert.True(latents.Values.IsInvalid);
    }

    [Fact]
    public void A_spec_declares_an_autoencoder_and_the_models_samples_are_its_latents()
    {
        Assert.Equal(AutoencoderKLTests.Tiny, TinyLatent.Card.Autoencoder);
        Assert.False(TinyLatent.Card.IsPixelSpace);
        using var model = TinyLatent.Create(seed: 1);
        using var autoencoder = AutoencoderKLTests.Load();
        var samples = TinyLatent.Samplers.Ddim4.Sample(model, [0, 2], seed: 3);
        Assert.Equal([2, 3, 16, 16], autoencoder.Decode(ScaledLatents.Of(samples, autoencoder.Card)).shape);
    }

    [Fact]
    public void Cards_are_equal_by_value()
    {
        Assert.Equal(Shifted, Shifted with { Multipliers = [1, 2] });
        Assert.NotEqual(Shifted, Shifted with { Multipliers = [1, 4] });
        Assert.Equal(8, AutoencoderCard.KlF8.Factor);
        Assert.Equal(new ImageShape(4, 32, 48), AutoencoderCard.KlF8.LatentShape(256, 384));
        Assert.Equal(new ImageShape(3, 256, 384), AutoencoderCard.KlF8.PixelShape(new ImageShape(4, 32, 48)));
    }
}
