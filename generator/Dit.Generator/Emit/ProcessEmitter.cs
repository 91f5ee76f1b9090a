using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The process that a model is trained for.</summary>
internal static class ProcessEmitter
{
    /// <summary>The runtime's type of it.</summary>
    public const string Type = "GaussianDiffusion";

    public static string Property(ModelSpec spec)
    {
        var schedule = spec.Diffusion.Schedule == Schedule.Linear ? "Linear" : "SquaredCosine";
        return $$"""
            /// <summary>The process the model is trained for: {{spec.Diffusion.Timesteps}} steps of Improved DDPM (arXiv 2102.09672).</summary>
            public static {{Type}} Process { get; } =
                new(NoiseSchedule.{{schedule}}({{spec.Diffusion.Timesteps}}), Prediction.{{spec.Diffusion.Prediction}}, ModelVariance.{{spec.Diffusion.Variance}});
            """;
    }
}
