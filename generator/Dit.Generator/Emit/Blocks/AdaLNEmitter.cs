using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The block of the adaLN variant (DiT paper, section 3.2 and figure 3).</summary>
internal static class AdaLNEmitter
{
    public static string Block(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>One adaLN block: scale and shift of both norms regressed from the condition (paper, section 3.2).</summary>
        private sealed class Block : nn.Module<Tensor, Tensor, Tensor>
        {
            private readonly Attention attn;
            private readonly Mlp mlp;
            private readonly Linear modulation;
            private readonly Sequential adaLN_modulation;

            public Block(Device device, ScalarType dtype) : base(nameof(Block))
            {
                attn = new Attention(device, dtype);
                mlp = new Mlp(device, dtype);
                modulation = Layer.Linear({{spec.Width}}, {{4 * spec.Width}}, device, dtype);
                adaLN_modulation = nn.Sequential(("0", nn.SiLU()), ("1", modulation));

                register_module(nameof(attn), attn);
                register_module(nameof(mlp), mlp);
                register_module(nameof(adaLN_modulation), adaLN_modulation);
            }

            /// <param name="x">Tokens, (N, T, D).</param>
            /// <param name="c">Condition, (N, D).</param>
            /// <returns>Tokens, (N, T, D).</returns>
            public override Tensor forward(Tensor x, Tensor c)
            {
                using var scope = NewDisposeScope();
                var m = adaLN_modulation.call(c).unsqueeze(1).chunk(4, dim: -1); // 4 x (N, 1, D)
                var (shift1, scale1) = (m[0], m[1]);
                var (shift2, scale2) = (m[2], m[3]);
                var h = x + attn.call(Functional.Modulate(x, shift1, scale1)); // (N, T, D)
                return (h + mlp.call(Functional.Modulate(h, shift2, scale2))).MoveToOuterDisposeScope(); // (N, T, D)
            }

            /// <summary>The same as steps of an inference session.</summary>
            internal void AddTo(SessionBuilder session)
            {
                var m = session.Modulation(modulation);
                session.Norm(shift: m[0], scale: m[1]);
                attn.AddTo(session);
                session.Residual();
                session.Norm(shift: m[2], scale: m[3]);
                mlp.AddTo(session);
                session.Residual();
            }

            /// <summary>Every linear layer Xavier uniform, the regressing one too: starting it from zero is what adaLN-Zero adds.</summary>
            internal void Initialize(Generator random)
            {
                attn.Initialize(random);
                mlp.Initialize(random);
                Init.XavierUniform(modulation, random);
            }

            protected override void RegisterComponents() { }
        }
        """);
}
