using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Samples that are not numbers: none is returned, and the first step and the reason are named.</summary>
public sealed class NonFiniteSampleTests : IDisposable
{
    private static readonly GaussianDiffusion Process = new(NoiseSchedule.Linear(1000), Prediction.Epsilon, ModelVariance.FixedSmall);

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<string> Weights => [.. OfClasses.CheckpointMap.Select(static entry => entry.Name)];

    [Theory, MemberData(nameof(Weights))]
    public void A_single_weight_that_is_not_a_number_is_the_reason_with_every_engine(string name)
    {
        foreach (var (value, told) in new[] { (double.NaN, "1 NaN"), (double.PositiveInfinity, "1 +infinity") })
        {
            using var model = Stirred.Create<OfClasses>();
            using (no_grad()) model.state_dict()[name].view(-1)[0].fill_(value);
            foreach (var kernels in (string[])["on", "off", "128"])
            {
                using var session = SessionCase.By(EnvironmentKernels.Parse(kernels), model.CreateSession());
                // libtorch's attention on a CPU gives finite numbers for scores that are not: what a model's own
                // forward hides, its sampler cannot see.
                if (kernels == "off" && name.Contains("qkv", StringComparison.Ordinal) && IsForwardFinite(model)) continue;
                var error = Assert.Throws<NonFiniteSampleException>(() =>
                    OfClasses.Samplers.Ddim5.Sample(model, [0, 2, 0], guidance: 2, options: new() { Session = session }));
                var zeros = string.Join(", ", OfClasses.CheckpointMap.Single(entry => entry.Name == name).Shape.Select(static _ => 0));
                Assert.Equal(name, error.Weight);
                Assert.Equal((0, 1), (error.Index, error.Since.Step));
                Assert.Equal($"Sample 0 of Of-Classes {error.Predicate}: the weight {name} holds {told}, at [{zeros}].", error.Message);
            }
        }
    }

    private static bool IsForwardFinite(OfClasses model)
    {
        using var frozen = no_grad();
        return NonFinite.In(model.call(randn(3, 3, 4, 8), ones(3), tensor(new long[] { 0, 2, 3 }))) is null;
    }

    [Theory]
    [
        InlineData(2, 0, 1, false),
        InlineData(0, 3, 1, false),
        InlineData(1, 7, 3, true),
        InlineData(0, 9, 10, false),
        InlineData(1, 9, 1, true)
    ]
    public void The_step_and_the_sample_are_told(int sample, int step, int others, bool clip)
    {
        var sampler = new SamplingLoop<GaussianDiffusion>("ddim-10", new Ddim(10, ClipDenoised: clip), Process);
        var (done, bad) = (0, double.PositiveInfinity);
        var start = randn(12, 1, 2, 2);
        var error = Assert.Throws<NonFiniteSampleException>(() => sampler.Sample((x, _) =>
        {
            var output = x * 0.1;
            if (done++ == step) output.narrow(0, sample, Math.Min(others, 12 - sample)).fill_(bad); // where clipping makes it finite again
            return output;
        }, new ReplayedNoise([start])));

        var count = Math.Min(others, 12 - sample);
        Assert.Equal((sample, count, 12), (error.Index, error.Count, error.Batch));
        Assert.Equal(new SamplingProgress(step + 1, 10, 900 - 100 * step) { Evaluations = step + 1 }, error.Since);
        var like = count == 1 ? "" : count == 2 ? ", as is 1 other of 12" : $", as are {count - 1} others of 12";
        Assert.Equal($"Sample {sample} is not finite from step {step + 1} of 10 (timestep {900 - 100 * step}) on{like}.", error.Message);
    }

    [Fact]
    public void What_a_loop_starts_from_is_looked_at_too()
    {
        using var model = Stirred.Create<OfNothing>();
        var images = randn(2, 3, 4, 8);
        images[1, 0, 0, 0] = tensor(float.NaN);
        const string message =
            "Sample 1 of Of-Nothing is not finite before the first step: what the sampler was given to start from is not.";
        Assert.Equal(
            message,
            Assert
                .Throws<NonFiniteSampleException>(() => OfNothing.Samplers.Ddim5.Sample(model, 2, options: new() { Start = images }))
                .Message);
        Assert.Equal(message, Assert.Throws<NonFiniteSampleException>(() => OfNothing.Samplers.Ddim5.Invert(model, images)).Message);
    }

    [Fact]
    public void A_text_that_is_not_a_number_is_the_reason()
    {
        using var model = Stirred.Create<OfText>();
        var text = randn(2, 3, 6);
        text[1, 2, 5] = tensor(float.NaN);
        var error = Assert.Throws<NonFiniteSampleException>(() => OfText.Samplers.Ddim5.Sample(model, new(text), guidance: 2));
        Assert.Equal((1, null), (error.Index, error.Weight));
        Assert.Equal(
            "Sample 1 of Of-Text is not finite from step 1 of 5 (timestep 800) on: what it is conditioned on holds 1 NaN, at [1, 2, 5].",
            error.Message);
    }

    [Fact]
    public void A_buffer_that_is_not_a_number_is_the_reason()
    {
        using var model = Stirred.Create<PixArtTiny>();
        model.state_dict()["y_embedder.y_embedding"][0, 3] = tensor(float.NaN);
        var texts = new TextEmbeddings(randn(2, 7, 12)).WithLengths([7, 4]);
        PixArtTiny.Samplers.Dpm5.Sample(model, texts); // the null caption plays no part

        var error = Assert.Throws<NonFiniteSampleException>(() => PixArtTiny.Samplers.Dpm5.Sample(model, texts, guidance: 2));

        Assert.Equal("y_embedder.y_embedding", error.Weight);
        Assert.EndsWith(": the buffer y_embedder.y_embedding holds 1 NaN, at [0, 3].", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_are_too_large_for_a_type_are_said_to_be_that()
    {
        using var wide = Stirred.Create<OfClasses>();
        using (no_grad()) wide.state_dict()["blocks.0.mlp.fc2.weight"].mul_(1e6);
        using var half = OfClasses.Create(dtype: ScalarType.Float16);
        using (no_grad())
            foreach (var (name, value) in half.state_dict()) value.copy_(wide.state_dict()[name]);
        OfClasses.Samplers.Ddim5.Sample(wide, [0]);
        var error = Assert.Throws<NonFiniteSampleException>(() => OfClasses.Samplers.Ddim5.Sample(half, [0]));
        Assert.Contains("the weight blocks.0.mlp.fc2.weight holds ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            " in Float16, whose largest number is 65504: load it as Float32 or BFloat16.",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_weight_that_plays_no_part_spoils_nothing()
    {
        using var model = Stirred.Create<OfClasses>();
        using (no_grad()) model.state_dict()["y_embedder.embedding_table.weight"][1].fill_(double.NaN);
        OfClasses.Samplers.Ddim5.Sample(model, [0, 2], guidance: 2);
        Assert.Equal(1, Assert.Throws<NonFiniteSampleException>(() => OfClasses.Samplers.Ddim5.Sample(model, [0, 1], guidance: 2)).Index);
    }

    [Fact]
    public void An_observer_that_makes_pictures_stops_with_the_same_reason_and_nothing_is_left()
    {
        using var model = Stirred.Create<OfNothing>();
        using (no_grad()) model.state_dict()["final_layer.linear.bias"][0].fill_(double.NaN);
        var live = LiveTensors.Count();
        var error = Assert.Throws<NonFiniteSampleException>(() =>
            OfNothing.Samplers.Ddim5.Sample(model, 2, options: new() { Observe = static state => ImageGrid.Render(state.PredictedStart) }));
        Assert.Equal((1, "final_layer.linear.bias"), (error.Since.Step, error.Weight));
        Assert.Equal(live, LiveTensors.Count());
        // What is wrong with the observer alone stays so.
        Assert.Equal(
            "Mine.",
            Assert
                .Throws<DitException>(() =>
                    StubModel.Ddim5.Sample(new StubModel(), [1], options: new() { Observe = static _ => throw new DitException("Mine.") }))
                .Message);
    }
}
