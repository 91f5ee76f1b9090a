using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Generated U-ViTs against what the published code computed.</summary>
public class UVitTests
{
    [Fact]
    public void The_class_conditional_model_with_a_convolution_agrees()
    {
        using var golden = new GoldenFile("uvit-class-conv", "uvit");
        using var model = Filled<UClassConv>(golden);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();

        Agrees<UClassConv>(golden);
        Assert.Equal($"{UClassConv.Card.Classes + 1}", golden.Metadata["num_classes"]);
        Close.To(golden["out"], model.call(golden["in.x"], golden["in.t"], golden["in.y"]), Close.OneStep);
        AllEnginesAgree(model.CreateSession(), golden, new ClassLabels(golden["in.y"]));
    }

    [Fact]
    public void The_unconditional_model_with_layers_for_the_time_agrees()
    {
        using var golden = new GoldenFile("uvit-uncond-mlptime", "uvit");
        using var model = Filled<UUncondMlpTime>(golden);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();

        Agrees<UUncondMlpTime>(golden);
        Close.To(golden["out"], model.call(golden["in.x"], golden["in.t"]), Close.OneStep);
        AllEnginesAgree(model.CreateSession(), golden, new NoCondition());
    }

    // The official depth does not count the block in the middle where it is even; both of these are odd.
    private static void Agrees<TModel>(GoldenFile golden) where TModel : nn.Module, IModel<TModel>
    {
        var (card, config) = (TModel.Card, golden.Metadata);
        Assert.Equal(
            (config["img_size"], config["patch_size"], config["in_chans"], config["embed_dim"], config["depth"], config["num_heads"]),
            ($"{card.Input.Height}", $"{card.PatchSize}", $"{card.Input.Channels}", $"{card.Width}", $"{card.Depth}", $"{card.Heads}"));
        Assert.Equal(
            golden.Under("param.").Select(static p => $"{p.Name}: {string.Join(", ", p.Value.shape)}").Order(StringComparer.Ordinal),
            TModel.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}").Order(StringComparer.Ordinal));
    }

    private static TModel Filled<TModel>(GoldenFile golden) where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create();
        using var frozen = no_grad();
        var state = model.state_dict();
        Assert.Equal(golden.Under("param.").Select(static p => p.Name).Order(), state.Keys.Order());
        foreach (var (name, value) in golden.Under("param.")) state[name].copy_(value);
        return model;
    }

    private static void AllEnginesAgree<TCondition>(InferenceSession<TCondition> made, GoldenFile golden, TCondition condition)
        where TCondition : ICondition<TCondition>
    {
        using var session = Assert.IsType<SteppedSession<TCondition>>(made);
        IEnumerable<Func<SessionSteps, StepEngine>> engines =
        [
            .. CpuKernels.All.Select(static kernels => SessionCase.Fused(kernels, threads: 2)),
            .. CpuKernels.All.Select(static kernels => SessionCase.Fused(kernels, threads: 2, weights: new StrassenLayout())),
            static steps => new OperatorEngine(steps),
            static steps => new PlainEngine(steps),
        ];
        foreach (var engine in engines)
        {
            using var on = session.On(engine);
            using var y = on.Forward(golden["in.x"], golden["in.t"], condition);
            Assert.DoesNotContain("cannot be fused", on.Engine, StringComparison.Ordinal);
            Close.To(golden["out"], y, Close.OneStep, on.Engine);
        }
    }

    [Fact]
    public void A_session_is_fused_and_leaves_nothing_behind()
    {
        using var model = UClassConv.Create();
        using var session = model.CreateSession();
        Assert.DoesNotContain("forward", session.Engine, StringComparison.Ordinal);
        Predict();
        var before = LiveTensors.Count();
        for (var i = 0; i < 20; i++) Predict();
        Assert.Equal(before, LiveTensors.Count());

        void Predict()
        {
            using var scope = NewDisposeScope();
            session.Forward(randn(2, 4, 8, 8), tensor(new[] { 3f, 900f }), new(tensor(new long[] { 1, 10 })));
        }
    }

    [Fact]
    public void Guidance_as_its_authors_count_it_is_that_of_the_paper_with_one_more()
    {
        using var frozen = no_grad();
        using var model = Stirred.Create<UClassConv>();
        using var theirs = UClassConv.Samplers.Ddim10.Sample(
            model, [1, 2], guidance: new Guidance(0.4) { Convention = GuidanceConvention.UVit }, seed: 3);
        using var ours = UClassConv.Samplers.Ddim10.Sample(model, [1, 2], guidance: new Guidance(1.4), seed: 3);

        Assert.True(theirs.allclose(ours, 1e-4, 1e-5));
    }

    [Fact]
    public void A_model_of_half_precision_computes()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = UClassConv.Create(dtype: ScalarType.BFloat16);
        var (x, t, labels) = (randn([2, 4, 8, 8], ScalarType.BFloat16), tensor(new[] { 3f, 900f }), tensor(new long[] { 1, 10 }));
        using var session = model.CreateSession();

        var (y, stepped) = (model.call(x, t, labels), session.Forward(x, t, new(labels)));

        Assert.Equal((ScalarType.BFloat16, ScalarType.BFloat16), (y.dtype, stepped.dtype));
        Close.To(y.to(ScalarType.Float32), stepped.to(ScalarType.Float32), 0.05);
    }

    [Fact]
    public void A_file_comes_back_by_the_official_names()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = Stirred.Create<UUncondMlpTime>();
        Checkpoint.Save(model, folder["model.safetensors"]);
        using var loaded = UUncondMlpTime.Load(folder["model.safetensors"]);
        var (x, t) = (randn(2, 3, 8, 8), tensor(new[] { 3f, 900f }));

        Assert.True(model.call(x, t).Equals(loaded.call(x, t)));
    }
}
