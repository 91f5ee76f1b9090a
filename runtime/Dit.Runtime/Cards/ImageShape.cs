namespace Dit.Runtime;

/// <summary>Channels, height and width of one image or latent.</summary>
/// <param name="Channels">C.</param>
/// <param name="Height">Y, in pixels or latent pixels.</param>
/// <param name="Width">X, in pixels or latent pixels.</param>
public readonly record struct ImageShape(int Channels, int Height, int Width)
{
    /// <summary>The shape of a batch of <paramref name="n"/>: (N, C, Y, X).</summary>
    public long[] Batch(long n) => [n, Channels, Height, Width];

    /// <summary><c>4 x 32 x 32</c>.</summary>
    public override string ToString() => $"{Channels} x {Height} x {Width}";
}
