using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A grid of patches.</summary>
/// <param name="Rows">Y.</param>
/// <param name="Columns">X.</param>
public readonly record struct PatchGrid(int Rows, int Columns)
{
    /// <summary>Patches in all.</summary>
    public int Patches => Rows * Columns;

    /// <summary>The patches of a batch of images.</summary>
    /// <param name="x">(N, C, Y P, X P).</param>
    /// <param name="patch">P.</param>
    public static PatchGrid Of(Tensor x, int patch) => new((int)(x.shape[2] / patch), (int)(x.shape[3] / patch));

    /// <summary>The patches of a model's images.</summary>
    internal static PatchGrid Of(ModelCard card) => new(card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize);
}
