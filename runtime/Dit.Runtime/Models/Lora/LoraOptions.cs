namespace Dit.Runtime;

/// <summary>How adapters are attached to a model (LoRA, arXiv 2106.09685).</summary>
/// <param name="Rank">R, the rank of each adapter: 1 or more, and at most the smaller side of a layer's weight.</param>
public sealed record LoraOptions(int Rank)
{
    /// <summary>
    /// alpha: an adapter counts alpha / R times. By default it is the rank, so that an adapter counts once.
    /// </summary>
    public double Alpha { get; init; } = Rank;

    /// <summary>The layers that get an adapter: by default those of attention and of the MLP of every block.</summary>
    public LoraTargets Targets { get; init; } = LoraTargets.Blocks;

    /// <summary>
    /// About how many numbers the adapters of a model have, as if its blocks were the paper's: in widths, an adapter of
    /// rank 1 has 6 for attention, 10 for an MLP four times as wide, and 7 for modulation.
    /// </summary>
    internal long About(ModelCard card)
    {
        const int Attention = 6, Mlp = 10, Modulation = 7;
        var widths = (Targets.HasFlag(LoraTargets.Attention) ? Attention : 0) + (Targets.HasFlag(LoraTargets.Mlp) ? Mlp : 0)
            + (Targets.HasFlag(LoraTargets.Others) ? Modulation : 0);
        return (long)card.Depth * card.Width * widths * Rank;
    }

    /// <summary>Makes sure that every value makes sense.</summary>
    /// <exception cref="DitException">One does not.</exception>
    public void Validate()
    {
        if (Rank < 1) throw new DitException($"The rank of LoRA must be 1 or more; it is {Rank}.");
        if (Alpha is not > 0 || !double.IsFinite(Alpha))
            throw new DitException(FormattableString.Invariant($"The alpha of LoRA must be above 0; it is {Alpha}."));
        if ((Targets & LoraTargets.All) == 0 || (Targets & ~LoraTargets.All) != 0)
            throw new DitException($"The targets of LoRA must be kinds of layers, one or more; they are {Targets}.");
    }
}

/// <summary>Kinds of linear layers.</summary>
[Flags]
public enum LoraTargets
{
    /// <summary>Those of the attention of blocks: queries, keys, values and the projection behind them.</summary>
    Attention = 1,

    /// <summary>Those of the MLP of blocks.</summary>
    Mlp = 2,

    /// <summary>All others: of modulation, embedders, long skips and the last layer.</summary>
    Others = 4,

    /// <summary>Those of attention and of the MLP.</summary>
    Blocks = Attention | Mlp,

    /// <summary>All linear layers of the model.</summary>
    All = Blocks | Others,
}
