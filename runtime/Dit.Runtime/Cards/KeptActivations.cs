namespace Dit.Runtime;

/// <summary>Numbers that libtorch keeps of one sample between forward and backward pass.</summary>
/// <param name="All">Those of all layers.</param>
/// <param name="Checkpointed">
/// With activation checkpointing: those outside the blocks, and the tokens that enter each block.
/// </param>
/// <param name="OfBlock">Those of the block that keeps the most, the tokens that enter it included.</param>
public sealed record KeptActivations(long All, long Checkpointed, long OfBlock);
