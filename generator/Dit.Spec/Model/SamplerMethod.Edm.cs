namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>The stochastic sampler of Karras et al. (EDM, arXiv 2206.00364, algorithm 2).</summary>
    /// <param name="Churn">S_churn: noise that all steps add together.</param>
    /// <param name="ChurnMin">S_tmin: the noise level below which a step adds none.</param>
    /// <param name="ChurnMax">S_tmax: the noise level above which a step adds none.</param>
    /// <param name="ChurnNoise">S_noise: the standard deviation of the added noise.</param>
    /// <param name="Spacing">Where the steps lie.</param>
    public sealed record Edm(
        double Churn = 40,
        double ChurnMin = 0.05,
        double ChurnMax = 50,
        double ChurnNoise = 1.003,
        StepSpacing Spacing = StepSpacing.Usual) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "edm";

        internal override string Meaning =>
            "Heun's method that adds noise before a step, two evaluations for each step (arXiv 2206.00364, algorithm 2)";

        /// <inheritdoc/>
        public override string Title => "The stochastic sampler of EDM";

        /// <inheritdoc/>
        public override MethodProcess Process => MethodProcess.Gaussian;

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options =>
        [
            new(SettingName.Churn, nameof(Churn), Churn, 40.0),
            new(SettingName.ChurnMin, nameof(ChurnMin), ChurnMin, 0.05),
            new(SettingName.ChurnMax, nameof(ChurnMax), ChurnMax, 50.0),
            new(SettingName.ChurnNoise, nameof(ChurnNoise), ChurnNoise, 1.003),
            SpacingOf(Spacing, shift: 1)[0],
        ];

        internal override SamplerMethod With(SettingValues values) => new Edm(
            values.Of<double>(SettingName.Churn),
            values.Of<double>(SettingName.ChurnMin),
            values.Of<double>(SettingName.ChurnMax),
            values.Of<double>(SettingName.ChurnNoise),
            values.Of<StepSpacing>(SettingName.Spacing));
    }
}
