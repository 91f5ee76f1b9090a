namespace Dit.Spec;

/// <summary>The <c>diffusion</c> mapping; every key has a default, so the mapping may be left out.</summary>
internal static class DiffusionBinder
{
    /// <summary>The linear schedule ends at a beta of 20 / timesteps, which must stay below 1.</summary>
    private const int MaxWithoutSignal = 20;

    private static readonly (string, Prediction?)[] Predictions = [("epsilon", Prediction.Epsilon), ("start-x", Prediction.StartX), ("velocity", null)];

    private static readonly (string, Variance?)[] Variances =
        [("learned-range", Variance.LearnedRange), ("fixed-small", Variance.FixedSmall), ("fixed-large", Variance.FixedLarge)];

    private static readonly (string, Schedule?)[] Schedules =
        [("linear", Schedule.Linear), ("squared-cosine", Schedule.SquaredCosine), ("flow-linear", null), ("flow-gvp", null), ("flow-vp", null)];

    public static Result<DiffusionSpec> Bind(Fields top) => top.Nested("diffusion", required: false, keys: ["prediction", "variance", "schedule", "timesteps"]).Then(static fields =>
        (fields.OnlyAllowed().Then(_ => Consistent(fields)),
            fields.Choice<Prediction>("prediction", Predictions, Prediction.Epsilon),
            fields.Choice<Variance>("variance", Variances, Variance.LearnedRange),
            fields.Choice<Schedule>("schedule", Schedules, Schedule.Linear),
            fields.Int("timesteps", 2, 100_000, fallback: 1000))
        .Apply(static (_, prediction, variance, schedule, timesteps) => new DiffusionSpec(prediction, variance, schedule, timesteps))
        .Ensure(process => process is { Schedule: Schedule.Linear, Timesteps: <= MaxWithoutSignal }
            ? [new SpecError(Rule.OutOfRange, $"'diffusion.timesteps' is {process.Timesteps}; a linear schedule needs {MaxWithoutSignal + 1} or more, for with fewer its last step leaves no signal", fields.At("timesteps"))]
            : []));

    // Looks at the words themselves, so that a pair can be illegal even where one of its halves is not available yet.
    private static Result<bool> Consistent(Fields fields)
    {
        var velocity = Word(fields, "prediction", "epsilon") == "velocity";
        var variance = Word(fields, "variance", velocity ? "fixed-small" : "learned-range");
        var schedule = Word(fields, "schedule", velocity ? "flow-linear" : "linear");
        return Result.Of(true).Ensure(_ => Errors());

        IEnumerable<SpecError> Errors()
        {
            if (velocity && variance == "learned-range")
                yield return new(Rule.ProcessIsConsistent, "A velocity model has no learned variance; remove 'variance: learned-range', or predict epsilon", fields.At("variance"));
            if (velocity && !schedule.StartsWith("flow-", StringComparison.Ordinal))
                yield return new(Rule.ProcessIsConsistent, $"A velocity model needs a flow schedule, not '{schedule}'; use flow-linear, or predict epsilon", fields.At("schedule"));
        }
    }

    private static string Word(Fields fields, string key, string fallback) => fields.Has(key)
        ? fields.Text(key, "a word").Match(static word => word, _ => fallback)
        : fallback;
}
