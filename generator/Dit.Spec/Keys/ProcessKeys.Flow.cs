namespace Dit.Spec;

internal abstract partial record ProcessKeys
{
    /// <summary>The keys of <see cref="ProcessSpec.Flow"/>.</summary>
    public sealed record Flow : ProcessKeys
    {
        /// <summary>Prefix of the names of flow schedules.</summary>
        public const string Prefix = "flow-";

        /// <summary>What a model predicts by default.</summary>
        public const string UsualPrediction = "velocity";

        /// <summary>The default of the variance.</summary>
        public const string UsualVariance = "none";

        public override string Singular => "a flow";

        public override string Plural => "flow processes";

        public override IReadOnlyList<SpecKey> Keys =>
        [
            DiffusionKeys.Prediction, DiffusionKeys.Variance, DiffusionKeys.Schedule, DiffusionKeys.Loss, DiffusionKeys.Weight,
            DiffusionKeys.Times, DiffusionKeys.Shift, DiffusionKeys.CosineLoss,
        ];

        public override IReadOnlyList<SpecWord<Variance>> Variances =>
        [
            new("none", "of a flow, which has none", Variance.None),
            new(
                "ignored", "of a flow: the output has twice the channels, and the second half is not used (the released SiT models)",
                Variance.Ignored),
        ];

        public override IReadOnlyList<SpecWord<Schedule>> Schedules =>
        [
            new(Prefix + "linear", "the straight path of a flow: alpha = t, sigma = 1 - t", Schedule.FlowLinear),
            new(
                Prefix + "gvp", "the generalized variance-preserving path of a flow: alpha = sin(pi t / 2), sigma = cos(pi t / 2)",
                Schedule.FlowGvp),
            new(Prefix + "vp", "the variance-preserving path of a flow (arXiv 2011.13456)", Schedule.FlowVp),
        ];

        public override bool HasSchedule(string word) => word.StartsWith(Prefix, StringComparison.Ordinal);

        public override MethodProcess Process => MethodProcess.Flow;

        public override string Advice => "euler, dopri5, dpm-solver++ or sde-euler";

        public override string UsualMethod => "euler";
    }
}
