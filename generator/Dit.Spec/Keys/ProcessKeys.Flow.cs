namespace Dit.Spec;

internal abstract partial record ProcessKeys
{
    /// <summary>The keys of flows, which are not available in this version.</summary>
    public sealed record Flow : ProcessKeys
    {
        /// <summary>Prefix of the names of flow schedules.</summary>
        public const string Prefix = "flow-";

        public override string Singular => "a flow";

        public override string Plural => "flow processes";

        public override IReadOnlyList<SpecKey> Keys => [DiffusionKeys.Prediction, DiffusionKeys.Variance, DiffusionKeys.Schedule];

        public override IReadOnlyList<SpecWord<Prediction>> Predictions =>
            [new("velocity", "the velocity of a flow (SiT, arXiv 2401.08740)")];

        /// <summary>Those of a Gaussian diffusion, without the learned one.</summary>
        public override IReadOnlyList<SpecWord<Variance>> Variances =>
            [.. new Gaussian().Variances.Where(static variance => variance.Value != Variance.LearnedRange)];

        public override IReadOnlyList<SpecWord<Schedule>> Schedules =>
        [
            new(Prefix + "linear", "the straight path of a flow"),
            new(Prefix + "gvp", "the variance-preserving path of a flow"),
            new(Prefix + "vp", "the diffusion path of a flow"),
        ];

        public override bool HasSchedule(string word) => word.StartsWith(Prefix, StringComparison.Ordinal);

        public override MethodProcess Process => MethodProcess.Flow;

        public override string Advice => "euler, dopri5, dpm-solver++ or sde-euler";

        public override string UsualMethod => "euler";
    }
}
