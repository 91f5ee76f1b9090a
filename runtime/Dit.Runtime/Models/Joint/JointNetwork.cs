using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A joint model in one run: it takes and gives each modality flat, (N, 1, 1, S), in float32.</summary>
/// <remarks>
/// The numbers of an image are its latents, then its CLIP embedding; those of a text are its tokens one after the
/// other. A modality that is not known is noise at the last timestep (arXiv 2303.06555, section 3.1): the same noise at
/// every step, so that what a solver follows is one function of state and time.
/// </remarks>
internal sealed class JointNetwork<TModel> : IDisposable
    where TModel : nn.Module, IJointModel<TModel>
{
    private const double Clean = 0; // the timestep of data, as the network counts

    private readonly TModel model;
    private readonly JointShape shape;
    private readonly ScalarType dtype;
    private readonly Device device;
    private readonly Tensor dataTypes, imageNoise, textNoise;

    /// <param name="model">The model.</param>
    /// <param name="shape">The shapes of what it denoises, at the size of the images.</param>
    /// <param name="count">N.</param>
    /// <param name="noise">Noise for what is not known, (N, 1, 1, S) with S of image and text; it becomes the
    /// network's.</param>
    /// <param name="dataType">The kind of data.</param>
    public JointNetwork(TModel model, JointShape shape, int count, Tensor noise, long dataType)
    {
        var parameter = model.parameters().First();
        (this.model, this.shape, dtype, device) = (model, shape, parameter.dtype, parameter.device);
        using (noise)
            (imageNoise, textNoise) = (shape.ImageOf(noise).clone(), shape.TextOf(noise).clone());
        using Scalar kind = dataType; // kept until the call is over, see Scalars
        dataTypes = full([count], kind, ScalarType.Int64, device);
    }

    // As the network counts, from 1: what a process calls timestep t is t + 1 of its steps.
    private static double Last => TModel.Process.NoiseTime + 1;

    /// <summary>The image's prediction; the text is known.</summary>
    public Tensor ImageUnder(Tensor image, double t, Tensor text) => Predict(image, t + 1, text, Clean).Image;

    /// <summary>The image's prediction; nothing is known of the text.</summary>
    public Tensor ImageAlone(Tensor image, double t) => Predict(image, t + 1, textNoise, Last).Image;

    /// <summary>The text's prediction; the image is known.</summary>
    public Tensor TextUnder(Tensor text, double t, Tensor image) => Predict(image, Clean, text, t + 1).Text;

    /// <summary>The text's prediction; nothing is known of the image.</summary>
    public Tensor TextAlone(Tensor text, double t) => Predict(imageNoise, Last, text, t + 1).Text;

    /// <summary>The prediction of both, image first.</summary>
    public Tensor Both(Tensor state, double t)
    {
        using var scope = NewDisposeScope();
        var (image, text) = Predict(shape.ImageOf(state), t + 1, shape.TextOf(state), t + 1);
        return cat([image, text], dim: 3).MoveToOuterDisposeScope();
    }

    /// <summary>The predictions of image and text, each as if nothing were known of the other.</summary>
    public Tensor BothAlone(Tensor state, double t)
    {
        using var scope = NewDisposeScope();
        return cat([ImageAlone(shape.ImageOf(state), t), TextAlone(shape.TextOf(state), t)], dim: 3).MoveToOuterDisposeScope();
    }

    /// <summary>The numbers of an image, (N, 1, 1, S).</summary>
    public static Tensor Flat(Tensor latents, Tensor clip)
    {
        using var scope = NewDisposeScope();
        return Flat(cat([latents.flatten(1), clip.flatten(1)], dim: 1)).MoveToOuterDisposeScope();
    }

    /// <summary>The numbers of a text, (N, 1, 1, S).</summary>
    public static Tensor Flat(Tensor tokens) => tokens.reshape(tokens.shape[0], 1, 1, -1).to(ScalarType.Float32);

    /// <inheritdoc/>
    public void Dispose()
    {
        dataTypes.Dispose();
        imageNoise.Dispose();
        textNoise.Dispose();
    }

    private (Tensor Image, Tensor Text) Predict(Tensor image, double imageTime, Tensor text, double textTime)
    {
        using var scope = NewDisposeScope();
        var (seen, words) = (shape.AsImage(image), shape.AsText(text));
        var predicted = model.Predict(
            seen.Latents.to(dtype), seen.Clip.to(dtype), words.Tokens.to(dtype), Times(imageTime), Times(textTime), dataTypes);
        return (Flat(predicted.Image, predicted.Clip).MoveToOuterDisposeScope(), Flat(predicted.Text).MoveToOuterDisposeScope());
    }

    private Tensor Times(double t)
    {
        using Scalar time = t; // kept until the call is over, see Scalars
        return full([dataTypes.shape[0]], time, ScalarType.Float32, device);
    }
}
