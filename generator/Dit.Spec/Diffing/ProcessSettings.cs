namespace Dit.Spec;

/// <summary>The settings below <c>diffusion</c>.</summary>
internal static class ProcessSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new("diffusion.prediction", static m => Settings.Word(m.Process.Predicts), static (_, b) =>
            (Impact.Meaning, $"the output is read as {ProcessWords.Of(b.Process.Predicts)}")),
        new(
            "diffusion.variance",
            static m => Settings.Word(m.Process.Match(static gaussian => gaussian.Variance, static flow => flow.Variance)), VarianceEffect),
        new(
            "diffusion.schedule",
            static m => Settings.Word(m.Process.Match(static gaussian => gaussian.Schedule, static flow => flow.Schedule)),
            OtherNoise),
        new(
            "diffusion.timesteps",
            static m => m.Process.Match<string?>(static gaussian => Settings.Text(gaussian.Timesteps), static _ => null),
            OtherNoise),
        OfFlow("loss", static flow => Settings.Word(flow.Loss)),
        OfFlow("weight", static flow => Settings.Word(flow.Weight)),
        OfFlow("times", static flow => flow.Times.Match(
            static _ => "uniform",
            static normal => FormattableString.Invariant($"logit-normal, mean {normal.Mean:R}, std {normal.Deviation:R}"))),
        OfFlow("shift", static flow => FormattableString.Invariant($"{flow.Shift:R}")),
        OfFlow("cosine_loss", static flow => flow.CosineLoss ? "true" : "false"),
    ];

    private static Settings.Setting OfFlow(string key, Func<ProcessSpec.Flow, string> value) => new(
        $"diffusion.{key}",
        m => m.Process.Match<string?>(static _ => null, flow => value(flow)),
        static (_, _) => (Impact.Training, "for training only"));

    private static (Impact, string?) OtherNoise(ModelSpec a, ModelSpec b) => (a.Process, b.Process) switch
    {
        (ProcessSpec.Gaussian, ProcessSpec.Gaussian) => (Impact.Meaning, "a timestep stands for another amount of noise"),
        (ProcessSpec.Flow, ProcessSpec.Flow) => (Impact.Meaning, "a time stands for another amount of noise"),
        (_, ProcessSpec.Flow) => (Impact.Meaning, "a Gaussian diffusion becomes a flow"),
        _ => (Impact.Meaning, "a flow becomes a Gaussian diffusion"),
    };

    private static (Impact, string?) VarianceEffect(ModelSpec a, ModelSpec b) => (a.Process, b.Process) switch
    {
        _ when a.Process.OutputsPerChannel != b.Process.OutputsPerChannel =>
            (Impact.Tensors, FormattableString.Invariant($"the output has {b.OutputChannels} channels, it had {a.OutputChannels}")),
        (ProcessSpec.Gaussian, ProcessSpec.Gaussian) =>
            (Impact.Sampling, "the reverse step draws other noise; the weights are trained alike"),
        _ => (Impact.Meaning, null),
    };
}
