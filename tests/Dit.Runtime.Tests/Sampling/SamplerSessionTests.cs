using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Plans that samplers are given, and what a long run leaves behind.</summary>
public sealed class SamplerSessionTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("on")]
    [InlineData("off")]
    public void A_thousand_guided_steps_leave_tensors_and_native_memory_where_they_were(string kernels)
    {
        using var model = Stirred.Create<GoldenP8>();
        // whose every step draws noise as well
        var sampler = new Sampler<GoldenP8, ClassLabels, GaussianDiffusion>("ddpm-1000", new Ddpm(1000));
        // From the first guided step on; there are twice as many passes then as before.
        var seen = new List<(int Step, long Tensors, long Bytes)>();
        var progress = new Each<SamplingProgress>(at =>
        {
            if (at.Step is 500 or 750 or 999)
                seen.Add((at.Step, LiveTensors.Count(), NativeBuffer.LiveBytes));
        });
        var (tensors, bytes) = (LiveTensors.Count(), NativeBuffer.LiveBytes);

        using (var session = SessionCase.By(EnvironmentKernels.Parse(kernels), model.CreateSession()))
            sampler
                .Sample(
                    model, [0, 3, 3], guidance: new(2) { Interval = new(0.2, 20) },
                    options: new() { Progress = progress, Session = session })
                .Dispose();

        Assert.Equal([500, 750, 999], seen.Select(static at => at.Step));
        Assert.Equal([(seen[0].Tensors, seen[0].Bytes)], seen.Select(static at => (at.Tensors, at.Bytes)).Distinct());
        Assert.Equal((tensors, bytes), (LiveTensors.Count(), NativeBuffer.LiveBytes));
    }

    [Fact]
    public void A_given_session_draws_the_same_and_stays_the_callers()
    {
        using var model = Stirred.Create<OfClasses>();
        var sampler = OfClasses.AllSamplers[0];
        var expected = sampler.Sample(model, [0, 2], guidance: 2, seed: 3);
        using var session = model.CreateSession();
        Assert.True(expected.Equals(sampler.Sample(model, [0, 2], guidance: 2, seed: 3, options: new() { Session = session })));
        var bytes = NativeBuffer.LiveBytes;
        var most = 0L;

        var again = sampler.Sample(
            model,
            [0, 2],
            guidance: 2,
            seed: 3,
            options: new() { Session = session, Observe = _ => most = Math.Max(most, NativeBuffer.LiveBytes) });

        Assert.True(expected.Equals(again));
        Assert.Equal((bytes, bytes), (most, NativeBuffer.LiveBytes)); // not packed again, and not freed
        using var frozen = no_grad();
        foreach (var parameter in model.parameters().Where(static p => p.dim() == 2)) parameter.mul_(1.5);
        Assert.False(expected.allclose(sampler.Sample(model, [0, 2], guidance: 2, seed: 3), atol: 1e-3));
    }

    [Fact]
    public void Plans_of_texts_and_of_nothing_can_be_given_too()
    {
        using var texts = Stirred.Create<OfTextAlways>();
        using var text = new TextEmbeddings(randn(2, 3, 6));
        using var session = texts.CreateSession();
        var of = OfTextAlways.AllSamplers[0];
        Assert.True(of.Sample(texts, text, seed: 3).Equals(of.Sample(texts, text, seed: 3, options: new() { Session = session })));

        using var nothing = Stirred.Create<OfNothing>();
        using var other = nothing.CreateSession();
        var without = OfNothing.AllSamplers[0];
        Assert.True(without.Sample(nothing, 2, seed: 3).Equals(without.Sample(nothing, 2, seed: 3, options: new() { Session = other })));
    }

    [Fact]
    public void A_session_of_another_model_is_refused()
    {
        using var model = OfClasses.Create();
        using var twin = OfClasses.Create();
        using var session = twin.CreateSession();
        var error = Assert.Throws<DitException>(() => OfClasses.AllSamplers[0].Sample(model, [0], options: new() { Session = session }));
        Assert.Equal(
            $"The session is of another model: sample with the one that this {OfClasses.Card.Name}'s CreateSession() makes, or with none.",
            error.Message);

        using StubModel stub = new(), other = new();
        using var call = SessionOf(stub);
        Assert.Throws<DitException>(() => StubModel.Ddim5.Sample(other, [1], options: new() { Session = call }));
        StubModel.Ddim5.Sample(stub, [1], options: new() { Session = call });
    }

    [Fact]
    public void A_session_that_is_disposed_is_refused()
    {
        using var model = OfClasses.Create();
        var session = model.CreateSession();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => OfClasses.AllSamplers[0].Sample(model, [0], options: new() { Session = session }));
    }

    private static InferenceSession<ClassLabels> SessionOf<TModel>(IModel<TModel, ClassLabels, GaussianDiffusion> model)
        where TModel : nn.Module, IModel<TModel, ClassLabels, GaussianDiffusion> => model.CreateSession();
}
