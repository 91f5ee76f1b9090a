using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// What is added to the variance in each norm. Where tokens vary as much as that, it decides the result; the recorded
/// files have tokens that vary a thousand times as much, and do not tell 1e-6 from 1e-5. The reference is written here
/// from the formulas, in float64.
/// </summary>
public class NormEpsTests
{
    private const double Official = 1e-6, Diffusers = 1e-5;
    private const double Tolerance = 1e-4; // of float32
    private const double Seen = 100 * Tolerance; // what another eps changes at the least

    /// <summary>Added to the variance before attention, before the MLP and in the final layer.</summary>
    private sealed record Eps(double Attention, double Mlp, double Final)
    {
        /// <summary>The same with another one of the two values in each place in turn.</summary>
        public IEnumerable<Eps> Others =>
            [this with { Attention = Other(Attention) }, this with { Mlp = Other(Mlp) }, this with { Final = Other(Final) }];

        private static double Other(double eps) => eps == Official ? Diffusers : Official;
    }

    [Fact]
    public void Official_numerics_have_1e_6_in_every_adaptive_norm() =>
        Adaptive<SmallOfficial>(new(Official, Official, Official), intervals: 128);

    [Fact]
    public void Diffusers_numerics_have_1e_5_before_the_mlp_and_1e_6_elsewhere() =>
        Adaptive<SmallDiffusers>(new(Official, Diffusers, Official), intervals: 127);

    [Fact]
    public void Norms_with_learned_scales_have_1e_6()
    {
        using var scope = NewDisposeScope();
        using var model = Quiet<VInContextNone>(static name => name.StartsWith("t_embedder.mlp.2", StringComparison.Ordinal)
            || name.Contains("attn.proj", StringComparison.Ordinal) || name.Contains("fc2", StringComparison.Ordinal));
        var (x, t) = Inputs(VInContextNone.Card);
        using var session = model.CreateSession();
        Agrees(
            eps => InContext(model, VInContextNone.Card, x, t, eps),
            new(Official, Official, Official),
            () => model.call(x, t),
            session,
            on => on.Forward(x, t, new()));
    }

    private static void Adaptive<TModel>(Eps eps, int intervals)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IModel<TModel, ClassLabels, GaussianDiffusion>
    {
        using var scope = NewDisposeScope();
        using var model = Quiet<TModel>(static _ => false);
        Quieten(model, TModel.Card);
        var ((x, t), labels) = (Inputs(TModel.Card), tensor(new long[] { 1, 4 }));
        using var session = model.CreateSession();
        Agrees(
            of => AdaLNZero(model, TModel.Card, x, t, labels, of, intervals),
            eps,
            () => model.call(x, t, labels),
            session,
            on => on.Forward(x, t, new(labels)));
    }

    private static void Agrees<TCondition>(
        Func<Eps, Tensor> reference,
        Eps eps,
        Func<Tensor> forward,
        InferenceSession<TCondition> session,
        Func<InferenceSession<TCondition>, Tensor> run)
        where TCondition : ICondition<TCondition>
    {
        var expected = reference(eps);
        Assert.All(eps.Others, other =>
            Assert.InRange(
                (reference(other) - expected).abs().max().item<float>(), Seen * expected.abs().max().item<float>(), double.MaxValue));

        Close.To(expected, forward(), Tolerance, "forward as in training");
        using var frozen = no_grad();
        Close.To(expected, forward(), Tolerance, "forward");
        var made = Assert.IsType<SteppedSession<TCondition>>(session);
        IEnumerable<Func<SessionSteps, StepEngine>> engines =
        [
            .. CpuKernels.All.Select(static kernels => SessionCase.Fused(kernels, threads: 2)),
            .. CpuKernels.All.Select(static kernels => SessionCase.Fused(kernels, threads: 2, weights: new StrassenLayout())),
            static steps => new OperatorEngine(steps),
        ];
        foreach (var engine in engines)
        {
            using var on = made.On(engine);
            Close.To(expected, run(on), Tolerance, on.Engine);
        }
    }

    private static (Tensor X, Tensor T) Inputs(ModelCard card)
    {
        using var random = new Generator(4);
        return (randn(card.Input.Batch(2), generator: random), tensor(new[] { 1f, 3f }));
    }

    /// <summary>A model whose tokens vary by about 4e-6, between the two values.</summary>
    private static TModel Quiet<TModel>(Func<string, bool> isQuiet)
        where TModel : nn.Module, IModel<TModel>
    {
        var model = TModel.Create(seed: 2);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new Generator(6);
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (parameter.requires_grad) parameter.add_(0.2 * randn(parameter.shape, generator: random));
            if (name == "pos_embed" || name.StartsWith("x_embedder", StringComparison.Ordinal) || isQuiet(name)) parameter.mul_(2e-3);
        }
        return model;
    }

    // The gates, the third and sixth of what a block regresses.
    private static void Quieten(nn.Module model, ModelCard card)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (
            var (name, parameter) in model
                .named_parameters()
                .Where(static p =>
                    p.name.StartsWith("blocks", StringComparison.Ordinal) && p.name.Contains("adaLN", StringComparison.Ordinal)))
            foreach (var gate in (int[])[2, 5])
                parameter.narrow(0, gate * card.Width, card.Width).mul_(2e-3);
    }

    private static Tensor AdaLNZero(nn.Module model, ModelCard card, Tensor x, Tensor t, Tensor labels, Eps eps, int intervals)
    {
        var w = new Weights(model);
        var c = nn.functional.silu(w.Time(t, intervals) + w["y_embedder.embedding_table.weight"].index_select(0, labels));
        var tokens = w.Patches(x, card.PatchSize) + w["pos_embed"];
        for (var i = 0; i < card.Depth; i++)
        {
            var (at, m) = ($"blocks.{i}", w.Linear($"blocks.{i}.adaLN_modulation.1", c).unsqueeze(1).chunk(6, dim: -1));
            tokens = tokens + m[2] * w.Attend($"{at}.attn", Norm(tokens, eps.Attention) * (1 + m[1]) + m[0], card.Heads);
            tokens = tokens + m[5] * w.Mlp($"{at}.mlp", Norm(tokens, eps.Mlp) * (1 + m[4]) + m[3]);
        }
        var last = w.Linear("final_layer.adaLN_modulation.1", c).unsqueeze(1).chunk(2, dim: -1);
        return Pixels(w.Linear("final_layer.linear", Norm(tokens, eps.Final) * (1 + last[1]) + last[0]), card);
    }

    private static Tensor InContext(nn.Module model, ModelCard card, Tensor x, Tensor t, Eps eps)
    {
        var w = new Weights(model);
        var tokens = cat([w.Patches(x, card.PatchSize) + w["pos_embed"], w.Time(t, 128).unsqueeze(1)], dim: 1);
        for (var i = 0; i < card.Depth; i++)
        {
            var at = $"blocks.{i}";
            tokens = tokens + w.Attend($"{at}.attn", w.Scaled($"{at}.norm1", Norm(tokens, eps.Attention)), card.Heads);
            tokens = tokens + w.Mlp($"{at}.mlp", w.Scaled($"{at}.norm2", Norm(tokens, eps.Mlp)));
        }
        return Pixels(
            w.Linear("final_layer.linear", w.Scaled("final_layer.norm_final", Norm(tokens.narrow(1, 0, card.Tokens), eps.Final))),
            card);
    }

    private static Tensor Norm(Tensor x, double eps)
    {
        var centered = x - x.mean([-1], keepdim: true);
        return centered / (centered.square().mean([-1], keepdim: true) + eps).sqrt();
    }

    private static Tensor Pixels(Tensor patches, ModelCard card) => patches // (N, T, P P C), the channels last
        .view(
            -1, card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize, card.PatchSize, card.PatchSize, card.OutputChannels)
        .permute(0, 5, 1, 3, 2, 4).reshape(-1, card.OutputChannels, card.Input.Height, card.Input.Width).to(ScalarType.Float32);

    /// <summary>The weights in float64, and layers of them.</summary>
    private sealed class Weights(nn.Module model)
    {
        private readonly Dictionary<string, Tensor> state = model.state_dict();

        public Tensor this[string name] => state[name].detach().to(ScalarType.Float64);

        public Tensor Linear(string name, Tensor x) => x.matmul(this[$"{name}.weight"].flatten(1).t()) + this[$"{name}.bias"];

        public Tensor Scaled(string name, Tensor x) => x * this[$"{name}.weight"] + this[$"{name}.bias"];

        public Tensor Patches(Tensor x, int patch) => // (N, T, C P P), each patch row by row within its channel
            Linear("x_embedder.proj", nn.functional.unfold(x.to(ScalarType.Float64), patch, stride: patch).transpose(1, 2));

        public Tensor Time(Tensor t, int intervals)
        {
            var frequencies = (arange(128, ScalarType.Float64) * (-Math.Log(10000) / intervals)).exp();
            var angles = t.to(ScalarType.Float64).unsqueeze(1) * frequencies;
            return Linear("t_embedder.mlp.2", nn.functional.silu(Linear("t_embedder.mlp.0", cat([angles.cos(), angles.sin()], dim: 1))));
        }

        public Tensor Mlp(string name, Tensor x)
        {
            var h = Linear($"{name}.fc1", x);
            return Linear($"{name}.fc2", 0.5 * h * (1 + (Math.Sqrt(2 / Math.PI) * (h + 0.044715 * h.pow(3))).tanh()));
        }

        public Tensor Attend(string name, Tensor x, int heads)
        {
            var (n, t, width) = (x.shape[0], x.shape[1], x.shape[2]);
            var parts = Linear($"{name}.qkv", x).view(n, t, 3, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (N, H, T, K)
            var shares = nn.functional.softmax(parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt((double)width / heads), dim: -1);
            return Linear($"{name}.proj", shares.matmul(parts[2]).transpose(1, 2).reshape(n, t, width));
        }
    }
}
