using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Class labels to vectors: a table with a row for each class, and a last one for the null class when the model has
/// one.
/// </summary>
/// <remarks>
/// State: <c>embedding_table.weight</c> (rows, D). Labels are taken as they are, in training too: replacing some of
/// them by the null class is part of the training step, where its randomness can be named (<c>LabelDropout</c>).
/// </remarks>
public sealed class LabelEmbedder : nn.Module<Tensor, Tensor>
{
    private readonly EmbeddingTable embedding_table;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="rows">Classes, and one more when there is a null class.</param>
    /// <param name="width">D.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    public LabelEmbedder(int rows, int width, Device device, ScalarType dtype) : base(nameof(LabelEmbedder))
    {
        embedding_table = new EmbeddingTable(rows, width, device, dtype);
        register_module(nameof(embedding_table), embedding_table);
    }

    /// <param name="labels">
    /// (N,), int64, each a row of the table: the model checks it, see <see cref="Guard.Labels"/>.
    /// </param>
    /// <returns>(N, D).</returns>
    public override Tensor forward(Tensor labels) => embedding_table.call(labels);

    /// <summary>Normal with standard deviation 0.02.</summary>
    public void Initialize(Generator random) => Init.Normal(embedding_table, 0.02, random);

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
