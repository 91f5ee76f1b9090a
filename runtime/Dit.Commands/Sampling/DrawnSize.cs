using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What is said of images of another size than the model was trained for.</summary>
internal static class DrawnSize
{
    /// <summary>Both sizes and what becomes of the positions; null where the sizes are the same.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="drawn">The model at the size that is drawn.</param>
    public static string? Notice(ModelCard trained, ModelCard drawn)
    {
        if (trained.Size == drawn.Size) return null;
        var (from, to) = (Grid(trained), Grid(drawn));
        var table = trained.PatchPositions == PositionKind.Learned
            ? $"the learned positions are interpolated from {from} to {to} patches"
            : $"the sin-cos positions are computed for {to} patches in place of {from}";
        var rotary = trained.HasRotaryPositions ? ", and so are the rotary ones" : "";
        return $"{trained.Name} was trained for {trained.Size} pixels and draws {drawn.Size}: {table}{rotary}.";
    }

    private static string Grid(ModelCard card) =>
        FormattableString.Invariant($"{card.Input.Width / card.PatchSize}x{card.Input.Height / card.PatchSize}");
}
