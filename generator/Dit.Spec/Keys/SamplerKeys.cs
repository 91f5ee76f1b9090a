namespace Dit.Spec;

/// <summary>The keys of one sampler, below its name.</summary>
internal static class SamplerKeys
{
    public static WordKey<SamplerMethod> Method { get; } = new(
        "method", [.. Methods<ProcessKeys.Gaussian>(), new("dpm-solver++", "arXiv 2211.01095"), .. Methods<ProcessKeys.Flow>()], null,
        "How a step is taken", "ddim")
    { Rules = [Rule.SamplerFitsProcess] };

    public static IntKey Steps { get; } = new("steps", 2, 100_000, null, "Number of steps, at most as many as the process has", "50")
    { Rules = [Rule.StepsWithinTimesteps] };

    public static NumberKey Eta { get; } =
        new("eta", 0, 1, 0, "Noise of a ddim step: 0 is deterministic, 1 is as noisy as ddpm, which takes no eta", "0")
        { Rules = [Rule.UnknownKey] };

    public static SwitchKey ClipDenoised { get; } = new(
        "clip_denoised",
        "Whether the predicted data is clipped to [-1, 1] at each step. "
            + "Absent: where autoencoder is none, as pixels lie in that range and latents do not", "false")
    { Rules = [Rule.ClippingIsSaid] };

    /// <summary>All of them, in the order of a spec.</summary>
    public static IReadOnlyList<SpecKey> All { get; } = [Method, Steps, Eta, ClipDenoised];

    /// <summary>The keys that a method has besides those of every sampler.</summary>
    public static IReadOnlyList<SpecKey> Of(SamplerMethod method) => method.Match(static gaussian => gaussian.Match<IReadOnlyList<SpecKey>>(
        static _ => [], static _ => [Eta]));

    private static IEnumerable<SpecWord<SamplerMethod>> Methods<T>() where T : ProcessKeys =>
        ProcessKeys.All.OfType<T>().SelectMany(static process => process.Methods);
}
