using System.Globalization;

namespace Dit.Spec;

/// <summary>The keys of one sampler, below its name.</summary>
internal static class SamplerKeys
{
    public static WordKey<SamplerMethod> Method { get; } = new(
        "method", [.. SamplerMethod.All.Select(static method => new SpecWord<SamplerMethod>(method.Word, method.Meaning, method))], null,
        "How a step is taken", "ddim")
    { Rules = [Rule.SamplerFitsProcess] };

    public static IntKey Steps { get; } = new(
        "steps",
        1,
        100_000,
        null,
        "Number of steps; a Gaussian diffusion allows 2 to the number of its timesteps, and dopri5 takes none",
        "50")
    { Rules = [Rule.StepsWithinTimesteps], IsOfSomeCases = true };

    public static NumberKey Eta { get; } =
        new(SettingName.Eta, 0, 1, 0, "Noise of a ddim step: 0 is deterministic, 1 is as noisy as ddpm, which takes no eta", "0")
        { Rules = [Rule.UnknownKey] };

    public static IntKey Order { get; } = new(SettingName.Order, 1, 3, 2, "Order of a multistep method, at most the number of steps", "2")
    { Rules = [Rule.UnknownKey, Rule.OrderWithinSteps] };

    public static WordKey<UniPcVariant> Variant { get; } = new(
        SettingName.Variant, [new("bh1", "B(h) = h", UniPcVariant.Bh1), new("bh2", "B(h) = exp(h) - 1", UniPcVariant.Bh2)], "bh2",
        "The function B(h) of unipc (arXiv 2302.04867, section 3.3)", "bh2")
    { Rules = [Rule.UnknownKey] };

    public static WordKey<StepSpacing> Spacing { get; } = new(
        SettingName.Spacing,
        [
            new("usual", "as the method's authors place them", StepSpacing.Usual),
            new("time", "evenly in time", StepSpacing.Time),
            new("logsnr", "evenly in the logarithm of the signal-to-noise ratio", StepSpacing.LogSnr),
            new("karras", "evenly in the seventh root of the noise level (arXiv 2206.00364)", StepSpacing.Karras),
            new("leading", "at whole strides from the first timestep", StepSpacing.Leading),
            new("trailing", "at whole strides from the last timestep", StepSpacing.Trailing),
            new("linspace", "evenly over the timesteps, both ends among them", StepSpacing.Linspace),
        ],
        "usual", "Where the steps lie between noise and data", "karras")
    { Rules = [Rule.UnknownKey, Rule.SamplerFitsProcess] };

    public static NumberKey Shift { get; } = new(
        SettingName.Shift,
        0.01,
        100,
        1,
        "Moves the steps of a flow: above 1, more of them lie near the noise (arXiv 2403.03206, section 5.3.2)",
        "3")
    { Rules = [Rule.UnknownKey, Rule.SamplerFitsProcess] };

    public static NumberKey Churn { get; } =
        new(SettingName.Churn, 0, 10_000, 40, "S_churn of edm: noise that all steps add together (arXiv 2206.00364, algorithm 2)", "40")
        { Rules = [Rule.UnknownKey] };

    public static NumberKey ChurnMin { get; } =
        new(SettingName.ChurnMin, 0, 100_000, 0.05, "S_tmin of edm: the noise level, sigma / alpha, below which a step adds none", "0.05")
        { Rules = [Rule.UnknownKey] };

    public static NumberKey ChurnMax { get; } =
        new(SettingName.ChurnMax, 0, 100_000, 50, "S_tmax of edm: the noise level above which a step adds none", "50")
        { Rules = [Rule.UnknownKey] };

    public static NumberKey ChurnNoise { get; } =
        new(SettingName.ChurnNoise, 0.5, 2, 1.003, "S_noise of edm: the standard deviation of the added noise", "1.003")
        { Rules = [Rule.UnknownKey] };

    public static NumberKey RelativeTolerance { get; } =
        new(SettingName.RelativeTolerance, 1e-9, 1, 1e-3, "Error that dopri5 allows in a step, as a share of the state", "1e-3")
        {
            Rules = [Rule.UnknownKey],
        };

    public static NumberKey AbsoluteTolerance { get; } =
        new(SettingName.AbsoluteTolerance, 1e-12, 1, 1e-6, "Error that dopri5 allows in a step besides", "1e-6")
        {
            Rules = [Rule.UnknownKey],
        };

    public static WordKey<DiffusionForm> Form { get; } = new(
        SettingName.Form,
        [
            new("constant", "the same all the way", DiffusionForm.Constant),
            new("sbdm", "that of the reverse diffusion (arXiv 2011.13456)", DiffusionForm.Sbdm),
            new("sigma", "as the noise in the state", DiffusionForm.Sigma),
            new("linear", "falling linearly", DiffusionForm.Linear),
            new("decreasing", "falling as a squared cosine", DiffusionForm.Decreasing),
            new("increasing-decreasing", "rising, then falling, as a squared sine", DiffusionForm.IncreasingDecreasing),
        ],
        "sigma", "How much noise a stochastic sampler of a flow draws along the way (arXiv 2401.08740, section 3.3)", "sigma")
    { Rules = [Rule.UnknownKey] };

    public static NumberKey Norm { get; } =
        new(SettingName.Norm, 0, 1000, 1, "Factor of the noise of a stochastic sampler", "1") { Rules = [Rule.UnknownKey] };

    public static WordKey<LastStep> LastStep { get; } = new(
        SettingName.LastStep,
        [
            new("none", "there is none", Spec.LastStep.None),
            new("mean", "along the drift of the stochastic equation", Spec.LastStep.Mean),
            new("tweedie", "to the data that the score implies", Spec.LastStep.Tweedie),
            new("euler", "along the velocity", Spec.LastStep.Euler),
        ],
        "mean", "How a stochastic sampler takes its last step, in which it draws no noise", "mean")
    { Rules = [Rule.UnknownKey] };

    public static NumberKey LastStepSize { get; } =
        new(SettingName.LastStepSize, 0, 0.5, 0.04, "Length of the last step of a stochastic sampler, in time", "0.04")
        { Rules = [Rule.UnknownKey] };

    public static SwitchKey ClipDenoised { get; } = new(
        "clip_denoised",
        "Whether the predicted data is clipped to [-1, 1] at each step. "
            + "Absent: where autoencoder is none, as pixels lie in that range and latents do not", "false")
    { Rules = [Rule.ClippingIsSaid] };

    /// <summary>All of them, in the order of a spec.</summary>
    public static IReadOnlyList<SpecKey> All { get; } =
    [
        Method, Steps, Eta, Order, Variant, Churn, ChurnMin, ChurnMax, ChurnNoise, Spacing, Shift, RelativeTolerance,
        AbsoluteTolerance, Form, Norm, LastStep, LastStepSize, ClipDenoised,
    ];

    /// <summary>The key of a setting.</summary>
    public static SpecKey Of(MethodSetting setting) => All.First(key => key.Name == setting.Name);

    /// <summary>The value of a setting, as a spec writes it.</summary>
    public static string Text(MethodSetting setting) => setting.Value switch
    {
        int number => number.ToString(CultureInfo.InvariantCulture),
        double number => Numbers.Write(number),
        var word => Of(setting) is WordKey words
            ? words.TextOf(word)
            : throw new InvalidOperationException($"The setting {setting.Name} is no word."),
    };

    /// <summary>The keys that a method has besides its name.</summary>
    public static IReadOnlyList<SpecKey> Of(SamplerMethod method) =>
    [
        .. method.TakesSteps ? [Steps] : Array.Empty<SpecKey>(),
        .. method.Options.Select(Of),
        .. method.TakesClipping ? [ClipDenoised] : Array.Empty<SpecKey>(),
    ];
}
