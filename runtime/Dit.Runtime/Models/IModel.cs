using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What the type of every generated model offers without an instance.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface IModel<TSelf> : IDisposable
    where TSelf : nn.Module, IModel<TSelf>
{
    /// <summary>The model's constants.</summary>
    static abstract ModelCard Card { get; }

    /// <summary>The diffusion process the model is trained for.</summary>
    static abstract GaussianDiffusion Diffusion { get; }

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
    /// <param name="grid">What to do with a checkpoint that was made for another grid of patches; by default it is refused.</param>
    /// <exception cref="DitException">The file cannot be read, its tensors are not this model's, or there is no such device.</exception>
    static abstract TSelf Load(string path, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null);

    /// <summary>A model with the parameters of an open checkpoint, in eval mode: every name and shape must match.</summary>
    /// <param name="file">The checkpoint; it stays the caller's.</param>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="grid">What to do with a checkpoint that was made for another grid of patches; by default it is refused.</param>
    /// <param name="weights">Which weights of a training checkpoint to take; the averaged ones by default, where there are any.</param>
    /// <param name="notice">Told in one sentence each what prefix the names in the file have, and which scalars of it are passed over.</param>
    /// <exception cref="DitException">The file cannot be read, its tensors are not this model's, or there is no such device.</exception>
    static virtual TSelf Load(
        ICheckpointFile file, Device? device = null, ScalarType? dtype = null, CheckpointGrid? grid = null,
        CheckpointWeights weights = CheckpointWeights.Auto, Action<string>? notice = null) =>
        Checkpoint.Load(file, TSelf.Card, TSelf.CheckpointMap, PositionTable.Of(TSelf.Card), grid, () => TSelf.Create(device, dtype), weights, notice);
}
