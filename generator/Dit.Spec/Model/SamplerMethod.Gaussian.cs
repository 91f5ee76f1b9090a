namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>Ancestral sampling (DDPM, arXiv 2006.11239, algorithm 2).</summary>
    public sealed record Ddpm : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "ddpm";

        internal override string Meaning => "ancestral sampling (arXiv 2006.11239)";

        /// <inheritdoc/>
        public override string Title => "Ancestral DDPM sampling";

        /// <inheritdoc/>
        public override MethodProcess Process => MethodProcess.Gaussian;
    }

    /// <summary>DDIM (arXiv 2010.02502).</summary>
    /// <param name="Eta">0 is deterministic, 1 is as noisy as DDPM.</param>
    public sealed record Ddim(double Eta) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "ddim";

        internal override string Meaning => "arXiv 2010.02502";

        /// <inheritdoc/>
        public override string Title =>
            Eta == 0 ? "Deterministic DDIM sampling" : FormattableString.Invariant($"DDIM sampling with eta {Eta}");

        /// <inheritdoc/>
        public override MethodProcess Process => MethodProcess.Gaussian;

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options =>
            [new(SettingName.Eta, nameof(Eta), Eta, 0.0) { IsAlwaysShown = true }];

        internal override SamplerMethod With(SettingValues values) => new Ddim(values.Of<double>(SettingName.Eta));
    }

    /// <summary>Ancestral sampling with Euler's method (arXiv 2211.01095, appendix B.6).</summary>
    /// <param name="Spacing">Where the steps lie.</param>
    public sealed record EulerAncestral(StepSpacing Spacing = StepSpacing.Usual) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "euler-ancestral";

        internal override string Meaning => "Euler's method with new noise at each step (arXiv 2211.01095, appendix B.6)";

        /// <inheritdoc/>
        public override string Title => "Ancestral sampling with Euler's method";

        /// <inheritdoc/>
        public override MethodProcess Process => MethodProcess.Gaussian;

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options => [SpacingOf(Spacing, shift: 1)[0]];

        internal override SamplerMethod With(SettingValues values) => new EulerAncestral(values.Of<StepSpacing>(SettingName.Spacing));
    }
}
