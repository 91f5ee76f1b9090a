using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What a sampler can be given beside the model, its condition, guidance and seed. Immutable.</summary>
/// <remarks><c>sampler.Sample(model, labels, guidance: 4.0, options: new() { Progress = progress })</c></remarks>
/// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
public sealed record SamplingOptions<TCondition>
    where TCondition : ICondition<TCondition>
{
    /// <summary>Receives a report after each step, on the thread that samples.</summary>
    public IProgress<SamplingProgress>? Progress { get; init; }

    /// <summary>Checked before each step; a canceled run throws <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Shown the state after each step, for instance to draw a preview.</summary>
    public Action<SamplingState>? Observe { get; init; }

    /// <summary>
    /// What guidance leads away from, in place of the model's null condition: for instance the embedding of a negative
    /// or of the empty prompt. One for all samples, or one for each; it stays the caller's. By default the null
    /// condition, which a model with dropout 0 does not have: with this it is guided all the same.
    /// </summary>
    /// <remarks>It plays no part without guidance.</remarks>
    public TCondition? Negative { get; init; }

    /// <summary>
    /// The size of the images in pixels, also for a model of latents; by default the one that the model was trained
    /// for. Positions are computed or interpolated for another size (<see cref="ModelCard.PatchPositions"/>); how good
    /// such images are depends on the model.
    /// </summary>
    public ImageSize? Size { get; init; }

    /// <summary>
    /// A session of this model, to be used for one call after another; it stays the caller's. By default a session is
    /// created for the call,
    /// which packs the weights again each time. It must be of the <see cref="Size"/>.
    /// </summary>
    public InferenceSession<TCondition>? Session { get; init; }

    /// <summary>
    /// Index of the first sample in a larger run: sample i of a seed is the same in whatever batch it is drawn. Plays
    /// no part in an inversion.
    /// </summary>
    public long FirstIndex { get; init; }

    /// <summary>
    /// x_T, real, (N, C, Y, X), on any device; it stays the caller's. By default it is drawn. The noise that the steps
    /// draw under a seed does
    /// not depend on it.
    /// </summary>
    public Tensor? Start { get; init; }

    /// <summary>
    /// A source of noise that replaces the seed and <see cref="FirstIndex"/>; it stays the caller's. It gives the
    /// start, unless there is a
    /// <see cref="Start"/>, and then noise for each step that needs some.
    /// </summary>
    public INoiseSource? Noise { get; init; }
}
