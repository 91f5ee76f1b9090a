namespace Dit.Checkpoints;

/// <summary>Which of the weights of a training checkpoint to take.</summary>
/// <remarks>In a checkpoint of Lightning all of them lie below <c>state_dict.</c>, and are looked for there.</remarks>
public enum CheckpointWeights
{
    /// <summary>
    /// The averaged ones if the file has them, else the trained ones, else the tensors as they are named.
    /// </summary>
    Auto,

    /// <summary>The exponential moving average, <c>ema.*</c>: what the published figures are made with.</summary>
    Ema,

    /// <summary>The trained weights, <c>model.*</c>.</summary>
    Model,
}
