using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A named sampler of a joint model: the seven ways to draw of UniDiffuser (arXiv 2303.06555, section 3).
/// </summary>
/// <remarks>
/// Each way is a function from what is known to what is drawn: a text where an image belongs does not compile.
/// A way that knows something, or draws two modalities together, is guided by the model's own marginals (section 3.2):
/// a scale of 1 is no guidance. The paper's scale s is 1 + s here, or
/// <c>new Guidance(s) { Convention = GuidanceConvention.UVit }</c>. All numbers of a modality are guided alike,
/// whatever <see cref="Guidance.Channels"/> says. Results are float32 on the model's device, and the caller's to
/// dispose.
/// </remarks>
/// <typeparam name="TModel">A generated model.</typeparam>
public sealed class JointSampler<TModel> : Sampler
    where TModel : nn.Module, IJointModel<TModel>
{
    private readonly SamplingLoop<GaussianDiffusion> loop;

    /// <summary>A sampler of the model's own process.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="solver">How it steps.</param>
    public JointSampler(string name, Solver<GaussianDiffusion> solver) : base(name) => loop = new(name, solver, TModel.Process);

    /// <summary>How it steps.</summary>
    public Solver<GaussianDiffusion> Solver => loop.Solver;

    /// <inheritdoc/>
    public override string Method => Solver.Method;

    /// <inheritdoc/>
    public override int? Steps => loop.Steps;

    /// <inheritdoc/>
    public override int? Evaluations => Solver.EvaluationsFor(TModel.Process);

    /// <inheritdoc/>
    public override (int Fewest, int Most)? StepsRange => loop.StepsRange;

    private static JointShape ShapeAt(JointOptions? options) => TModel.Modalities.At(TModel.Card, options?.Size);

    /// <inheritdoc/>
    /// <remarks><c>dpm-50</c> becomes <c>dpm-20</c>; a name that does not end with the number of steps is
    /// kept.</remarks>
    public override JointSampler<TModel> WithSteps(int steps)
    {
        var (name, solver) = loop.WithSteps(steps);
        return new(name, solver);
    }

    /// <summary>Draws images and texts that belong together.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">N.</param>
    /// <param name="guidance">Guidance towards each other; none by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">A number is out of range, or the guidance is more than a scale.</exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointPair Joint(TModel model, int count, Guidance? guidance = null, long seed = 0, JointOptions? options = null)
    {
        var shape = ShapeAt(options);
        using var drawn = Run(
            model, shape, count, shape.OfImage + shape.OfText, guidance, seed, options,
            static (network, x, t) => network.Both(x, t), static (network, x, t) => network.BothAlone(x, t));
        using var image = shape.ImageOf(drawn);
        using var text = shape.TextOf(drawn);
        return new(ImageOf(shape, image), TextOf(shape, text));
    }

    /// <summary>Draws an image for each text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The texts; they stay the caller's.</param>
    /// <param name="guidance">Guidance by the model's marginals; none by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">
    /// A shape or number is out of range, or the guidance is more than a scale.
    /// </exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointImage TextToImage(TModel model, JointText text, Guidance? guidance = null, long seed = 0, JointOptions? options = null)
    {
        var shape = ShapeAt(options);
        using var known = Known(model, shape, text);
        using var drawn = Run(
            model, shape, text.Count, shape.OfImage, guidance, seed, options,
            (network, x, t) => network.ImageUnder(x, t, known), static (network, x, t) => network.ImageAlone(x, t));
        return ImageOf(shape, drawn);
    }

    /// <summary>Draws a text for each image.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The images; they stay the caller's.</param>
    /// <param name="guidance">Guidance by the model's marginals; none by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">
    /// A shape or number is out of range, or the guidance is more than a scale.
    /// </exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointText ImageToText(TModel model, JointImage image, Guidance? guidance = null, long seed = 0, JointOptions? options = null)
    {
        var shape = ShapeAt(options);
        using var known = Known(model, shape, image);
        using var drawn = Run(
            model, shape, image.Count, shape.OfText, guidance, seed, options,
            (network, x, t) => network.TextUnder(x, t, known), static (network, x, t) => network.TextAlone(x, t));
        return TextOf(shape, drawn);
    }

    /// <summary>Draws images, whatever their texts; there is nothing to guide by.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">N.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">
    /// A shape or number is out of range, or the guidance is more than a scale.
    /// </exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointImage Image(TModel model, int count, long seed = 0, JointOptions? options = null)
    {
        var shape = ShapeAt(options);
        using var drawn = Run(
            model, shape, count, shape.OfImage, null, seed, options,
            static (network, x, t) => network.ImageAlone(x, t), static (network, x, t) => network.ImageAlone(x, t));
        return ImageOf(shape, drawn);
    }

    /// <summary>Draws texts, whatever their images; there is nothing to guide by.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">N.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">
    /// A shape or number is out of range, or the guidance is more than a scale.
    /// </exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointText Text(TModel model, int count, long seed = 0, JointOptions? options = null)
    {
        var shape = ShapeAt(options);
        using var drawn = Run(
            model, shape, count, shape.OfText, null, seed, options,
            static (network, x, t) => network.TextAlone(x, t), static (network, x, t) => network.TextAlone(x, t));
        return TextOf(shape, drawn);
    }

    /// <summary>Draws a similar image for each image: a text for it, then an image for the text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The images; they stay the caller's.</param>
    /// <param name="guidance">Guidance by the model's marginals; none by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">
    /// A shape or number is out of range, or the guidance is more than a scale.
    /// </exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointImage ImageVariation(
        TModel model, JointImage image, Guidance? guidance = null, long seed = 0, JointOptions? options = null)
    {
        using var between = ImageToText(model, image, guidance, Stream(seed, Between), options);
        return TextToImage(model, between, guidance, seed, options);
    }

    /// <summary>Draws a similar text for each text: an image for it, then a text for the image.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The texts; they stay the caller's.</param>
    /// <param name="guidance">Guidance by the model's marginals; none by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation and the like.</param>
    /// <exception cref="DitException">
    /// A shape or number is out of range, or the guidance is more than a scale.
    /// </exception>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    public JointText TextVariation(
        TModel model, JointText text, Guidance? guidance = null, long seed = 0, JointOptions? options = null)
    {
        using var between = TextToImage(model, text, guidance, Stream(seed, Between), options);
        return ImageToText(model, between, guidance, seed, options);
    }

    // Noise of one seed that nothing else draws: for the first half of a variation, and for what is not known.
    private const ulong Between = 1, Unknown = 2;

    private static long Stream(long seed, ulong stream) => unchecked((long)SplitMix64.Mix((ulong)seed ^ SplitMix64.Mix(stream)));

    private delegate Tensor Prediction(JointNetwork<TModel> network, Tensor x, double t);

    /// <summary>Draws a state of numbers, (N, 1, 1, S).</summary>
    private Tensor Run(
        TModel model, JointShape shape, int count, int size, Guidance? guidance, long seed, JointOptions? options,
        Prediction predict, Prediction marginal)
    {
        var (guided, choice) = (guidance ?? Guidance.None, options ?? new());
        Require(guided);
        var dataType = DataType(choice);
        choice.Cancellation.ThrowIfCancellationRequested();
        var device = model.parameters().First().device;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var steps = new KeyedNoise(seed, choice.FirstIndex, count, new ImageShape(1, 1, size), device);
        using var unknown = new KeyedNoise(
            Stream(seed, Unknown), choice.FirstIndex, count, new ImageShape(1, 1, shape.OfImage + shape.OfText), device);
        using var network = new JointNetwork<TModel>(model, shape, count, unknown.Next(), dataType);
        using Scalar strength = guided.Strength; // kept until the run is over, see Scalars
        return loop.Sample(Denoise, steps, choice.Progress, choice.Cancellation, choice.Observe).MoveToOuterDisposeScope();

        Tensor Denoise(Tensor x, double t)
        {
            using var inner = NewDisposeScope();
            var conditional = predict(network, x, t);
            if (!guided.ActsAt(((IProcess)loop.Process).NoiseLevel(t))) return conditional.MoveToOuterDisposeScope();
            var unconditional = marginal(network, x, t);
            return (unconditional + (conditional - unconditional) * strength).MoveToOuterDisposeScope();
        }
    }

    private static void Require(Guidance guidance)
    {
        if (!double.IsFinite(guidance.Scale))
            throw new DitException(
                FormattableString.Invariant($"A guidance scale of {guidance.Scale} was given: it must be a finite number."));
        if (guidance.Projection is not null || guidance.Rescale != 0)
            throw new DitException(
                $"{TModel.Card.Name} is guided by a scale, at all noise levels or in an interval: leave out the projection and the "
                    + $"rescale.");
    }

    private static long DataType(JointOptions options)
    {
        var kinds = TModel.Modalities.DataTypes;
        return options.DataType is not { } kind ? Math.Max(0, kinds - 1)
            : kind >= 0 && kind < kinds ? kind
            : throw new DitException(kinds == 0
                ? $"{TModel.Card.Name} does not tell kinds of data apart: leave DataType out of the options."
                : $"{kind} is no kind of data of {TModel.Card.Name}: they are 0 to {kinds - 1}.");
    }

    private static Tensor Known(TModel model, JointShape shape, JointImage image)
    {
        var n = image.Latents.shape.Length == 0 ? 0 : image.Latents.shape[0];
        RequireShape("the latents", image.Latents, shape.Image.Batch(Math.Max(1, n)));
        RequireShape("the CLIP embeddings", image.Clip, [Math.Max(1, n), 1, shape.ClipWidth]);
        using var scope = NewDisposeScope();
        var flat = JointNetwork<TModel>.Flat(image.Latents.to(ScalarType.Float32), image.Clip.to(ScalarType.Float32));
        return flat.to(model.parameters().First().device).MoveToOuterDisposeScope();
    }

    private static Tensor Known(TModel model, JointShape shape, JointText text)
    {
        var n = text.Tokens.shape.Length == 0 ? 0 : text.Tokens.shape[0];
        RequireShape("the texts", text.Tokens, [Math.Max(1, n), shape.TextTokens, shape.TextWidth]);
        using var scope = NewDisposeScope();
        // A copy, for the caller's own tensor may be of the right type and place already.
        return JointNetwork<TModel>.Flat(text.Tokens).to(model.parameters().First().device).clone().MoveToOuterDisposeScope();
    }

    private static void RequireShape(string what, Tensor value, long[] shape)
    {
        if (!value.shape.AsSpan().SequenceEqual(shape) || !value.is_floating_point())
            throw new DitException(
                $"{TModel.Card.Name}: {what} must be real numbers of the shape ({string.Join(", ", shape)}), but are {value.dtype} of "
                    + $"({string.Join(", ", value.shape)}).");
    }

    private static JointImage ImageOf(JointShape shape, Tensor flat)
    {
        using var scope = NewDisposeScope();
        var image = shape.AsImage(flat);
        return new(Own(image.Latents), Own(image.Clip));
    }

    private static JointText TextOf(JointShape shape, Tensor flat)
    {
        using var scope = NewDisposeScope();
        return new(Own(shape.AsText(flat).Tokens));
    }

    // Of memory of its own, so that what it was cut from can be freed.
    private static Tensor Own(Tensor view) => view.clone().contiguous().MoveToOuterDisposeScope();
}
