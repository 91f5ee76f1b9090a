namespace Dit.Spec;

/// <summary>One declared sampler.</summary>
/// <param name="Name">As declared: <c>ddpm-250</c>.</param>
/// <param name="Method">How it steps.</param>
/// <param name="Steps">How many steps it takes; null where the method chooses them.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step.</param>
public sealed record SamplerSpec(string Name, SamplerMethod Method, int? Steps, bool ClipDenoised)
{
    /// <summary>The C# property: <c>Ddpm250</c>.</summary>
    public string PropertyName => Identifier.OfSampler(Name);

    /// <summary>Whether it clips by default: where the method can clip and the data is pixels.</summary>
    /// <param name="autoencoder">The model's autoencoder.</param>
    internal bool ClipsBy(Autoencoder autoencoder) => Method.TakesClipping && ClipsByDefault(autoencoder);

    /// <summary>Whether samplers clip by default: pixels lie in [-1, 1], latents do not.</summary>
    public static bool ClipsByDefault(Autoencoder autoencoder) => autoencoder is Autoencoder.None;
}
