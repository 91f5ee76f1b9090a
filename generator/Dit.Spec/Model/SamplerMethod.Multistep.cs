namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>A method whose steps use the predictions of earlier steps.</summary>
    /// <param name="Order">Order of its error, at most the number of steps.</param>
    /// <param name="Spacing">Where the steps lie.</param>
    /// <param name="Shift">How much nearer to the noise the steps of a flow lie; 1 leaves them.</param>
    public abstract record Multistep(int Order, StepSpacing Spacing, double Shift) : SamplerMethod
    {
        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options =>
            [new(SettingName.Order, nameof(Order), Order, 2) { IsAlwaysShown = true }, .. SpacingOf(Spacing, Shift)];

        internal override SamplerMethod With(SettingValues values) => this with
        {
            Order = values.Of<int>(SettingName.Order),
            Spacing = values.Of<StepSpacing>(SettingName.Spacing),
            Shift = values.Of<double>(SettingName.Shift),
        };
    }

    /// <summary>DPM-Solver++ (arXiv 2211.01095, algorithm 2).</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record DpmSolverPlusPlus(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "dpm-solver++";

        internal override string Meaning => "multistep, on the predicted data (arXiv 2211.01095)";

        /// <inheritdoc/>
        public override string Title => $"DPM-Solver++ of order {Order}";
    }

    /// <summary>DPM-Solver++ for the stochastic equation (arXiv 2211.01095, appendix B.6).</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record SdeDpmSolverPlusPlus(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "sde-dpm-solver++";

        internal override string Meaning => "DPM-Solver++ that draws noise at each step (arXiv 2211.01095, appendix B.6)";

        /// <inheritdoc/>
        public override string Title => $"Stochastic DPM-Solver++ of order {Order}";
    }

    /// <summary>DPM-Solver (arXiv 2206.00927), as a multistep method.</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record DpmSolver(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "dpm-solver";

        internal override string Meaning => "multistep, on the predicted noise (arXiv 2206.00927)";

        /// <inheritdoc/>
        public override string Title => $"DPM-Solver of order {Order}";
    }

    /// <summary>UniPC (arXiv 2302.04867, algorithm 1).</summary>
    /// <param name="Order">Order of its predictor, at most the number of steps.</param>
    /// <param name="Variant">Its function B(h).</param>
    /// <param name="Spacing">Where the steps lie.</param>
    /// <param name="Shift">How much nearer to the noise the steps of a flow lie; 1 leaves them.</param>
    public sealed record UniPc(
        int Order = 2, UniPcVariant Variant = UniPcVariant.Bh2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "unipc";

        internal override string Meaning => "multistep predictor and corrector (arXiv 2302.04867)";

        /// <inheritdoc/>
        public override string Title => $"UniPC of order {Order}";

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options =>
            [base.Options[0], new(SettingName.Variant, nameof(Variant), Variant, UniPcVariant.Bh2), .. base.Options.Skip(1)];

        internal override SamplerMethod With(SettingValues values) =>
            (UniPc)base.With(values) with { Variant = values.Of<UniPcVariant>(SettingName.Variant) };
    }

    /// <summary>DEIS (arXiv 2204.13902).</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record Deis(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "deis";

        internal override string Meaning => "multistep, on a polynomial through the predicted noise (arXiv 2204.13902)";

        /// <inheritdoc/>
        public override string Title => $"DEIS of order {Order}";
    }

    /// <summary>The linear multistep method of Adams and Bashforth (arXiv 2204.13902, rho-AB-DEIS).</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record Lms(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "lms";

        internal override string Meaning => "multistep, on a polynomial in sigma / alpha through the predicted noise (arXiv 2204.13902)";

        /// <inheritdoc/>
        public override string Title => $"The linear multistep method of order {Order}";
    }

    private static IReadOnlyList<MethodSetting> SpacingOf(StepSpacing spacing, double shift) =>
        [new(SettingName.Spacing, "Spacing", spacing, StepSpacing.Usual), new(SettingName.Shift, "Shift", shift, 1.0)];
}

/// <summary>The function B(h) of UniPC (arXiv 2302.04867, section 3.3).</summary>
public enum UniPcVariant
{
    /// <summary>B(h) = h.</summary>
    Bh1,

    /// <summary>B(h) = e^h - 1.</summary>
    Bh2,
}
