namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>A method whose steps use the predictions of earlier steps.</summary>
    /// <param name="Order">Order of its error, at most the number of steps.</param>
    /// <param name="Spacing">Where the steps lie.</param>
    /// <param name="Shift">How much nearer to the noise the steps of a flow lie; 1 leaves them.</param>
    public abstract record Multistep(int Order, StepSpacing Spacing, double Shift) : SamplerMethod
    {
        internal override IReadOnlyList<MethodSetting> Settings =>
            [MethodSetting.Of(SamplerKeys.Order, nameof(Order), Order) with { IsAlwaysShown = true }, .. SpacingOf(Spacing, Shift)];

        internal override Result<SamplerMethod> Read(Fields fields) => (fields.Read(SamplerKeys.Order), ReadSpacing(fields))
            .Apply((order, where) => (SamplerMethod)(this with { Order = order, Spacing = where.Spacing, Shift = where.Shift }));
    }

    /// <summary>DPM-Solver++ (arXiv 2211.01095, algorithm 2).</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record DpmSolverPlusPlus(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "dpm-solver++";

        internal override string Meaning => "multistep, on the predicted data (arXiv 2211.01095)";

        internal override string Title => $"DPM-Solver++ of order {Order}";
    }

    /// <summary>DPM-Solver++ for the stochastic equation (arXiv 2211.01095, appendix; orders 1 and 2).</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record SdeDpmSolverPlusPlus(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "sde-dpm-solver++";

        internal override string Meaning => "DPM-Solver++ that draws noise at each step (arXiv 2211.01095), of order 1 or 2";

        internal override string Title => $"Stochastic DPM-Solver++ of order {Order}";
    }

    /// <summary>DPM-Solver (arXiv 2206.00927), as a multistep method.</summary>
    /// <inheritdoc cref="Multistep(int, StepSpacing, double)"/>
    public sealed record DpmSolver(int Order = 2, StepSpacing Spacing = StepSpacing.Usual, double Shift = 1)
        : Multistep(Order, Spacing, Shift)
    {
        /// <inheritdoc/>
        public override string Word => "dpm-solver";

        internal override string Meaning => "multistep, on the predicted noise (arXiv 2206.00927)";

        internal override string Title => $"DPM-Solver of order {Order}";
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

        internal override string Title => $"UniPC of order {Order}";

        internal override IReadOnlyList<MethodSetting> Settings =>
            [base.Settings[0], MethodSetting.Of(SamplerKeys.Variant, nameof(Variant), Variant), .. base.Settings.Skip(1)];

        internal override Result<SamplerMethod> Read(Fields fields) => (base.Read(fields), fields.Read(SamplerKeys.Variant))
            .Apply(static (method, variant) => (SamplerMethod)((UniPc)method with { Variant = variant }));
    }

    private static IReadOnlyList<MethodSetting> SpacingOf(StepSpacing spacing, double shift) =>
        [MethodSetting.Of(SamplerKeys.Spacing, "Spacing", spacing), MethodSetting.Of(SamplerKeys.Shift, "Shift", shift)];

    private static Result<(StepSpacing Spacing, double Shift)> ReadSpacing(Fields fields) =>
        (fields.Read(SamplerKeys.Spacing), fields.Read(SamplerKeys.Shift)).Apply(static (spacing, shift) => (spacing, shift));
}

/// <summary>The function B(h) of UniPC (arXiv 2302.04867, section 3.3).</summary>
public enum UniPcVariant
{
    /// <summary>B(h) = h.</summary>
    Bh1,

    /// <summary>B(h) = e^h - 1.</summary>
    Bh2,
}
