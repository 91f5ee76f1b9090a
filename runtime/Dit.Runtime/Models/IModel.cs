using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A generated model: what it is conditioned on and which process it was made for is in its type.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
/// <typeparam name="TCondition">What it is conditioned on: <see cref="ClassLabels"/>, <see cref="TextEmbeddings"/>,
/// <see cref="SizedText"/> or <see cref="NoCondition"/>.</typeparam>
/// <typeparam name="TProcess">The process it is trained for, such as <see cref="GaussianDiffusion"/>.</typeparam>
public interface IModel<TSelf, TCondition, TProcess> : IModel<TSelf>
    where TSelf : nn.Module, IModel<TSelf, TCondition, TProcess>
    where TCondition : ICondition<TCondition>
    where TProcess : IProcess
{
    /// <summary>The process that the model is trained for.</summary>
    static abstract TProcess Process { get; }

    /// <summary>The samplers declared in the spec, in its order.</summary>
    static abstract IReadOnlyList<Sampler<TSelf, TCondition, TProcess>> AllSamplers { get; }

    /// <summary>The model's prediction: its <c>forward</c>, and the hooks that are registered on it.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Times, in the unit that the model was trained with, whole or fractional, (N,).</param>
    /// <param name="condition">The condition of N samples.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor Predict(Tensor x, Tensor t, TCondition condition);

    /// <summary>
    /// The same prediction made ready for inference. Generated models have one that is faster than this one, which only
    /// calls the model.
    /// </summary>
    /// <param name="size">The size of the images in pixels; null for the model's own.</param>
    /// <returns>A session, the caller's to dispose.</returns>
    /// <exception cref="DitException">The model cannot draw such a size.</exception>
    InferenceSession<TCondition> CreateSession(ImageSize? size = null) =>
        new ForwardSession<TCondition>((TSelf)this, Predict, card: size is null ? null : TSelf.Card.At(size));

    static IProcess IModel<TSelf>.AnyProcess => TSelf.Process;
}

/// <summary>What the type of a generated model offers whatever its condition and process: all that creating, loading
/// and saving need.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface IModel<TSelf> : IDisposable
    where TSelf : nn.Module, IModel<TSelf>
{
    /// <summary>The model's constants.</summary>
    static abstract ModelCard Card { get; }

    /// <summary>The process that the model is trained for.</summary>
    static abstract IProcess AnyProcess { get; }

    /// <summary>Every tensor of a checkpoint, in the order of the state dict.</summary>
    static abstract IReadOnlyList<CheckpointEntry> CheckpointMap { get; }

    /// <summary>A new model with the paper's initialization.</summary>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="seed">The same seed gives the same parameters.</param>
    static abstract TSelf Create(Device? device = null, ScalarType? dtype = null, long seed = 0);

    /// <summary>A model with the parameters of a checkpoint, in eval mode: every name and shape must match.</summary>
    /// <param name="path">A <c>.safetensors</c> or <c>.pt</c> file.</param>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="grid">What to do with a checkpoint that was made for another grid of patches; by default it is
    /// refused.</param>
    /// <exception cref="DitException">The file cannot be read, its tensors are not this model's, or there is no such
    /// device.</exception>
    static abstract TSelf Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null);

    /// <summary>A model with the parameters of an open checkpoint, in eval mode: every name and shape must
    /// match.</summary>
    /// <param name="file">The checkpoint; it stays the caller's.</param>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="grid">What to do with a checkpoint that was made for another grid of patches; by default it is
    /// refused.</param>
    /// <param name="weights">Which weights of a training checkpoint to take; the averaged ones by default, where there
    /// are any.</param>
    /// <param name="notice">
    /// Receives a sentence about a prefix that the names in the file have, and one about scalars in it that are passed
    /// over.
    /// </param>
    /// <exception cref="DitException">The file cannot be read, its tensors are not this model's, or there is no such
    /// device.</exception>
    static virtual TSelf Load(
        ICheckpointFile file, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null,
        CheckpointWeights weights = CheckpointWeights.Auto, Action<string>? notice = null) =>
        Checkpoint.Load(
            file, TSelf.Card, TSelf.CheckpointMap, PositionTable.Of(TSelf.Card), grid, () => TSelf.Create(device, dtype), weights, notice);
}
