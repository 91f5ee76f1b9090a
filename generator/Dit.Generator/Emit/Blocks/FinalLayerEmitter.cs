using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The layer behind the last block: a norm, adaptive where the blocks' norms are (DiT paper, section 3.2), and a linear layer from tokens to patches.</summary>
internal static class FinalLayerEmitter
{
    public static string FinalLayer(ModelSpec spec) => spec.Conditioning.Variant.Match(_ => Plain(spec), _ => Plain(spec), _ => Adaptive(spec), _ => Adaptive(spec));

    private static string Plain(ModelSpec spec)
    {
        var patch = spec.PatchSize * spec.PatchSize * spec.OutputChannels;
        return Code.AlignComments($$"""
            /// <summary>LayerNorm, then a linear layer from tokens to patches.</summary>
            private sealed class FinalLayer : nn.Module<Tensor, Tensor>
            {
                private readonly AffineLayerNorm norm_final;
                private readonly Linear linear;

                public FinalLayer(Device device, ScalarType dtype) : base(nameof(FinalLayer))
                {
                    norm_final = new AffineLayerNorm({{spec.Width}}, device, dtype);
                    linear = Layer.Linear({{spec.Width}}, {{patch}}, device, dtype);

                    register_module(nameof(norm_final), norm_final);
                    register_module(nameof(linear), linear);
                }

                /// <param name="x">Tokens, (N, T, D).</param>
                /// <returns>Patches, (N, T, {{patch}}).</returns>
                public override Tensor forward(Tensor x)
                {
                    using var scope = NewDisposeScope();
                    return Functional.Linear(linear, norm_final.call(x)).MoveToOuterDisposeScope(); // (N, T, {{patch}})
                }

                /// <summary>The same as steps of an inference session.</summary>
                internal void AddTo(SessionBuilder session)
                {
                    session.Norm(norm_final);
                    session.Output(linear);
                }

                /// <summary>The linear layer zero: a new model predicts zero.</summary>
                internal void Initialize()
                {
                    norm_final.Initialize();
                    Init.Zero(linear);
                }

                protected override void RegisterComponents() { }
            }
            """);
    }

    private static string Adaptive(ModelSpec spec)
    {
        var patch = spec.PatchSize * spec.PatchSize * spec.OutputChannels;
        return Code.AlignComments($$"""
            /// <summary>Adaptive LayerNorm, then a linear layer from tokens to patches.</summary>
            private sealed class FinalLayer : nn.Module<Tensor, Tensor, Tensor>
            {
                private readonly Linear linear;
                private readonly Linear modulation;
                private readonly Sequential adaLN_modulation;

                public FinalLayer(Device device, ScalarType dtype) : base(nameof(FinalLayer))
                {
                    linear = Layer.Linear({{spec.Width}}, {{patch}}, device, dtype);
                    modulation = Layer.Linear({{spec.Width}}, {{2 * spec.Width}}, device, dtype);
                    adaLN_modulation = nn.Sequential(("0", nn.SiLU()), ("1", modulation));

                    register_module(nameof(linear), linear);
                    register_module(nameof(adaLN_modulation), adaLN_modulation);
                }

                /// <param name="x">Tokens, (N, T, D).</param>
                /// <param name="c">Condition, (N, D).</param>
                /// <returns>Patches, (N, T, {{patch}}).</returns>
                public override Tensor forward(Tensor x, Tensor c)
                {
                    using var scope = NewDisposeScope();
                    var m = adaLN_modulation.call(c).unsqueeze(1).chunk(2, dim: -1); // 2 x (N, 1, D)
                    var (shift, scale) = (m[0], m[1]);
                    return Functional.Linear(linear, Functional.Modulate(x, shift, scale)).MoveToOuterDisposeScope(); // (N, T, {{patch}})
                }

                /// <summary>The same as steps of an inference session.</summary>
                internal void AddTo(SessionBuilder session)
                {
                    var m = session.Modulation(modulation);
                    session.Norm(shift: m[0], scale: m[1]);
                    session.Output(linear);
                }

                /// <summary>All zero: a new model predicts zero.</summary>
                internal void Initialize()
                {
                    Init.Zero(linear);
                    Init.Zero(modulation);
                }

                protected override void RegisterComponents() { }
            }
            """);
    }
}
