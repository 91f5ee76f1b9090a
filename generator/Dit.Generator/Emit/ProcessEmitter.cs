using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The process that a model is trained for.</summary>
internal static class ProcessEmitter
{
    /// <summary>The runtime's type of it.</summary>
    public static string Type(ModelSpec spec) => spec.Process.Match(static _ => "GaussianDiffusion", static _ => "Flow");

    public static string Property(ModelSpec spec) => spec.Process.Match(
        gaussian => $$"""
            /// <summary>The process the model is trained for: {{gaussian.Timesteps}} steps of Improved DDPM (arXiv 2102.09672).</summary>
            public static {{Type(spec)}} Process { get; } =
                new(NoiseSchedule.{{gaussian.Schedule}}({{gaussian.Timesteps}}), Prediction.{{gaussian.Prediction}}, ModelVariance.{{gaussian.Variance}});
            """,
        flow => $$"""
            /// <summary>The process the model is trained for: a flow from noise at time 0 to data at time 1 (SiT, arXiv 2401.08740).</summary>
            public static {{Type(spec)}} Process { get; } = new(FlowPath.{{Path(flow.Schedule)}}, Prediction.{{flow.Prediction}}{{Training(flow)}});
            """);

    private static string Path(Schedule schedule) => schedule switch
    {
        Schedule.FlowLinear => "Linear",
        Schedule.FlowGvp => "Gvp",
        Schedule.FlowVp => "Vp",
        _ => throw new InvalidOperationException($"{schedule} is no path of a flow."),
    };

    // What is not the runtime's default.
    private static string Training(ProcessSpec.Flow flow)
    {
        string[] settings =
        [
            .. If(flow.Loss != flow.Prediction, $"Loss = Prediction.{flow.Loss}"),
            .. If(flow.Weight != LossWeight.Uniform, $"Weight = FlowWeight.{flow.Weight}"),
            .. flow.Times.Match<string[]>(
                static _ => [],
                static normal =>
                [
                    $"Times = new TrainingTimes.LogitNormal(mean: {Code.Literal(normal.Mean)}, deviation: "
                        + $"{Code.Literal(normal.Deviation)})",
                ]),
            .. If(flow.Shift != 1, $"Shift = {Code.Literal(flow.Shift)}"),
            .. If(flow.CosineLoss, "CosineLoss = true"),
        ];
        return settings.Length == 0 ? "" : $", new() {{ {string.Join(", ", settings)} }}";
    }

    private static string[] If(bool holds, string setting) => holds ? [setting] : [];
}
