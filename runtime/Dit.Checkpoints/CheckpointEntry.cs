namespace Dit.Checkpoints;

/// <summary>One tensor that a model's checkpoint must hold.</summary>
/// <param name="Name">Its name in the state dict, which is the official checkpoint's.</param>
/// <param name="Shape">Its shape.</param>
public sealed record CheckpointEntry(string Name, params long[] Shape);
