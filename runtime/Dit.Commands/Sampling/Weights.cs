using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>The weights that come with the program.</summary>
internal static class Weights
{
    /// <summary>The file with a model's weights.</summary>
    /// <exception cref="DitException">The program brings none for it.</exception>
    public static string Of(ModelCard card) =>
        Find(card) ?? throw new DitException($"No weights of {card.Name} come with this program: name a file with --checkpoint.");

    /// <summary>
    /// The file with a model's weights, <c>weights/CLASS.safetensors</c> beside the program; null where there is none.
    /// </summary>
    public static string? Find(ModelCard card) =>
        Path.Combine(AppContext.BaseDirectory, "weights", Identifier.OfModel(card.Name).ToLowerInvariant() + ".safetensors") is var path
        && File.Exists(path)
            ? path
            : null;
}
