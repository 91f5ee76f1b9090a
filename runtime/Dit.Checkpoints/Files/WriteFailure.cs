namespace Dit.Checkpoints;

/// <summary>What the system says when it refuses to write, in terms of the path that the user gave.</summary>
internal static class WriteFailure
{
    private const string TooLarge = "value"; // .NET's answer to EFBIG is that the length is out of range

    /// <summary>
    /// The system's refusal inside an exception, however a library has wrapped it; null where there is none.
    /// </summary>
    public static Exception? Of(Exception e) => e switch
    {
        DitException => null, // says it all already
        IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: TooLarge } => e,
        AggregateException { InnerExceptions: [var first, ..] } => Of(first),
        { InnerException: { } inner } => Of(inner),
        _ => null,
    };

    /// <summary>
    /// The reason without the temporary path that the system puts behind it: <c>No space left on device</c>.
    /// </summary>
    /// <param name="refusal">The exception.</param>
    /// <param name="temporary">What was written in place of the target.</param>
    /// <param name="shown">What the user calls the target.</param>
    public static string Reason(Exception refusal, string temporary, string shown)
    {
        if (refusal is ArgumentOutOfRangeException) return "the file would be larger than the system allows";
        if (refusal is PathTooLongException) return "the path is longer than the file system allows, or a name in it is";
        var behind = refusal.Message.IndexOf($" : '{temporary}", StringComparison.Ordinal);
        return (behind > 0 ? refusal.Message[..behind] : InTermsOf(refusal.Message, temporary, shown)).TrimEnd('.');
    }

    /// <summary>A message in which the temporary path is the one that the user gave.</summary>
    public static string InTermsOf(string message, string temporary, string shown) =>
        message.Replace(temporary, shown, StringComparison.Ordinal);
}
