namespace Dit.Spec;

/// <summary>The settings below <c>diffusion</c>.</summary>
internal static class ProcessSettings
{
    private const string OtherNoise = "a timestep stands for another amount of noise";

    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new("diffusion.prediction", static m => m.Process.Match(static gaussian => Settings.Word(gaussian.Prediction)), static (_, b) =>
            (Impact.Meaning, $"the output is read as {b.Process.Match(static gaussian => Read(gaussian.Prediction))}")),
        new("diffusion.variance", static m => m.Process.Match(static gaussian => Settings.Word(gaussian.Variance)), VarianceEffect),
        new(
            "diffusion.schedule", static m => m.Process.Match(static gaussian => Settings.Word(gaussian.Schedule)),
            static (_, _) => (Impact.Meaning, OtherNoise)),
        new(
            "diffusion.timesteps", static m => m.Process.Match(static gaussian => Settings.Text(gaussian.Timesteps)),
            static (_, _) => (Impact.Meaning, OtherNoise)),
    ];

    private static (Impact, string?) VarianceEffect(ModelSpec a, ModelSpec b) => a.Process.OutputsPerChannel == b.Process.OutputsPerChannel
        ? (Impact.Sampling, "the reverse step draws other noise; the weights are trained alike")
        : (Impact.Tensors, FormattableString.Invariant($"the output has {b.OutputChannels} channels, it had {a.OutputChannels}"));

    private static string Read(Prediction prediction) => prediction switch
    {
        Prediction.Epsilon => "the noise",
        Prediction.StartX => "the clean input",
        _ => Settings.Word(prediction),
    };
}
