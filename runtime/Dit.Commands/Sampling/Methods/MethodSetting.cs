using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>A setting of sampling methods: an option of <c>dit sample</c>.</summary>
/// <param name="Name">Its key in a spec: <c>last_step</c>.</param>
/// <param name="Default">The word that stands for its default.</param>
/// <param name="Help">What it is.</param>
/// <param name="Wanted">What its option takes, for a sentence.</param>
internal abstract record MethodSetting(string Name, string Default, string Help, string Wanted)
{
    /// <summary>The option: <c>--last-step</c>.</summary>
    public string Option => $"--{Name.Replace('_', '-')}";

    /// <summary>The keyword in the file of an image.</summary>
    public string Key => $"dit.sampler.{Name}";

    /// <summary>Whether a word is one of its values.</summary>
    public abstract bool Takes(string word);

    /// <summary>eta of DDIM.</summary>
    public static MethodSetting<double> Eta { get; } =
        new("eta", "0", "Noise of a ddim step: 0 is deterministic, 1 is as noisy as ddpm.", "a number from 0 to 1", Number);

    /// <summary>The order of a multistep method.</summary>
    public static MethodSetting<int> Order { get; } =
        new("order", "2", "Order of a multistep method, at most the number of steps.", "a whole number from 1 to 3", WholeNumber);

    /// <summary>The function B(h) of UniPC.</summary>
    public static MethodSetting<UniPcVariant> Variant { get; } = OfWords<UniPcVariant>(
        "variant", "bh2", "The function B(h) of unipc.", new() { ["bh1"] = UniPcVariant.Bh1, ["bh2"] = UniPcVariant.Bh2 });

    /// <summary>Where the steps lie; null as the method has it.</summary>
    public static MethodSetting<Spacing?> Spacing { get; } = OfWords<Spacing?>(
        "spacing",
        "usual",
        "Where the steps lie between noise and data.",
        new()
        {
            ["usual"] = null,
            ["time"] = Runtime.Spacing.Time,
            ["logsnr"] = Runtime.Spacing.LogSnr,
            ["karras"] = Runtime.Spacing.Karras,
            ["leading"] = Runtime.Spacing.Leading,
            ["trailing"] = Runtime.Spacing.Trailing,
            ["linspace"] = Runtime.Spacing.Linspace,
        });

    /// <summary>The shift of a flow's time.</summary>
    public static MethodSetting<double> Shift { get; } =
        new("shift", "1", "Moves the steps of a flow: above 1, more of them lie near the noise.", "a number above 0", Number);

    /// <summary>The noise that edm adds.</summary>
    public static MethodSetting<double> Churn { get; } =
        new("churn", "40", "S_churn of edm: noise that all steps add together.", "a number, 0 or above", Number);

    /// <summary>The noise level below which it adds none.</summary>
    public static MethodSetting<double> ChurnMin { get; } =
        new("churn_min", "0.05", "S_tmin of edm: the noise level below which a step adds none.", "a number, 0 or above", Number);

    /// <summary>The noise level above which it adds none.</summary>
    public static MethodSetting<double> ChurnMax { get; } =
        new("churn_max", "50", "S_tmax of edm: the noise level above which a step adds none.", "a number, 0 or above", Number);

    /// <summary>The standard deviation of that noise.</summary>
    public static MethodSetting<double> ChurnNoise { get; } =
        new("churn_noise", "1.003", "S_noise of edm: the standard deviation of the added noise.", "a number above 0", Number);

    /// <summary>The relative tolerance of an adaptive method.</summary>
    public static MethodSetting<double> RelativeTolerance { get; } =
        new("rtol", "0.001", "Error that dopri5 allows in a step, as a share of the state.", "a number above 0", Number);

    /// <summary>The absolute tolerance of an adaptive method.</summary>
    public static MethodSetting<double> AbsoluteTolerance { get; } =
        new("atol", "0.000001", "Error that dopri5 allows in a step besides.", "a number above 0", Number);

    /// <summary>The noise of a stochastic method for flows.</summary>
    public static MethodSetting<DiffusionForm> Form { get; } = OfWords<DiffusionForm>(
        "form",
        "sigma",
        "How much noise a stochastic sampler of a flow adds along the way.",
        new()
        {
            ["constant"] = DiffusionForm.Constant,
            ["sbdm"] = DiffusionForm.Sbdm,
            ["sigma"] = DiffusionForm.Sigma,
            ["linear"] = DiffusionForm.Linear,
            ["decreasing"] = DiffusionForm.Decreasing,
            ["increasing-decreasing"] = DiffusionForm.IncreasingDecreasing,
        });

    /// <summary>The factor of that noise.</summary>
    public static MethodSetting<double> Norm { get; } =
        new("norm", "1", "Factor of the noise of a stochastic sampler of a flow.", "a number above 0", Number);

    /// <summary>The last step of a stochastic method for flows.</summary>
    public static MethodSetting<LastStep> LastStep { get; } = OfWords<LastStep>(
        "last_step",
        "mean",
        "How a stochastic sampler of a flow makes its last step, which adds no noise.",
        new()
        {
            ["none"] = Runtime.LastStep.None,
            ["mean"] = Runtime.LastStep.Mean,
            ["tweedie"] = Runtime.LastStep.Tweedie,
            ["euler"] = Runtime.LastStep.Euler,
        });

    /// <summary>The time of that step.</summary>
    public static MethodSetting<double> LastStepSize { get; } =
        new("last_step_size", "0.04", "Length of that last step, in time.", "a number between 0 and 1", Number);

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<MethodSetting> All { get; } =
    [
        Eta, Order, Variant, Churn, ChurnMin, ChurnMax, ChurnNoise, Spacing, Shift, RelativeTolerance, AbsoluteTolerance, Form, Norm,
        LastStep, LastStepSize,
    ];

    private static bool Number(string word, out double value) =>
        double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static bool WholeNumber(string word, out int value) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static MethodSetting<T> OfWords<T>(string name, string standard, string help, Dictionary<string, T> words) =>
        new(name, standard, $"{help} ({string.Join(", ", words.Keys)})", $"one of {string.Join(", ", words.Keys)}", words.TryGetValue);
}

/// <summary>Reads a value of a setting.</summary>
internal delegate bool SettingReader<T>(string word, [MaybeNullWhen(false)] out T value);

/// <summary>A setting whose values are of a type.</summary>
/// <param name="Name">Its key in a spec.</param>
/// <param name="Default">The word that stands for its default.</param>
/// <param name="Help">What it is.</param>
/// <param name="Wanted">What its option takes, for a sentence.</param>
/// <param name="Read">Reads a value.</param>
internal sealed record MethodSetting<T>(string Name, string Default, string Help, string Wanted, SettingReader<T> Read)
    : MethodSetting(Name, Default, Help, Wanted)
{
    /// <inheritdoc/>
    public override bool Takes(string word) => Read(word, out _);
}

/// <summary>The settings that a command line gives to a method.</summary>
/// <param name="Given">The settings that were given, with their words; each is one that the setting takes.</param>
internal sealed record MethodSettings(IReadOnlyDictionary<MethodSetting, string> Given)
{
    /// <summary>None.</summary>
    public static MethodSettings None { get; } = new(new Dictionary<MethodSetting, string>());

    /// <summary>Steps, for a method that takes a number of them.</summary>
    public int Steps { get; init; }

    /// <summary>Whether the predicted data is clipped.</summary>
    public bool Clip { get; init; }

    /// <summary>Where the steps lie; null as the method has it.</summary>
    public Spacing? Spacing => Of(MethodSetting.Shift) is var shift && shift == 1
        ? Of(MethodSetting.Spacing)
        : (Of(MethodSetting.Spacing) ?? Runtime.Spacing.Time) with { Shift = shift };

    /// <summary>The value of a setting: the given one, or its default.</summary>
    public T Of<T>(MethodSetting<T> setting) => setting.Read(Given.GetValueOrDefault(setting, setting.Default), out var value)
        ? value
        : throw new InvalidOperationException($"{setting.Name} has a value that it does not take.");
}
