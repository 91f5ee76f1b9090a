using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The block of the cross-attention variant (DiT paper, section 3.2 and figure 3).</summary>
internal static class CrossAttentionEmitter
{
    // The paper's 137.62 G multiply-accumulates of XL/2 leave room for two norms in a block and no third: cross-attention reads the
    // tokens as they are. Text-to-image Transformers that followed (PixArt-alpha) do the same.
    public static string Block(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>One ViT block with cross-attention to the condition's tokens behind self-attention (paper, section 3.2).</summary>
        private sealed class Block : nn.Module<Tensor, Tensor, Tensor>
        {
            private readonly AffineLayerNorm norm1;
            private readonly Attention attn;
            private readonly CrossAttention cross_attn;
            private readonly AffineLayerNorm norm2;
            private readonly Mlp mlp;

            public Block(Device device, ScalarType dtype) : base(nameof(Block))
            {
                norm1 = new AffineLayerNorm({{spec.Width}}, device, dtype);
                attn = new Attention(device, dtype);
                cross_attn = new CrossAttention(device, dtype);
                norm2 = new AffineLayerNorm({{spec.Width}}, device, dtype);
                mlp = new Mlp(device, dtype);

                register_module(nameof(norm1), norm1);
                register_module(nameof(attn), attn);
                register_module(nameof(cross_attn), cross_attn);
                register_module(nameof(norm2), norm2);
                register_module(nameof(mlp), mlp);
            }

            /// <param name="x">Tokens, (N, T, D).</param>
            /// <param name="context">The condition's tokens, (N, M, D).</param>
            /// <returns>Tokens, (N, T, D).</returns>
            public override Tensor forward(Tensor x, Tensor context)
            {
                using var scope = NewDisposeScope();
                var h = x + attn.call(norm1.call(x)); // (N, T, D)
                var g = h + cross_attn.call(h, context); // (N, T, D)
                return (g + mlp.call(norm2.call(g))).MoveToOuterDisposeScope(); // (N, T, D)
            }

            /// <summary>The same as steps of an inference session.</summary>
            internal void AddTo(SessionBuilder session)
            {
                session.Norm(norm1);
                attn.AddTo(session);
                session.Residual();
                session.NoNorm();
                cross_attn.AddTo(session);
                session.Residual();
                session.Norm(norm2);
                mlp.AddTo(session);
                session.Residual();
            }

            /// <summary>Linear layers Xavier uniform, norms one and zero.</summary>
            internal void Initialize(Generator random)
            {
                norm1.Initialize();
                attn.Initialize(random);
                cross_attn.Initialize(random);
                norm2.Initialize();
                mlp.Initialize(random);
            }

            protected override void RegisterComponents() { }
        }
        """);

    public static string CrossAttention(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>Multi-head attention of the image's tokens to the condition's, {{spec.Heads}} heads of width {{spec.HeadWidth}}.</summary>
        private sealed class CrossAttention : nn.Module<Tensor, Tensor, Tensor>
        {
            private readonly Linear q;
            private readonly Linear kv;
            private readonly Linear proj;

            public CrossAttention(Device device, ScalarType dtype) : base(nameof(CrossAttention))
            {
                q = Layer.Linear({{spec.Width}}, {{spec.Width}}, device, dtype);
                kv = Layer.Linear({{spec.Width}}, {{2 * spec.Width}}, device, dtype);
                proj = Layer.Linear({{spec.Width}}, {{spec.Width}}, device, dtype);

                register_module(nameof(q), q);
                register_module(nameof(kv), kv);
                register_module(nameof(proj), proj);
            }

            /// <param name="x">Tokens, (N, T, D).</param>
            /// <param name="context">The condition's tokens, (N, M, D).</param>
            /// <returns>Tokens, (N, T, D).</returns>
            public override Tensor forward(Tensor x, Tensor context)
            {
                using var scope = NewDisposeScope();
                var mixed = Functional.CrossAttention(Functional.Linear(q, x), Functional.Linear(kv, context), heads: {{spec.Heads}}); // (N, T, D)
                return Functional.Linear(proj, mixed).MoveToOuterDisposeScope(); // (N, T, D)
            }

            internal void AddTo(SessionBuilder session) => session.CrossAttention(q, kv, proj, heads: {{spec.Heads}});

            internal void Initialize(Generator random)
            {
                Init.XavierUniform(q, random);
                Init.XavierUniform(kv, random);
                Init.XavierUniform(proj, random);
            }

            protected override void RegisterComponents() { }
        }
        """);
}
