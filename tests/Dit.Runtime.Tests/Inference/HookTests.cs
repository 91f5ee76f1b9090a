using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Whoever listens to a layer hears it: while there are forward hooks, samplers and sessions call the model.
/// </summary>
public sealed class HookTests : IDisposable
{
    private const string Calling = "the model's forward, which calls its hooks";

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void A_hook_on_any_layer_is_called_at_every_step_and_the_samples_are_the_same()
    {
        using var model = Stirred.Create<OfClasses>();
        var expected = OfClasses.Samplers.Ddim5.Sample(model, [0, 2], guidance: 2, seed: 3);
        var layers = model.named_modules().Select(static m => (m.name, m.module)).Append(("the model", model)).ToArray();
        var heard = 0;
        foreach (var (name, layer) in layers)
        {
            foreach (var remove in Listen(layer, () => heard++))
            {
                heard = 0;
                using (var session = model.CreateSession())
                {
                    Assert.Equal(Calling, session.Engine);
                    Close.To(
                        expected,
                        OfClasses.Samplers.Ddim5.Sample(model, [0, 2], guidance: 2, seed: 3, options: new() { Session = session }),
                        Close.OneStep,
                        name);
                    Assert.True(heard == 5, $"{name}: {heard}");
                }
                Close.To(expected, OfClasses.Samplers.Ddim5.Sample(model, [0, 2], guidance: 2, seed: 3), Close.OneStep, name);
                Assert.True(heard == 10, $"{name}: {heard}");
                remove();
                Assert.True(expected.Equals(OfClasses.Samplers.Ddim5.Sample(model, [0, 2], guidance: 2, seed: 3)), name);
                Assert.True(heard == 10, $"{name}: {heard}");
            }
        }
        Assert.InRange(layers.Length, 15, int.MaxValue);
    }

    [Fact]
    public void Hooks_that_come_and_go_while_a_session_is_kept_are_noticed()
    {
        using var model = Stirred.Create<OfText>();
        using var session = model.CreateSession();
        using var text = new TextEmbeddings(randn(2, 3, 6));
        var engine = session.Engine;
        var (x, t) = (randn(2, 3, 4, 8), tensor(new long[] { 3, 700 }));
        var expected = session.Forward(x, t, text);
        var heard = 0;
        var embedder = (nn.Module<TextEmbeddings, Tensor>)model.named_modules().Single(static m => m.name == "y_embedder").module;
        var remover = embedder.register_forward_hook((_, _, output) => { heard++; return output; });

        Assert.Equal(Calling, session.Engine);
        Close.To(expected, session.Forward(x, t, text), Close.OneStep);
        Assert.Equal(1, heard);
        remover.remove();

        Assert.Equal(engine, session.Engine);
        Assert.True(expected.Equals(session.Forward(x, t, text)));
        Assert.Equal(1, heard);
    }

    [Fact]
    public void Hooks_of_models_of_text_and_of_nothing_are_heard_too()
    {
        var heard = 0;
        using var texts = Stirred.Create<OfText>();
        using var text = new TextEmbeddings(randn(1, 3, 6));
        texts.register_forward_hook((_, _, _, _, output) => { heard++; return output; });
        OfText.Samplers.Ddim5.Sample(texts, text, guidance: 2);
        Assert.Equal(5, heard);
        using var nothing = Stirred.Create<OfNothing>();
        nothing.register_forward_pre_hook(_ => heard++);
        OfNothing.Samplers.Ddim5.Sample(nothing, 1);
        Assert.Equal(10, heard);
    }

    [Fact]
    public void A_hook_that_changes_what_a_layer_gives_changes_the_samples()
    {
        using var model = Stirred.Create<OfNothing>();
        var expected = OfNothing.Samplers.Ddim5.Sample(model, 1);
        var layer = (nn.Module<Tensor, Tensor>)model.named_modules().Single(static m => m.name == "blocks.0.attn.proj").module;
        layer.register_forward_hook(static (_, _, output) => output * 2);
        Assert.False(expected.allclose(OfNothing.Samplers.Ddim5.Sample(model, 1), atol: 1e-3));
    }

    [Fact]
    public void A_layer_is_heard_in_training_as_well()
    {
        using var model = GoldenP2.Create();
        var heard = 0;
        foreach (
            var (_, module) in model
                .named_modules()
                .Where(static m => m.name.EndsWith("fc1", StringComparison.Ordinal) || m.name.EndsWith("qkv", StringComparison.Ordinal)))
            ((nn.Module<Tensor, Tensor>)module).register_forward_hook((_, _, output) => { heard++; return output; });
        model.call(randn(16, 4, 8, 8), zeros(16), zeros(16, ScalarType.Int64)).sum().backward();
        Assert.Equal(4, heard);
    }

    // As docs/sampling.md shows it.
    [Fact]
    public void A_tensor_is_kept_beyond_a_hook_by_a_copy_that_no_scope_owns()
    {
        using var model = Stirred.Create<OfClasses>();
        using var frozen = no_grad();
        var before = LiveTensors.Count();
        Tensor? kept = null;
        foreach (var (_, module) in model.named_modules().Where(static m => m.name == "blocks.0"))
            ((nn.Module<Tensor, Tensor, Tensor>)module).register_forward_hook((_, _, _, output) =>
            {
                kept?.Dispose();
                kept = output.detach().clone().DetachFromDisposeScope(); // (N, T, D), the caller's from now on
                return output;
            });
        using (NewDisposeScope()) model.call(randn(2, 3, 4, 8), zeros(2), zeros(2, ScalarType.Int64));

        Assert.NotNull(kept);
        Assert.Equal(before + 1, LiveTensors.Count());
        Assert.Equal([2, OfClasses.Card.Tokens, OfClasses.Card.Width], kept.shape);
        Assert.True(kept.isfinite().all().item<bool>());
        kept.Dispose();
    }

    // Each kind of hook of one layer, registered when it is asked for; gives what takes it away again.
    private static IEnumerable<Action> Listen(nn.Module module, Action hear)
    {
        switch (module)
        {
            case nn.Module<Tensor, Tensor> layer:
                yield return layer.register_forward_hook((_, _, output) => { hear(); return output; }).remove;
                yield return layer.register_forward_pre_hook((_, input) => { hear(); return input; }).remove;
                yield return layer.register_forward_hook(_ => hear()).remove;
                yield return layer.register_forward_pre_hook(_ => hear()).remove;
                break;
            case nn.Module<Tensor, Tensor, Tensor> layer:
                yield return layer.register_forward_hook((_, _, _, output) => { hear(); return output; }).remove;
                yield return layer.register_forward_pre_hook((_, a, b) => { hear(); return (a, b); }).remove;
                yield return layer.register_forward_hook(_ => hear()).remove;
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor> layer:
                yield return layer.register_forward_hook((_, _, _, _, output) => { hear(); return output; }).remove;
                yield return layer.register_forward_pre_hook((_, a, b, c) => { hear(); return (a, b, c); }).remove;
                yield return layer.register_forward_pre_hook(_ => hear()).remove;
                break;
        }
    }
}
