namespace Dit.Runtime;

/// <summary>
/// About how much memory training on a processor needs: an estimate from the model's card that is rather low than high.
/// </summary>
/// <param name="Model">The model's name.</param>
/// <param name="Fixed">
/// Bytes whatever the batch: weights, gradients, AdamW's two moments and the moving averages.
/// </param>
/// <param name="EachImage">
/// Bytes for each image of a batch: what the backward pass needs of the forward pass, and the prepared inputs.
/// </param>
internal sealed record TrainingMemoryNeed(string Model, long Fixed, long EachImage)
{
    private const int Float = sizeof(float);
    // images and noise of the batches that are prepared ahead and of the step at hand, and what the loss makes of them
    private const int CopiesOfInput = 20;

    // Of each token, in widths, beside the hidden layer of the MLP: two norms, their outputs, queries, keys and values,
    // what attention gives, and two residuals.
    private const double KeptOfToken = 10;
    private const double Comfort = 0.9; // of what is free, for the batch that is proposed

    /// <summary>The need of a model.</summary>
    /// <param name="card">The model.</param>
    /// <param name="averages">Moving averages of the weights.</param>
    /// <param name="lora">Adapters that are trained in place of the weights; null for none.</param>
    public static TrainingMemoryNeed Of(ModelCard card, int averages = 1, LoraOptions? lora = null)
    {
        var (t, d) = ((double)card.Tokens, (double)card.Width);
        // the MLP's ratio: its products are what attention leaves of all
        var hidden = Math.Max(0, (card.Macs / (t * card.Depth * d * d) - 4 - 2 * t / d) / 2);
        var kept = (card.Depth + 1) * t * d * (KeptOfToken + 2 * hidden); // one block more for the gradients that pass through
        var input = (double)card.Input.Channels * card.Input.Height * card.Input.Width;
        return new(
            card.Name,
            Float * (lora is null
                ? (1 + averages) * card.Parameters + 3 * card.TrainableParameters
                : card.Parameters + (4 + averages) * lora.About(card)),
            (long)(Float * (kept + CopiesOfInput * input)));
    }

    /// <summary>The need of a batch, in bytes.</summary>
    public double Bytes(int batch) => Fixed + (double)EachImage * batch;

    /// <summary>Finds out whether a batch fits.</summary>
    /// <param name="batch">N.</param>
    /// <param name="available">Bytes that are free.</param>
    /// <exception cref="DitException">It does not; the message names a batch that does.</exception>
    public void Require(int batch, long available)
    {
        if (Bytes(batch) <= available) return;
        var fitting = Rounded((Comfort * available - Fixed) / EachImage);
        throw new DitException(
            $"Training {Model} with a batch of {batch} needs about {Size(Bytes(batch))} of memory, and {Size(available)} are free: "
                + (fitting >= 1 ? $"a batch of {fitting} fits." : "not even a batch of 1 fits."));
    }

    // Two digits, the others zero.
    private static long Rounded(double number)
    {
        if (number < 1) return 0;
        var unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(number)) - 1));
        return (long)(Math.Floor(number / unit) * unit);
    }

    private static string Size(double bytes) => FormattableString.Invariant($"{bytes / 1e9:0.0} GB");
}
