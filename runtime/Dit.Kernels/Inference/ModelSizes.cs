namespace Dit.Kernels;

/// <summary>The sizes of a model that its inference depends on.</summary>
/// <param name="Width">D.</param>
/// <param name="Patch">P.</param>
/// <param name="Channels">C of the input.</param>
/// <param name="OutputChannels">C of the output.</param>
/// <param name="ImageHeight">Rows of the input, a multiple of P.</param>
/// <param name="ImageWidth">Columns of the input, a multiple of P.</param>
/// <param name="JoinedTokens">Tokens of the condition that are joined to the image's.</param>
/// <param name="AttendedTokens">Tokens of the condition that are only attended to.</param>
/// <param name="Skips">The most sequences that long skips keep at once.</param>
/// <param name="IsContextFixed">
/// Whether the attended tokens do not change with the time, so that their keys are computed before.
/// </param>
internal sealed record ModelSizes(
    int Width, int Patch, int Channels, int OutputChannels, int ImageHeight, int ImageWidth, int JoinedTokens, int AttendedTokens,
    int Skips = 0, bool IsContextFixed = false)
{
    /// <summary>Tokens of the image.</summary>
    public int ImageTokens => ImageHeight / Patch * (ImageWidth / Patch);

    /// <summary>Tokens in the blocks.</summary>
    public int Tokens => ImageTokens + JoinedTokens;

    /// <summary>Numbers of an input.</summary>
    public long InputLength => (long)Channels * ImageHeight * ImageWidth;

    /// <summary>Numbers of an output.</summary>
    public long OutputLength => (long)OutputChannels * ImageHeight * ImageWidth;
}
