namespace Dit.Spec;

/// <summary>The shape of one input.</summary>
/// <param name="Channels">C.</param>
/// <param name="Height">Height in (latent) pixels.</param>
/// <param name="Width">Width in (latent) pixels.</param>
public sealed record InputSpec(int Channels, int Height, int Width);
