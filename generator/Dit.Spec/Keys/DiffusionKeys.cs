namespace Dit.Spec;

/// <summary>The keys below <c>diffusion</c>, each with the words of every process.</summary>
internal static class DiffusionKeys
{
    /// <summary>What a model can predict, whatever its process.</summary>
    public static IReadOnlyList<SpecWord<Prediction>> Predictions { get; } =
    [
        new("epsilon", "the noise", Spec.Prediction.Epsilon),
        new("start-x", "the clean input", Spec.Prediction.StartX),
        new(
            "velocity",
            "the velocity: of a flow, the derivative of x_t by the time (SiT, arXiv 2401.08740); "
                + "of a Gaussian diffusion, alpha noise - sigma data (arXiv 2202.00512)",
            Spec.Prediction.Velocity),
        new("score", "the gradient of the log-density of x_t, which is -noise / sigma", Spec.Prediction.Score),
    ];

    public static WordKey<Prediction> Prediction { get; } = new(
        "prediction", Predictions, "epsilon", "What the model predicts; by default a flow predicts the velocity", "epsilon")
    { Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<Variance> Variance { get; } = new(
        "variance", Words(static process => process.Variances),
        "learned-range", "The variance of a reverse step (arXiv 2102.09672, section 3.1); a flow has none by default", "learned-range")
    { Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<Schedule> Schedule { get; } = new(
        "schedule", Words(static process => process.Schedules), "linear",
        "The noise schedule of a Gaussian diffusion, or the path of a flow; a flow- schedule makes the model a flow", "linear");

    public static IntKey Timesteps { get; } = new(
        "timesteps", 2, 100_000, 1000,
        "Number of steps of a Gaussian diffusion; a linear schedule needs 21 or more. A flow has none", "1000")
    { Rules = [Rule.StepsWithinTimesteps, Rule.ProcessIsConsistent] };

    public static WordKey<Prediction> Loss { get; } = new(
        "loss", Predictions, null,
        "What the error of a flow is measured in while it is trained; a score is measured times sigma", "velocity")
    { Optional = true, Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<LossWeight> Weight { get; } = new(
        "weight",
        [
            new("uniform", "all times alike", LossWeight.Uniform),
            new("velocity", "the error of the noise counts as the error of the velocity", LossWeight.Velocity),
            new("likelihood", "as the bound on the likelihood (arXiv 2101.09258)", LossWeight.Likelihood),
        ],
        "uniform", "How much each time counts in the loss of a flow; velocity and likelihood are for a loss of epsilon or score", "uniform")
    { Rules = [Rule.ProcessIsConsistent] };

    public static NumberKey Mean { get; } =
        new("mean", -10, 10, 0, "Mean of the normal number; above 0 draws more times near the data", "0");

    public static NumberKey Deviation { get; } = new("std", 0.01, 10, 1, "Standard deviation of the normal number", "1");

    public static MappingKey LogitNormal { get; } = new(
        "logit-normal", [Mean, Deviation], Optional: false,
        "The logistic function of a normal number (arXiv 2403.03206, section 3.1)", "{ mean: 0, std: 1 }");

    public static WordOrMappingKey<FlowTimes> Times { get; } = new(
        new WordKey<FlowTimes>(
            "times",
            [new("uniform", "all times alike", new FlowTimes.Uniform())],
            "uniform",
            "How the times of a flow are drawn in training",
            "uniform"),
        new MappingKey(
            "times", [LogitNormal], Optional: false, "A different distribution of times", "{ logit-normal: { mean: 0, std: 1 } }"))
    { Rules = [Rule.ProcessIsConsistent] };

    public static NumberKey Shift { get; } = new(
        "shift", 0.01, 100, 1,
        "Moves the times of a flow in training: above 1 towards the noise, below 1 towards the data (arXiv 2403.03206, equation 23)", "1")
    { Rules = [Rule.ProcessIsConsistent] };

    public static SwitchKey CosineLoss { get; } = new(
        "cosine_loss",
        "Whether 1 minus the cosine similarity of prediction and target is added to the loss of a flow (LightningDiT, arXiv 2501.01423)",
        "true")
    { Default = false, Rules = [Rule.ProcessIsConsistent] };

    private static IReadOnlyList<SpecWord<T>> Words<T>(Func<ProcessKeys, IReadOnlyList<SpecWord<T>>> of) =>
        [.. ProcessKeys.All.SelectMany(of).GroupBy(static word => word.Text).Select(static same => same.First())];
}
