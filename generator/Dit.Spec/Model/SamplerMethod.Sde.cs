namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>A method for the stochastic equation of a flow (SiT, arXiv 2401.08740, section 2.3).</summary>
    /// <param name="Form">How much noise there is along the way.</param>
    /// <param name="Norm">Factor of that noise.</param>
    /// <param name="LastStep">How the last step is taken, in which no noise is drawn.</param>
    /// <param name="LastStepSize">Length of the last step in time.</param>
    public abstract record Sde(DiffusionForm Form, double Norm, LastStep LastStep, double LastStepSize) : SamplerMethod
    {
        /// <inheritdoc/>
        public override MethodProcess Process => MethodProcess.Flow;

        /// <inheritdoc/>
        public override bool TakesClipping => false;

        /// <inheritdoc/>
        public override IReadOnlyList<MethodSetting> Options =>
        [
            new(SettingName.Form, nameof(Form), Form, DiffusionForm.Sigma),
            new(SettingName.Norm, nameof(Norm), Norm, 1.0),
            new(SettingName.LastStep, "Last", LastStep, Spec.LastStep.Mean),
            new(SettingName.LastStepSize, nameof(LastStepSize), LastStepSize, 0.04),
        ];

        internal override SamplerMethod With(SettingValues values) => this with
        {
            Form = values.Of<DiffusionForm>(SettingName.Form),
            Norm = values.Of<double>(SettingName.Norm),
            LastStep = values.Of<LastStep>(SettingName.LastStep),
            LastStepSize = values.Of<double>(SettingName.LastStepSize),
        };
    }

    /// <summary>Euler and Maruyama's method.</summary>
    /// <inheritdoc cref="Sde(DiffusionForm, double, Dit.Spec.LastStep, double)"/>
    public sealed record EulerMaruyama(
        DiffusionForm Form = DiffusionForm.Sigma, double Norm = 1, LastStep LastStep = LastStep.Mean, double LastStepSize = 0.04)
        : Sde(Form, Norm, LastStep, LastStepSize)
    {
        /// <inheritdoc/>
        public override string Word => "sde-euler";

        internal override string Meaning => "Euler and Maruyama's method (SiT, arXiv 2401.08740)";

        /// <inheritdoc/>
        public override string Title => "Euler and Maruyama's method";
    }

    /// <summary>Heun's method with noise.</summary>
    /// <inheritdoc cref="Sde(DiffusionForm, double, Dit.Spec.LastStep, double)"/>
    public sealed record StochasticHeun(
        DiffusionForm Form = DiffusionForm.Sigma, double Norm = 1, LastStep LastStep = LastStep.Mean, double LastStepSize = 0.04)
        : Sde(Form, Norm, LastStep, LastStepSize)
    {
        /// <inheritdoc/>
        public override string Word => "sde-heun";

        internal override string Meaning => "Heun's method with noise, two evaluations for each step (SiT, arXiv 2401.08740)";

        /// <inheritdoc/>
        public override string Title => "Heun's method with noise";
    }
}

/// <summary>How much noise a stochastic sampler of a flow draws along the way (SiT, arXiv 2401.08740, section 3.3;
/// the published code's names).</summary>
public enum DiffusionForm
{
    /// <summary>The same all the way.</summary>
    Constant,

    /// <summary>That of the reverse diffusion (Song et al., arXiv 2011.13456).</summary>
    Sbdm,

    /// <summary>As the noise in the state.</summary>
    Sigma,

    /// <summary>Falling linearly.</summary>
    Linear,

    /// <summary>Falling as a squared cosine.</summary>
    Decreasing,

    /// <summary>Rising, then falling, as a squared sine.</summary>
    IncreasingDecreasing,
}

/// <summary>How a stochastic sampler of a flow takes its last step.</summary>
public enum LastStep
{
    /// <summary>There is none: the sample is the state before it.</summary>
    None,

    /// <summary>Along the drift of the stochastic equation.</summary>
    Mean,

    /// <summary>To the data that the score implies (Tweedie's formula).</summary>
    Tweedie,

    /// <summary>Along the velocity.</summary>
    Euler,
}
