namespace Dit.Spec;

/// <summary>What texts about a model say of its process: documentation of generated code, notes, differences.</summary>
public static class ProcessWords
{
    /// <summary>What a prediction is, in a sentence: <c>the noise</c>.</summary>
    /// <param name="prediction">The prediction.</param>
    public static string Of(Prediction prediction) => prediction switch
    {
        Prediction.Epsilon => "the noise",
        Prediction.StartX => "the clean input",
        Prediction.Velocity => "the velocity",
        _ => "the score",
    };

    /// <summary>What the model predicts: <c>the noise and the variance</c>.</summary>
    /// <param name="process">The model's process.</param>
    public static string Predicted(ProcessSpec process) => Of(process.Predicts) + process.Match(
        static gaussian => gaussian.Variance == Variance.LearnedRange ? " and the variance" : "",
        static _ => "");

    /// <summary>The same, with the place of each in the output.</summary>
    /// <param name="process">The model's process.</param>
    public static string Output(ProcessSpec process) => Of(process.Predicts) + process.Match(
        static gaussian => gaussian.Variance == Variance.LearnedRange ? " and, in the second half of the channels, the variance" : "",
        static flow => flow.Variance == Variance.Ignored ? " in the first half of the channels; the second half is not used" : "");

    /// <summary>What the times are called, and their range.</summary>
    /// <param name="process">The model's process.</param>
    public static (string Name, string Range) Times(ProcessSpec process) => process.Match(
        static gaussian => ("Timesteps", FormattableString.Invariant($"0 to {gaussian.Timesteps - 1}, whole or fractional")),
        static _ => ("Times", "0, which is noise, to 1, which is data"));
}
