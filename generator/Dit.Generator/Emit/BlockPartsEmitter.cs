using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The parts that the blocks of every variant share, and the layer behind the last block.</summary>
internal static class BlockPartsEmitter
{
    public static string Attention(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>Multi-head self-attention, {{spec.Heads}} heads of width {{spec.HeadWidth}}.</summary>
        private sealed class Attention : nn.Module<Tensor, Tensor>
        {
            private readonly Linear qkv;
            private readonly Linear proj;

            public Attention(Device device, ScalarType dtype) : base(nameof(Attention))
            {
                qkv = Layer.Linear({{spec.Width}}, {{3 * spec.Width}}, device, dtype);
                proj = Layer.Linear({{spec.Width}}, {{spec.Width}}, device, dtype);

                register_module(nameof(qkv), qkv);
                register_module(nameof(proj), proj);
            }

            /// <param name="x">Tokens, (N, T, D).</param>
            /// <returns>Tokens, (N, T, D).</returns>
            public override Tensor forward(Tensor x)
            {
                using var scope = NewDisposeScope();
                var heads = qkv.call(x).view(-1, {{spec.Tokens}}, 3, {{spec.Heads}}, {{spec.HeadWidth}}).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (N, H, T, K)
                var mixed = nn.functional.scaled_dot_product_attention(heads[0], heads[1], heads[2]); // (N, H, T, K)
                return proj.call(mixed.transpose(1, 2).reshape(-1, {{spec.Tokens}}, {{spec.Width}})).MoveToOuterDisposeScope(); // (N, T, D)
            }

            internal void Initialize(Generator random)
            {
                Initialise.XavierUniform(qkv, random);
                Initialise.XavierUniform(proj, random);
            }

            protected override void RegisterComponents() { }
        }
        """);

    public static string Mlp(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>Two linear layers with the tanh form of GELU between them.</summary>
        private sealed class Mlp : nn.Module<Tensor, Tensor>
        {
            private readonly Linear fc1;
            private readonly Linear fc2;

            public Mlp(Device device, ScalarType dtype) : base(nameof(Mlp))
            {
                fc1 = Layer.Linear({{spec.Width}}, {{spec.HiddenWidth}}, device, dtype);
                fc2 = Layer.Linear({{spec.HiddenWidth}}, {{spec.Width}}, device, dtype);

                register_module(nameof(fc1), fc1);
                register_module(nameof(fc2), fc2);
            }

            /// <param name="x">Tokens, (N, T, D).</param>
            /// <returns>Tokens, (N, T, D).</returns>
            public override Tensor forward(Tensor x)
            {
                using var scope = NewDisposeScope();
                var h = nn.functional.gelu(fc1.call(x), GELU.Approximate.tanh); // (N, T, {{spec.HiddenWidth}})
                return fc2.call(h).MoveToOuterDisposeScope(); // (N, T, D)
            }

            internal void Initialize(Generator random)
            {
                Initialise.XavierUniform(fc1, random);
                Initialise.XavierUniform(fc2, random);
            }

            protected override void RegisterComponents() { }
        }
        """);

    public static string FinalLayer(ModelSpec spec)
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
                    return linear.call(Layer.Modulate(x, shift: m[0], scale: m[1])).MoveToOuterDisposeScope(); // (N, T, {{patch}})
                }

                /// <summary>All zero: a new model predicts zero.</summary>
                internal void Initialize()
                {
                    Initialise.Zero(linear);
                    Initialise.Zero(modulation);
                }

                protected override void RegisterComponents() { }
            }
            """);
    }
}
