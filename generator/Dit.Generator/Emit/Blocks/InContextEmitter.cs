using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The block of the in-context variant: a plain ViT block (DiT paper, section 3.2).</summary>
internal static class InContextEmitter
{
    public static string Block(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>One plain ViT block; the condition's tokens pass through it like the others (paper, section 3.2).</summary>
        private sealed class Block : nn.Module<Tensor, Tensor>
        {
            private readonly AffineLayerNorm norm1;
            private readonly Attention attn;
            private readonly AffineLayerNorm norm2;
            private readonly Mlp mlp;

            public Block(Device device, ScalarType dtype) : base(nameof(Block))
            {
                norm1 = new AffineLayerNorm({{spec.Width}}, device, dtype);
                attn = new Attention(device, dtype);
                norm2 = new AffineLayerNorm({{spec.Width}}, device, dtype);
                mlp = new Mlp(device, dtype);

                register_module(nameof(norm1), norm1);
                register_module(nameof(attn), attn);
                register_module(nameof(norm2), norm2);
                register_module(nameof(mlp), mlp);
            }

            /// <param name="x">Tokens, the condition's among them, (N, T + M, D).</param>
            /// <returns>Tokens, (N, T + M, D).</returns>
            public override Tensor forward(Tensor x)
            {
                using var scope = NewDisposeScope();
                var h = x + attn.call(norm1.call(x)); // (N, T + M, D)
                return (h + mlp.call(norm2.call(h))).MoveToOuterDisposeScope(); // (N, T + M, D)
            }

            /// <summary>The same as steps of an inference session.</summary>
            internal void AddTo(SessionBuilder session)
            {
                session.Norm(norm1);
                attn.AddTo(session);
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
                norm2.Initialize();
                mlp.Initialize(random);
            }

            protected override void RegisterComponents() { }
        }
        """);
}
