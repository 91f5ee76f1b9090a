namespace Dit.Spec;

/// <summary>The <c>diffusion</c> mapping; every key has a default, so the mapping may be left out.</summary>
internal static class DiffusionBinder
{
    /// <summary>The linear schedule ends at a beta of 20 / timesteps, which must stay below 1.</summary>
    private const int MaxWithoutSignal = 20;

    public static Result<ProcessSpec> Bind(Fields top) => top.Read(SpecKeys.Diffusion).Then(static fields =>
        (fields.OnlyAllowed().Ensure(_ => Inconsistencies(fields)),
            fields.Read(DiffusionKeys.Prediction),
            fields.Read(DiffusionKeys.Variance),
            fields.Read(DiffusionKeys.Schedule),
            fields.Read(DiffusionKeys.Timesteps))
        .Apply(static (_, prediction, variance, schedule, timesteps) => new ProcessSpec.Gaussian(prediction, variance, schedule, timesteps))
        .Ensure(process =>
            process is { Schedule: Schedule.Linear, Timesteps: <= MaxWithoutSignal } ? [KeepsNoSignal(fields, process.Timesteps)] : [])
        .Select(static process => (ProcessSpec)process));

    /// <summary>The process that the file asks for, available or not.</summary>
    public static ProcessKeys Asked(Fields top) => top.Read(SpecKeys.Diffusion).Match(
        static fields => ProcessKeys.OfPrediction(fields.Word(DiffusionKeys.Prediction)), static _ => ProcessKeys.OfPrediction(null));

    private static SpecError KeepsNoSignal(Fields fields, int timesteps) => new SpecError(
        Rule.OutOfRange,
        $"'diffusion.timesteps' is {timesteps}; a linear schedule needs {MaxWithoutSignal + 1} or more, "
            + $"for with fewer its last step leaves no signal, and {DiffusionKeys.Timesteps.DefaultText} is usual",
        fields.At(DiffusionKeys.Timesteps)).Replace(DiffusionKeys.Timesteps.DefaultText ?? "");

    // Compares the words as written, so that an illegal pair is an error even if one of its words is not available yet.
    private static IEnumerable<SpecError> Inconsistencies(Fields fields)
    {
        var (variance, schedule) = (fields.Word(DiffusionKeys.Variance), fields.Word(DiffusionKeys.Schedule));
        return ProcessKeys.OfPrediction(fields.Word(DiffusionKeys.Prediction)).Match<IEnumerable<SpecError>>(
            gaussian => schedule is null || gaussian.HasSchedule(schedule) ? [] : [IsOfFlows(fields, schedule)],
            flow =>
            [
                .. IsOfOthers(flow, variance) ? [NoLearnedVariance(fields)] : Array.Empty<SpecError>(),
                .. schedule is null || flow.HasSchedule(schedule) ? [] : new[] { NeedsFlowSchedule(fields, schedule) },
            ]);
    }

    private static bool IsOfOthers(ProcessKeys process, string? variance) =>
        DiffusionKeys.Variance.Words.Any(word => word.Text == variance) && process.Variances.All(word => word.Text != variance);

    private static SpecError NoLearnedVariance(Fields fields) => new SpecError(
        Rule.ProcessIsConsistent,
        "A velocity model has no learned variance; write fixed-small, or predict epsilon",
        fields.At(DiffusionKeys.Variance)).Replace("fixed-small");

    private static SpecError NeedsFlowSchedule(Fields fields, string schedule) => new SpecError(
        Rule.ProcessIsConsistent,
        $"A velocity model needs a flow schedule, not '{Shown.Text(schedule)}'; write {ProcessKeys.Flow.Prefix}linear, or predict epsilon",
        fields.At(DiffusionKeys.Schedule)).Replace(ProcessKeys.Flow.Prefix + "linear");

    private static SpecError IsOfFlows(Fields fields, string schedule) => new SpecError(
        Rule.ProcessIsConsistent,
        $"The schedule '{Shown.Text(schedule)}' is of flow processes, and this model does not predict the velocity; "
            + $"write {DiffusionKeys.Schedule.DefaultText}",
        fields.At(DiffusionKeys.Schedule)).Replace(DiffusionKeys.Schedule.DefaultText ?? "");
}
