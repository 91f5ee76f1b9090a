namespace Dit.Spec;

/// <summary>The <c>diffusion</c> mapping; every key has a default, so the mapping may be left out.</summary>
internal static class DiffusionBinder
{
    private const string Velocity = "velocity";

    private const string Learned = "learned-range";

    /// <summary>The linear schedule ends at a beta of 20 / timesteps, which must stay below 1.</summary>
    private const int MaxWithoutSignal = 20;

    public static Result<DiffusionSpec> Bind(Fields top) => top.Read(SpecKeys.Diffusion).Then(static fields =>
        (fields.OnlyAllowed().Then(_ => Consistent(fields)),
            fields.Read(SpecKeys.Prediction),
            fields.Read(SpecKeys.Variance),
            fields.Read(SpecKeys.Schedule),
            fields.Read(SpecKeys.Timesteps))
        .Apply(static (_, prediction, variance, schedule, timesteps) => new DiffusionSpec(prediction, variance, schedule, timesteps))
        .Ensure(process => process is { Schedule: Schedule.Linear, Timesteps: <= MaxWithoutSignal } ? [KeepsNoSignal(fields, process.Timesteps)] : []));

    /// <summary>Whether the file asks for a flow process, available or not.</summary>
    public static bool IsFlow(Fields top) => top.Read(SpecKeys.Diffusion).Match(static fields => fields.Says(SpecKeys.Prediction, Velocity), static _ => false);

    private static SpecError KeepsNoSignal(Fields fields, int timesteps) => new SpecError(
        Rule.OutOfRange,
        $"'diffusion.timesteps' is {timesteps}; a linear schedule needs {MaxWithoutSignal + 1} or more, for with fewer its last step leaves no signal, and {SpecKeys.Timesteps.DefaultText} is usual",
        fields.At(SpecKeys.Timesteps)).Replace(SpecKeys.Timesteps.DefaultText ?? "");

    // Looks at the words themselves, so that a pair can be illegal even where one of its halves is not available yet.
    private static Result<bool> Consistent(Fields fields)
    {
        var velocity = fields.Says(SpecKeys.Prediction, Velocity);
        var variance = fields.Word(SpecKeys.Variance);
        var schedule = fields.Word(SpecKeys.Schedule);
        var flows = schedule?.StartsWith(SpecKeys.FlowPrefix, StringComparison.Ordinal) == true;
        return Result.Of(true).Ensure(_ => Errors());

        IEnumerable<SpecError> Errors()
        {
            if (velocity && variance == Learned)
                yield return new SpecError(Rule.ProcessIsConsistent, "A velocity model has no learned variance; write fixed-small, or predict epsilon", fields.At(SpecKeys.Variance)).Replace("fixed-small");
            if (velocity && schedule is not null && !flows)
                yield return new SpecError(
                    Rule.ProcessIsConsistent, $"A velocity model needs a flow schedule, not '{Shown.Text(schedule)}'; write {SpecKeys.FlowPrefix}linear, or predict epsilon", fields.At(SpecKeys.Schedule))
                    .Replace(SpecKeys.FlowPrefix + "linear");
            if (!velocity && flows)
                yield return new SpecError(
                    Rule.ProcessIsConsistent, $"The schedule '{Shown.Text(schedule ?? "")}' is of flow processes, and this model does not predict the velocity; write {SpecKeys.Schedule.DefaultText}", fields.At(SpecKeys.Schedule))
                    .Replace(SpecKeys.Schedule.DefaultText ?? "");
        }
    }
}
