namespace Dit.Spec;

/// <summary>The <c>diffusion</c> mapping; every key has a default, so the mapping may be left out.</summary>
/// <remarks>
/// The schedule decides which process it is; the words and keys of the other process are errors then.
/// </remarks>
internal static class DiffusionBinder
{
    /// <summary>The linear schedule ends at a beta of 20 / timesteps, which must stay below 1.</summary>
    private const int MaxWithoutSignal = 20;

    public static Result<ProcessSpec> Bind(Fields top) => top.Read(SpecKeys.Diffusion).Then(static fields =>
        OfSchedule(fields).Match(_ => Gaussian(fields), _ => Flow(fields)));

    /// <summary>The process that the file asks for.</summary>
    public static ProcessKeys Asked(Fields top) => top.Read(SpecKeys.Diffusion).Match(OfSchedule, static _ => ProcessKeys.OfSchedule(null));

    private static ProcessKeys OfSchedule(Fields fields) => ProcessKeys.OfSchedule(fields.Word(DiffusionKeys.Schedule));

    private static Result<ProcessSpec> Gaussian(Fields fields) =>
        (fields.OnlyAllowed().Ensure(_ => KeysOfFlows(fields)),
            fields.Read(DiffusionKeys.Prediction),
            fields.Read(DiffusionKeys.Variance).Ensure(variance => IsFlows(variance) ? [VarianceOfFlows(fields)] : []),
            fields.Read(DiffusionKeys.Schedule),
            fields.Read(DiffusionKeys.Timesteps))
        .Apply(static (_, prediction, variance, schedule, timesteps) => new ProcessSpec.Gaussian(prediction, variance, schedule, timesteps))
        .Ensure(process =>
        [
            .. process is { Schedule: Schedule.Linear, Timesteps: <= MaxWithoutSignal }
                ? [KeepsNoSignal(fields, process.Timesteps)]
                : Array.Empty<SpecError>(),
            .. process is { Variance: Variance.LearnedRange, Prediction: Prediction.Velocity or Prediction.Score }
                ? [NoLearnedVariance(fields, process.Prediction)]
                : Array.Empty<SpecError>(),
        ])
        .Select(static process => (ProcessSpec)process);

    private static Result<ProcessSpec> Flow(Fields fields) =>
        (fields.OnlyAllowed().Ensure(_ => Timesteps(fields)),
            fields.Read(DiffusionKeys.Prediction with { Default = ProcessKeys.Flow.UsualPrediction }),
            fields.Read(DiffusionKeys.Variance with { Default = ProcessKeys.Flow.UsualVariance })
                .Ensure(variance => IsFlows(variance) ? [] : [VarianceOfSteps(fields, variance)]),
            fields.Read(DiffusionKeys.Schedule),
            Training(fields))
        .Apply(static (_, prediction, variance, schedule, training) => new ProcessSpec.Flow(
            prediction, variance, schedule, training.Loss ?? prediction, training.Weight, training.Times, training.Shift, training.Cosine))
        .Ensure(flow => flow.Weight != LossWeight.Uniform && flow.Loss is not (Prediction.Epsilon or Prediction.Score)
            ? [WeightNeedsNoise(fields, flow.Loss)]
            : [])
        .Select(static flow => (ProcessSpec)flow);

    private static Result<FlowTraining> Training(Fields fields) =>
        (Loss(fields),
            fields.Read(DiffusionKeys.Weight),
            fields.Read(DiffusionKeys.Times, Times),
            fields.Read(DiffusionKeys.Shift),
            fields.Read(DiffusionKeys.CosineLoss))
        .Apply(static (loss, weight, times, shift, cosine) => new FlowTraining(loss, weight, times, shift, cosine == true));

    // Absent, it is the prediction.
    private static Result<Prediction?> Loss(Fields fields) => fields.Has(DiffusionKeys.Loss)
        ? fields.Read(DiffusionKeys.Loss).Select(static loss => (Prediction?)loss)
        : Result.Of<Prediction?>(null);

    private static Result<FlowTimes> Times(Fields fields) =>
        (fields.OnlyAllowed(), fields.Read(DiffusionKeys.LogitNormal).Then(static normal =>
            (normal.OnlyAllowed(), normal.Read(DiffusionKeys.Mean), normal.Read(DiffusionKeys.Deviation))
                .Apply(static (_, mean, deviation) => (FlowTimes)new FlowTimes.LogitNormal(mean, deviation))))
        .Apply(static (_, times) => times);

    private static bool IsFlows(Variance variance) => variance is Variance.None or Variance.Ignored;

    private static SpecError KeepsNoSignal(Fields fields, int timesteps) => new SpecError(
        Rule.OutOfRange,
        $"'diffusion.timesteps' is {timesteps}; a linear schedule needs {MaxWithoutSignal + 1} or more, "
            + $"for with fewer its last step leaves no signal, and {DiffusionKeys.Timesteps.DefaultText} is usual",
        fields.At(DiffusionKeys.Timesteps)).Replace(DiffusionKeys.Timesteps.DefaultText ?? "");

    private static SpecError NoLearnedVariance(Fields fields, Prediction prediction)
    {
        var message = $"A model that predicts {ProcessWords.Of(prediction)} has no learned variance; ";
        return fields.Has(DiffusionKeys.Variance)
            ? new SpecError(
                Rule.ProcessIsConsistent, message + "write fixed-small, or predict epsilon", fields.At(DiffusionKeys.Variance))
                .Replace("fixed-small")
            : new SpecError(
                Rule.ProcessIsConsistent, message + "add variance: fixed-small, or predict epsilon", fields.At(DiffusionKeys.Prediction));
    }

    private static SpecError VarianceOfFlows(Fields fields) => new SpecError(
        Rule.ProcessIsConsistent,
        $"The variance '{fields.Word(DiffusionKeys.Variance)}' is of flows, and this model is a Gaussian diffusion; "
            + $"write fixed-small, or schedule: {ProcessKeys.Flow.Prefix}linear",
        fields.At(DiffusionKeys.Variance)).Replace("fixed-small");

    // What keeps the number of channels of the output.
    private static SpecError VarianceOfSteps(Fields fields, Variance variance)
    {
        var right = variance == Variance.LearnedRange ? "ignored" : "none";
        return new SpecError(
            Rule.ProcessIsConsistent,
            $"A flow has no variance of a reverse step, so not '{fields.Word(DiffusionKeys.Variance)}'; write none, "
                + "or ignored for an output with twice the channels",
            fields.At(DiffusionKeys.Variance)).Replace(right);
    }

    private static SpecError WeightNeedsNoise(Fields fields, Prediction loss) => new SpecError(
        Rule.ProcessIsConsistent,
        $"The weight '{fields.Word(DiffusionKeys.Weight)}' is for a loss of the noise or the score, "
            + $"and this loss is of {ProcessWords.Of(loss)}; write uniform, or loss: epsilon",
        fields.At(DiffusionKeys.Weight)).Replace("uniform");

    private static IEnumerable<SpecError> Timesteps(Fields fields) => fields.Has(DiffusionKeys.Timesteps)
        ? [new(
            Rule.ProcessIsConsistent,
            "A flow has no timesteps: its time runs from 0, which is noise, to 1, which is data; remove 'timesteps'",
            fields.At(DiffusionKeys.Timesteps))]
        : [];

    private static IEnumerable<SpecError> KeysOfFlows(Fields fields) => fields.IsMisspelled(DiffusionKeys.Schedule)
        ? []
        : new ProcessKeys.Flow().Keys.Except(new ProcessKeys.Gaussian().Keys).Where(fields.Has).Select(key => new SpecError(
            Rule.ProcessIsConsistent,
            $"'{key.Name}' is a key of flows, and this model is a Gaussian diffusion; "
                + $"remove it, or write schedule: {ProcessKeys.Flow.Prefix}linear",
            fields.At(key)));

    private sealed record FlowTraining(Prediction? Loss, LossWeight Weight, FlowTimes Times, double Shift, bool Cosine);
}
