namespace Dit.Runtime;

public sealed partial record ModelCard
{
    /// <summary>What tells the model the places of patches.</summary>
    public PositionKind PatchPositions { get; init; }

    /// <summary>
    /// Whether the blocks have rotary positions as well, which are computed for each grid (RoFormer, arXiv 2104.09864).
    /// </summary>
    public bool HasRotaryPositions { get; init; }

    /// <summary>The size of the images that the model draws, in pixels.</summary>
    public ImageSize Size => new(Input.Width * Factor, Input.Height * Factor);

    private int Factor => Autoencoder?.Factor ?? 1;

    private int Unit => PatchSize * Factor;

    /// <summary>
    /// The same model at another image size: <see cref="Input"/>, <see cref="Tokens"/> and <see cref="Size"/> are those
    /// of the size, and all else stays what it is at the size that the model was trained for.
    /// </summary>
    /// <param name="size">The size in pixels; null for the model's own.</param>
    /// <exception cref="DitException">
    /// A side is not a multiple of the patch size (times the autoencoder's factor), the size is too large, or the model
    /// takes its own size only.
    /// </exception>
    public ModelCard At(ImageSize? size)
    {
        if (size is not var (width, height) || size == Size) return this;
        if (PatchPositions == PositionKind.Unknown)
            throw new DitException($"{Name} draws images of {Size} pixels only, not of {size}: its positions are known for no other size.");
        if (width < 1 || height < 1 || width % Unit != 0 || height % Unit != 0)
            throw new DitException(
                $"{Name} cannot draw {size} pixels: width and height must be multiples of {Unit}, {UnitText}. "
                    + $"The nearest sizes are {string.Join(" and ", Nearest(width, height))}.");
        var tokens = (long)(width / Unit) * (height / Unit);
        if (tokens * Math.Max(Width, Input.Channels * PatchSize * PatchSize) > int.MaxValue)
            throw new DitException($"{Name} cannot draw {size} pixels: {tokens} patches are too many.");
        var input = Input with { Height = height / Factor, Width = width / Factor };
        return this with { Input = input, Tokens = (int)tokens, Activations = null };
    }

    private string UnitText => Factor == 1
        ? "its patch size"
        : $"its patch size, {PatchSize}, times the factor of {Autoencoder?.Name}, {Factor}";

    private IEnumerable<ImageSize> Nearest(int width, int height) =>
        Around(width).SelectMany(x => Around(height).Select(y => new ImageSize(x, y)))
            .OrderBy(near => Math.Abs((long)near.Width - width) + Math.Abs((long)near.Height - height))
            .Take(2);

    private int[] Around(int side)
    {
        var below = Math.Max(1, side / Unit) * Unit;
        return side == below || side < below || side > int.MaxValue - Unit ? [below] : [below, below + Unit];
    }
}
