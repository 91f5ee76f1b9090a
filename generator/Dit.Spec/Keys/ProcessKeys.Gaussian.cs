namespace Dit.Spec;

internal abstract partial record ProcessKeys
{
    /// <summary>The keys of <see cref="ProcessSpec.Gaussian"/>.</summary>
    public sealed record Gaussian : ProcessKeys
    {
        public override string Singular => "a Gaussian diffusion";

        public override string Plural => "Gaussian diffusions";

        public override IReadOnlyList<SpecKey> Keys =>
            [DiffusionKeys.Prediction, DiffusionKeys.Variance, DiffusionKeys.Schedule, DiffusionKeys.Timesteps];

        public override IReadOnlyList<SpecWord<Variance>> Variances =>
        [
            new("learned-range", "learned, between the two fixed ones; doubles the output channels", Variance.LearnedRange),
            new("fixed-small", "the posterior's", Variance.FixedSmall),
            new("fixed-large", "the forward step's", Variance.FixedLarge),
        ];

        public override IReadOnlyList<SpecWord<Schedule>> Schedules =>
        [
            new("linear", "betas from 1e-4 to 0.02 for 1000 timesteps (DDPM)", Schedule.Linear),
            new("squared-cosine", "arXiv 2102.09672, section 3.2", Schedule.SquaredCosine),
            new(
                "scaled-linear",
                "betas whose square roots are evenly spaced, from 0.00085 to 0.012 (Stable Diffusion)",
                Schedule.ScaledLinear),
        ];

        public override bool HasSchedule(string word) => !word.StartsWith(Flow.Prefix, StringComparison.Ordinal);

        public override MethodProcess Process => MethodProcess.Gaussian;

        public override string Advice => "ddim, ddpm or dpm-solver++";

        public override string UsualMethod => "ddim";
    }
}
