using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The block of the adaLN-Zero variant (DiT paper, section 3.2 and figure 3).</summary>
internal static class AdaLNZeroEmitter
{
    public static string Block(ModelSpec spec) => Code.AlignComments($$"""
        /// <summary>One adaLN-Zero block: scale, shift and gate of both branches regressed from the condition (paper, section 3.2).</summary>
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
                modulation = Layer.Linear({{spec.Width}}, {{6 * spec.Width}}, device, dtype);
                adaLN_modulation = nn.Sequential(("0", nn.SiLU()), ("1", modulation));

                register_module(nameof(attn), attn);
                register_module(nameof(mlp), mlp);
                register_module(nameof(adaLN_modulation), adaLN_modulation);
            }

            /// <param name="x">Tokens, (N, T, D).</param>
            /// <param name="c">Condition, t + y, (N, D).</param>
            /// <returns>Tokens, (N, T, D).</returns>
            public override Tensor forward(Tensor x, Tensor c)
            {
                using var scope = NewDisposeScope();
                var m = adaLN_modulation.call(c).unsqueeze(1).chunk(6, dim: -1); // 6 x (N, 1, D)
                var (shift1, scale1, gate1) = (m[0], m[1], m[2]);
                var (shift2, scale2, gate2) = (m[3], m[4], m[5]);
                var h = Functional.GatedResidual(x, gate1, attn.call(Functional.Modulate(x, shift1, scale1))); // (N, T, D)
                return Functional.GatedResidual(h, gate2, mlp.call(Functional.Modulate(h, shift2, scale2{{NumericsEmitter.MlpNorm(spec)}}))).MoveToOuterDisposeScope(); // (N, T, D)
            }

            /// <summary>The same as steps of an inference session.</summary>
            internal void AddTo(SessionBuilder session)
            {
                var m = session.Modulation(modulation);
                session.Norm(shift: m[0], scale: m[1]);
                attn.AddTo(session);
                session.Residual(gate: m[2]);
                session.Norm(shift: m[3], scale: m[4]{{NumericsEmitter.MlpNorm(spec)}});
                mlp.AddTo(session);
                session.Residual(gate: m[5]);
            }

            /// <summary>Linear layers Xavier uniform, the regressing layer zero: the block starts as the identity.</summary>
            internal void Initialize(Generator random)
            {
                attn.Initialize(random);
                mlp.Initialize(random);
                Init.Zero(modulation);
            }

            protected override void RegisterComponents() { }
        }
        """);
}
