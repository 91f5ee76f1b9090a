using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class GaussianSamplerTests : IDisposable
{
    private static readonly GaussianDiffusion Process = new(NoiseSchedule.Linear(1000), Prediction.Epsilon, ModelVariance.LearnedRange);

    private readonly IDisposable scope = NewDisposeScope();
    private readonly GoldenModel model = GoldenModel.Load();

    public void Dispose()
    {
        model.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData("ddpm-10-cfg4", "10", null, 4.0, false)]
    [InlineData("ddim-10-cfg4", "ddim10", 0.0, 4.0, false)]
    [InlineData("ddim-8-eta0.7-cfg1.5", "8", 0.7, 1.5, false)]
    [InlineData("ddpm-10-cfg4", "10", null, 4.0, true)]
    [InlineData("ddim-10-cfg4", "ddim10", 0.0, 4.0, true)]
    [InlineData("ddim-8-eta0.7-cfg1.5", "8", 0.7, 1.5, true)]
    public void Every_state_of_a_guided_trajectory_agrees_with_the_reference(string name, string respacing, double? eta, double guidance, bool planned)
    {
        if (planned) model.UsePlan();
        using var golden = new GoldenFile(name);
        SamplingMethod method = eta is { } share ? new SamplingMethod.Ddim(share) : new SamplingMethod.Ddpm();
        var sampler = new GaussianSampler(name, method, Process.Respace(Respacing.Parse(respacing)));
        using var noise = new ReplayedNoise([golden["in.z"], .. golden["in.step_noise"].unbind(0)]);
        var states = new List<Tensor>();
        var sample = sampler.Sample(model.Guided(golden["in.y"], guidance), noise, observe: at => states.Add(at.State.clone().DetachFromDisposeScope()));
        for (var i = 0; i < states.Count; i++) Close.To(golden["out.trajectory"][i], states[i], Close.Loop, $"state {i}");
        Assert.Equal(golden["out.trajectory"].shape[0], states.Count);
        Close.To(golden["out.sample"], sample, Close.Loop, "sample");
        states.ForEach(state => state.Dispose());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Every_state_of_an_inversion_agrees_with_the_reference(bool planned)
    {
        if (planned) model.UsePlan();
        using var golden = new GoldenFile("ddim-reverse-20");
        var sampler = new GaussianSampler("ddim-20", new SamplingMethod.Ddim(0), Process.Respace(Respacing.Ddim(20)));
        var states = new List<Tensor>();
        sampler.Invert(model.For(golden["in.y"]), golden["in.x0"], observe: at => states.Add(at.State.clone().DetachFromDisposeScope()));
        Assert.Equal(20, states.Count);
        for (var i = 0; i < states.Count; i++) Close.To(golden["out.trajectory"][i], states[i], Close.Loop, $"state {i}");
        states.ForEach(state => state.Dispose());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thousand_steps_leave_no_tensor_behind(bool ddim)
    {
        SamplingMethod method = ddim ? new SamplingMethod.Ddim(0.5) : new SamplingMethod.Ddpm();
        var before = LiveTensors.Count();
        using (var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU))
        using (var sample = new GaussianSampler("all", method, Process).Sample(Shrink, noise))
            Assert.All(sample.data<float>().ToArray(), value => Assert.True(float.IsFinite(value)));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Cancelling_stops_before_the_next_step_and_leaves_no_tensor_behind()
    {
        var before = LiveTensors.Count();
        using var cancellation = new CancellationTokenSource();
        var progress = new Each<SamplingProgress>(at => { if (at.Step == 7) cancellation.Cancel(); });
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        Assert.ThrowsAny<OperationCanceledException>(() => new GaussianSampler("all", new SamplingMethod.Ddpm(), Process).Sample(Shrink, noise, progress, cancellation.Token));
        Assert.Equal(7, progress.Seen.Count);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_network_that_fails_leaves_no_tensor_behind()
    {
        var before = LiveTensors.Count();
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        Assert.Throws<InvalidDataException>(() => new GaussianSampler("all", new SamplingMethod.Ddpm(), Process).Sample((_, _) => throw new InvalidDataException(), noise));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void The_network_sees_original_timesteps_and_progress_counts_them_down()
    {
        var seen = new List<long>();
        var progress = new Each<SamplingProgress>();
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        var sampler = new GaussianSampler("ddim-5", new SamplingMethod.Ddim(0), Process.Respace(Respacing.Ddim(5)));
        sampler.Sample((x, t) =>
        {
            Assert.Equal([2L], t.shape);
            seen.Add(t[1].item<long>());
            return Shrink(x, t);
        }, noise, progress);
        Assert.Equal([800, 600, 400, 200, 0], seen);
        Assert.Equal([new(1, 5, 800), new(2, 5, 600), new(3, 5, 400), new(4, 5, 200), new(5, 5, 0)], progress.Seen);
    }

    [Fact]
    public void No_gradient_is_recorded()
    {
        using var weight = ones(1, requires_grad: true);
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        var sampler = new GaussianSampler("ddpm-3", new SamplingMethod.Ddpm(), Process.Respace(Respacing.Even(3)));
        Assert.False(sampler.Sample((x, t) => weight * Shrink(x, t), noise).requires_grad);
        Assert.True((weight * 2).requires_grad);
    }

    [Fact]
    public void Deterministic_sampling_draws_only_its_start_and_ancestral_none_for_its_last_step()
    {
        var noise = randn(2, 1, 2, 2);
        var few = Process.Respace(Respacing.Even(4));
        new GaussianSampler("ddim-4", new SamplingMethod.Ddim(0), few).Sample(Shrink, new ReplayedNoise([noise]));
        new GaussianSampler("ddpm-4", new SamplingMethod.Ddpm(), few).Sample(Shrink, new ReplayedNoise([noise, noise, noise, noise]));
        var error = Assert.Throws<DitException>(() => new GaussianSampler("ddpm-4", new SamplingMethod.Ddpm(), few).Sample(Shrink, new ReplayedNoise([noise, noise])));
        Assert.StartsWith("All 2 recorded noise tensors are used", error.Message);
    }

    [Fact]
    public void Inverting_and_sampling_again_returns_the_data()
    {
        var sampler = new GaussianSampler("ddim-1000", new SamplingMethod.Ddim(0), Process);
        using var golden = new GoldenFile("ddim-reverse-20");
        // A network that is sure of one image: its noise estimate is exact along the whole way.
        Denoiser sure = (x, t) =>
        {
            var steps = t.data<long>().Select(step => (int)step).ToArray();
            var epsilon = Process.PredictEpsilonFromStart(x, steps, golden["in.x0"]);
            return cat([epsilon, epsilon], dim: 1);
        };
        var noise = sampler.Invert(sure, golden["in.x0"] * 0.9);
        Close.To(golden["in.x0"], sampler.Sample(sure, new ReplayedNoise([noise])), Close.Loop);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(null)]
    public void Only_deterministic_ddim_can_be_inverted(double? eta)
    {
        SamplingMethod method = eta is { } share ? new SamplingMethod.Ddim(share) : new SamplingMethod.Ddpm();
        var error = Assert.Throws<DitException>(() => new GaussianSampler("noisy", method, Process).Invert(Shrink, zeros(1, 1, 2, 2)));
        Assert.Equal("The sampler noisy cannot be run backwards: only DDIM with eta 0 is deterministic.", error.Message);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Eta_lies_between_0_and_1(double eta) =>
        Assert.Contains($"An eta of {eta}", Assert.Throws<DitException>(() => new SamplingMethod.Ddim(eta)).Message);

    private static Tensor Shrink(Tensor x, Tensor t)
    {
        using var inner = NewDisposeScope();
        return cat([x * 0.1, x * 0.01], dim: 1).MoveToOuterDisposeScope();
    }
}
