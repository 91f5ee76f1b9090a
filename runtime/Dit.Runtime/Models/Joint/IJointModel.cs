using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A generated model that denoises images and texts jointly, each at a time of its own (UniDiffuser, arXiv
/// 2303.06555).</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface IJointModel<TSelf> : IModel<TSelf>
    where TSelf : nn.Module, IJointModel<TSelf>
{
    /// <summary>The process that the model is trained for.</summary>
    static abstract GaussianDiffusion Process { get; }

    /// <summary>The shapes of what the model denoises.</summary>
    static abstract JointShape Modalities { get; }

    /// <summary>The samplers declared in the spec, in its order.</summary>
    static abstract IReadOnlyList<JointSampler<TSelf>> AllSamplers { get; }

    /// <summary>The model's prediction: its <c>forward</c>, and the hooks that are registered on it.</summary>
    /// <remarks>Timesteps are those of the paper: from 1 to the process's last, and 0 for data without noise.</remarks>
    /// <param name="image">Noised latents of images, (N, C, Y, X).</param>
    /// <param name="clip">Noised CLIP embeddings of the same images, (N, 1, W).</param>
    /// <param name="text">Noised texts, (N, L, W).</param>
    /// <param name="imageTimes">Timesteps of the images, (N,).</param>
    /// <param name="textTimes">Timesteps of the texts, (N,).</param>
    /// <param name="dataTypes">
    /// Kinds of data, (N,), int64; a model that does not tell them apart leaves them out.
    /// </param>
    /// <returns>A prediction for each, of its shape.</returns>
    (Tensor Image, Tensor Clip, Tensor Text) Predict(
        Tensor image, Tensor clip, Tensor text, Tensor imageTimes, Tensor textTimes, Tensor dataTypes);

    static IProcess IModel<TSelf>.AnyProcess => TSelf.Process;
}
