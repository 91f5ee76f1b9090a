using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The parts that the blocks of every variant share, named as in the official code.</summary>
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
                var mixed = Functional.Attention(Functional.Linear(qkv, x), heads: {{spec.Heads}}); // (N, T, D)
                return Functional.Linear(proj, mixed).MoveToOuterDisposeScope(); // (N, T, D)
            }

            internal void AddTo(SessionBuilder session) => session.Attention(qkv, proj, heads: {{spec.Heads}});

            internal void Initialize(Generator random)
            {
                Init.XavierUniform(qkv, random);
                Init.XavierUniform(proj, random);
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
                var h = Functional.Gelu(Functional.Linear(fc1, x)); // (N, T, {{spec.HiddenWidth}})
                return Functional.Linear(fc2, h).MoveToOuterDisposeScope(); // (N, T, D)
            }

            internal void AddTo(SessionBuilder session) => session.Mlp(fc1, fc2);

            internal void Initialize(Generator random)
            {
                Init.XavierUniform(fc1, random);
                Init.XavierUniform(fc2, random);
            }

            protected override void RegisterComponents() { }
        }
        """);
}
