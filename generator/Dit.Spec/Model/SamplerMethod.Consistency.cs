namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>Multistep consistency sampling, for distilled models (arXiv 2303.01469, algorithm 1).</summary>
    /// <param name="Spacing">Where the steps lie.</param>
    /// <param name="Shift">How much nearer to the noise the steps of a flow lie; 1 leaves them.</param>
    public sealed record Consistency(StepSpacing Spacing = StepSpacing.Usual, double Shift = 1) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "consistency";

        internal override string Meaning => "the predicted data with new noise at each step, for distilled models (arXiv 2303.01469)";

        /// <inheritdoc/>
        public override string Title => "Multistep consistency sampling";

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options => SpacingOf(Spacing, Shift);

        internal override SamplerMethod With(SettingValues values) =>
            new Consistency(values.Of<StepSpacing>(SettingName.Spacing), values.Of<double>(SettingName.Shift));
    }
}
