namespace Dit.Spec;

/// <summary>The keys below <c>diffusion</c>, each with the words of every process.</summary>
internal static class DiffusionKeys
{
    public static WordKey<Prediction> Prediction { get; } = new(
        "prediction", Words(static process => process.Predictions), "epsilon", "What the model predicts", "epsilon")
    { Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<Variance> Variance { get; } = new(
        "variance", Words(static process => process.Variances),
        "learned-range", "The variance of a reverse step (arXiv 2102.09672, section 3.1)", "learned-range")
    { Rules = [Rule.ProcessIsConsistent] };

    public static WordKey<Schedule> Schedule { get; } = new(
        "schedule", Words(static process => process.Schedules), "linear", "The noise schedule", "linear")
    { Rules = [Rule.ProcessIsConsistent] };

    public static IntKey Timesteps { get; } = new(
        "timesteps", 2, 100_000, 1000, "Number of steps of the process; a linear schedule needs 21 or more", "1000")
    { Rules = [Rule.StepsWithinTimesteps] };

    private static IReadOnlyList<SpecWord<T>> Words<T>(Func<ProcessKeys, IReadOnlyList<SpecWord<T>>> of) =>
        [.. ProcessKeys.All.SelectMany(of).GroupBy(static word => word.Text).Select(static same => same.First())];
}
