using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>
/// The constants in which implementations differ. The official code's are the runtime's defaults, and so nothing is
/// written for them.
/// </summary>
internal static class NumericsEmitter
{
    /// <summary>The last argument of the card.</summary>
    public static string Card(ModelSpec spec) => Of(spec, official: "", diffusers: ",\n    Numerics: Numerics.Diffusers");

    /// <summary>A line of the model's remarks, or null.</summary>
    public static string? Remark(ModelSpec spec) => Of<string?>(
        spec,
        official: null,
        diffusers: "/// It computes as DiTTransformer2DModel of diffusers does: 127 steps between time frequencies, eps 1e-5 in the norm "
            + "before the MLP."
    );

    /// <summary>Whose names a file may have that the model loads, in the comment on its path.</summary>
    public static string Names(ModelSpec spec) =>
        Of(spec, official: "", diffusers: ", or a folder of diffusers, under the official names or those of diffusers");

    private static T Of<T>(ModelSpec spec, T official, T diffusers) => spec.Numerics == Numerics.Official ? official : diffusers;
}
