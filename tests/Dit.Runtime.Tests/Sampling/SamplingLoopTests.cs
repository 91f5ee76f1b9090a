using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class SamplingLoopTests : IDisposable
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
    public void Every_state_of_a_guided_trajectory_agrees_with_the_reference(
        string name,
        string respacing,
        double? eta,
        double guidance,
        bool planned)
    {
        if (planned) model.UsePlan();
        using var golden = new GoldenFile(name);
        var few = Process.Respace(Respacing.Parse(respacing));
        Solver<GaussianDiffusion> solver = eta is { } share ? new Ddim(few.Timesteps, share) : new Ddpm(few.Timesteps);
        var sampler = new SamplingLoop<GaussianDiffusion>(name, solver, few);
        using var noise = new ReplayedNoise([golden["in.z"], .. golden["in.step_noise"].unbind(0)]);
        var states = new List<Tensor>();
        var sample = sampler.Sample(model.Guided(golden["in.y"], guidance), noise, observe: at =>
            states.Add(at.State.clone().DetachFromDisposeScope()));
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
        var sampler = new SamplingLoop<GaussianDiffusion>("ddim-20", new Ddim(20), Process);
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
        Solver<GaussianDiffusion> solver = ddim ? new Ddim(1000, 0.5) : new Ddpm(1000);
        var before = LiveTensors.Count();
        using (var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU))
        using (var sample = new SamplingLoop<GaussianDiffusion>("all", solver, Process).Sample(Shrink, noise))
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
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new SamplingLoop<GaussianDiffusion>("all", new Ddpm(1000), Process).Sample(Shrink, noise, progress, cancellation.Token));
        Assert.Equal(7, progress.Seen.Count);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_network_that_fails_leaves_no_tensor_behind()
    {
        var before = LiveTensors.Count();
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        Assert.Throws<InvalidDataException>(() =>
            new SamplingLoop<GaussianDiffusion>("all", new Ddpm(1000), Process).Sample((_, _) => throw new InvalidDataException(), noise));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void The_network_sees_original_timesteps_and_progress_counts_them_down()
    {
        var seen = new List<double>();
        var progress = new Each<SamplingProgress>();
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        var sampler = new SamplingLoop<GaussianDiffusion>("ddim-5", new Ddim(5), Process);
        sampler.Sample((x, t) =>
        {
            seen.Add(t);
            return Shrink(x, t);
        }, noise, progress);
        Assert.Equal([800, 600, 400, 200, 0], seen);
        Assert.Equal(
            seen.Select(static (t, i) => new SamplingProgress(i + 1, 5, t) { Evaluations = i + 1 }),
            progress.Seen);
    }

    [Fact]
    public void No_gradient_is_recorded()
    {
        using var weight = ones(1, requires_grad: true);
        using var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU);
        var sampler = new SamplingLoop<GaussianDiffusion>("ddpm-3", new Ddpm(3), Process);
        Assert.False(sampler.Sample((x, t) => weight * Shrink(x, t), noise).requires_grad);
        Assert.True((weight * 2).requires_grad);
    }

    [Fact]
    public void Deterministic_sampling_draws_only_its_start_and_ancestral_none_for_its_last_step()
    {
        var noise = randn(2, 1, 2, 2);
        new SamplingLoop<GaussianDiffusion>("ddim-4", new Ddim(4), Process).Sample(Shrink, new ReplayedNoise([noise]));
        new SamplingLoop<GaussianDiffusion>("ddpm-4", new Ddpm(4), Process).Sample(Shrink, new ReplayedNoise([noise, noise, noise, noise]));
        var error = Assert.Throws<DitException>(() =>
            new SamplingLoop<GaussianDiffusion>("ddpm-4", new Ddpm(4), Process).Sample(Shrink, new ReplayedNoise([noise, noise])));
        Assert.StartsWith("All 2 recorded noise tensors are used", error.Message);
    }

    [Fact]
    public void Inverting_and_sampling_again_returns_the_data()
    {
        var sampler = new SamplingLoop<GaussianDiffusion>("ddim-1000", new Ddim(1000), Process);
        using var golden = new GoldenFile("ddim-reverse-20");
        // A network that is sure of one image: its noise estimate is exact along the whole way.
        Denoiser sure = (x, t) =>
        {
            int[] steps = [.. Enumerable.Repeat((int)t, (int)x.shape[0])];
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
        Solver<GaussianDiffusion> solver = eta is { } share ? new Ddim(10, share) : new Ddpm(10);
        var error = Assert.Throws<DitException>(() =>
            new SamplingLoop<GaussianDiffusion>("noisy", solver, Process).Invert(Shrink, zeros(1, 1, 2, 2)));
        Assert.Equal("The sampler noisy cannot be run backwards: only a deterministic one can, such as DDIM with eta 0.", error.Message);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Eta_lies_between_0_and_1(double eta) =>
        Assert.Contains($"An eta of {eta}", Assert.Throws<DitException>(() => new Ddim(10, eta)).Message);

    private static Tensor Shrink(Tensor x, double t)
    {
        using var inner = NewDisposeScope();
        return cat([x * 0.1, x * 0.01], dim: 1).MoveToOuterDisposeScope();
    }
}
