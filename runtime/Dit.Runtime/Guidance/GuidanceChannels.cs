namespace Dit.Runtime;

/// <summary>Which channels of the prediction classifier-free guidance changes.</summary>
public enum GuidanceChannels
{
    /// <summary>The first three channels of the input, as the official DiT code does for its four; its published
    /// figures were made so.</summary>
    /// <remarks>
    /// An input of fewer channels is guided in all of them. There the slice of the official code, <c>[:, :3]</c> of the
    /// output, would reach
    /// into the learned variance, which has no conditional and unconditional score to tell apart: here the variance is
    /// never guided.
    /// </remarks>
    FirstThree,

    /// <summary>Every channel of the input.</summary>
    All,
}
