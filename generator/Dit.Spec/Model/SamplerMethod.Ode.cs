namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>Euler's method: on a flow in steps of time, on a Gaussian diffusion in steps of the noise level (Karras
    /// et al., arXiv 2206.00364).</summary>
    /// <param name="Spacing">Where the steps lie.</param>
    /// <param name="Shift">How much nearer to the noise the steps of a flow lie; 1 leaves them.</param>
    public sealed record Euler(StepSpacing Spacing = StepSpacing.Usual, double Shift = 1) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "euler";

        internal override string Meaning => "Euler's method (arXiv 2206.00364; for flows arXiv 2401.08740)";

        /// <inheritdoc/>
        public override string Title => "Euler's method";

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options => SpacingOf(Spacing, Shift);

        internal override SamplerMethod With(SettingValues values) =>
            new Euler(values.Of<StepSpacing>(SettingName.Spacing), values.Of<double>(SettingName.Shift));
    }

    /// <summary>Heun's method of order 2, with two evaluations for each step (Karras et al., arXiv 2206.00364,
    /// algorithm 1).</summary>
    /// <param name="Spacing">Where the steps lie.</param>
    /// <param name="Shift">How much nearer to the noise the steps of a flow lie; 1 leaves them.</param>
    public sealed record Heun(StepSpacing Spacing = StepSpacing.Usual, double Shift = 1) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "heun";

        internal override string Meaning => "Heun's method, two evaluations for each step (arXiv 2206.00364, algorithm 1)";

        /// <inheritdoc/>
        public override string Title => "Heun's method";

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options => SpacingOf(Spacing, Shift);

        internal override SamplerMethod With(SettingValues values) =>
            new Heun(values.Of<StepSpacing>(SettingName.Spacing), values.Of<double>(SettingName.Shift));
    }

    /// <summary>Dormand and Prince's method of order 5, whose steps adapt to an error.</summary>
    /// <param name="RelativeTolerance">Error allowed, as a share of the state.</param>
    /// <param name="AbsoluteTolerance">Error allowed besides.</param>
    public sealed record Dopri5(double RelativeTolerance = 1e-3, double AbsoluteTolerance = 1e-6) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "dopri5";

        /// <inheritdoc/>
        public override bool TakesSteps => false;

        internal override string Meaning => "Dormand and Prince's method of order 5, whose steps adapt to an error";

        /// <inheritdoc/>
        public override string Title => "Dormand and Prince's method with steps that adapt";

        /// <inheritdoc/>
        public override bool TakesClipping => false;

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options =>
        [
            new(SettingName.RelativeTolerance, nameof(RelativeTolerance), RelativeTolerance, 1e-3),
            new(SettingName.AbsoluteTolerance, nameof(AbsoluteTolerance), AbsoluteTolerance, 1e-6),
        ];

        internal override SamplerMethod With(SettingValues values) =>
            new Dopri5(values.Of<double>(SettingName.RelativeTolerance), values.Of<double>(SettingName.AbsoluteTolerance));
    }
}
