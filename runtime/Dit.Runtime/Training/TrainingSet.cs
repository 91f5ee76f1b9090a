using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The images that a model learns from, each with its condition.</summary>
/// <typeparam name="TCondition">What the images come with; a model of another condition does not take the
/// set.</typeparam>
/// <param name="Count">How many images there are.</param>
/// <param name="Load">
/// Given the indices of N images and, for each, whether to mirror it: the images, (N, C, Y, X) in [-1, 1], float32, or
/// what
/// <see cref="TrainingSet{TCondition}.Draw"/> takes, and their conditions, new tensors on the CPU. Called from one
/// background thread.
/// </param>
public sealed record TrainingSet<TCondition>(int Count, Func<int[], bool[], (Tensor Images, TCondition Condition)> Load)
    where TCondition : ICondition<TCondition>
{
    /// <summary>The names of the classes: label i is <c>Classes[i]</c>. Empty where there are none.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>The images that were left out because they cannot be read; asked for whenever a run saves its
    /// state.</summary>
    public Func<IReadOnlyList<UnreadableImage>> Unreadable { get; init; } = static () => [];

    /// <summary>
    /// What a step learns from, (N, C, Y, X), given what was loaded and the step's random numbers: by default the
    /// images as they are; of moments,
    /// latents that are drawn anew in every step. Its new tensors belong to the ambient dispose scope.
    /// </summary>
    public Func<Tensor, Generator, Tensor> Draw { get; init; } = static (images, _) => images;

    /// <summary>
    /// Loads the same as a <see cref="Load"/>, with images that are decoded beforehand; null where there is only that.
    /// </summary>
    internal ReadAhead<TCondition>? Ahead { get; init; }

    /// <summary>Begins to read the images of a run.</summary>
    internal BatchReader<TCondition> Read(ReadingPlan plan) =>
        plan.Workers > 0 && Ahead is { } ahead && ahead.Same == Load ? ahead.Open(plan) : new(Load);
}

/// <summary>A way of loading batches before they are wanted.</summary>
/// <typeparam name="TCondition">What the images come with.</typeparam>
/// <param name="Same">Loads the same, one batch after the other; a set with a different loader does not use it.</param>
/// <param name="Open">Begins to read.</param>
internal sealed record ReadAhead<TCondition>(
    Func<int[], bool[], (Tensor Images, TCondition Condition)> Same, Func<ReadingPlan, BatchReader<TCondition>> Open);

/// <summary>Makes training sets.</summary>
public static class TrainingSet
{
    /// <summary>Images and their class labels, for class-conditional models.</summary>
    /// <param name="count">How many images there are.</param>
    /// <param name="classes">The names of the classes: label i is <c>classes[i]</c>.</param>
    /// <param name="load">As <see cref="TrainingSet{TCondition}.Load"/>; the labels are int64, (N,).</param>
    public static TrainingSet<ClassLabels> OfClasses(
        int count,
        IReadOnlyList<string> classes,
        Func<int[], bool[], (Tensor Images, Tensor Labels)> load) => new(count, (indices, flips) =>
        {
            var (images, labels) = load(indices, flips);
            return (images, new ClassLabels(labels));
        })
        { Classes = classes };

    /// <summary>Images and their embedded texts, for text-conditional models.</summary>
    /// <param name="count">How many images there are.</param>
    /// <param name="load">As <see cref="TrainingSet{TCondition}.Load"/>.</param>
    public static TrainingSet<TextEmbeddings> OfTexts(int count, Func<int[], bool[], (Tensor Images, TextEmbeddings Texts)> load) =>
        new(count, load);

    /// <summary>Images alone, for unconditional models.</summary>
    /// <param name="count">How many images there are.</param>
    /// <param name="load">As <see cref="TrainingSet{TCondition}.Load"/>, the images only.</param>
    public static TrainingSet<NoCondition> OfImages(int count, Func<int[], bool[], Tensor> load) =>
        new(count, (indices, flips) => (load(indices, flips), new NoCondition(indices.Length)));

    /// <summary>The images and class labels of a folder, in the shape that a model takes.</summary>
    public static TrainingSet<ClassLabels> Of(ImageFolder folder, ImageShape shape) => Of<ClassLabels>(folder, shape);

    /// <summary>The images of a folder without their labels, in the shape that a model takes.</summary>
    public static TrainingSet<NoCondition> OfImages(ImageFolder folder, ImageShape shape) => Of<NoCondition>(folder, shape);

    /// <summary>The images of a folder with what a condition needs of it, in the shape that a model takes.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    /// <param name="folder">The folder; for a condition on classes, one with a folder of images for each class.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="captions">
    /// The texts of the images, for a condition on text; they must stay open while the set is in use.
    /// </param>
    /// <exception cref="DitException">The condition is more than folder and captions can say.</exception>
    public static TrainingSet<TCondition> Of<TCondition>(ImageFolder folder, ImageShape shape, CaptionFile? captions = null)
        where TCondition : ICondition<TCondition>
    {
        var conditions = Conditions<TCondition>(folder.LabelsOf, folder.Names, captions);
        Func<int[], bool[], (Tensor, TCondition)> load = (indices, flips) => WithCondition(folder.Load(indices, shape, flips));
        return new TrainingSet<TCondition>(folder.Count, load)
        {
            Classes = TCondition.Labels == ImageLabels.Classes ? folder.Classes : [],
            Unreadable = () => folder.Unreadable,
            Ahead = new(load, plan =>
            {
                var reader = new ImageReader(folder, shape, plan);
                return new((_, flips) => WithCondition(reader.Next(flips)), reader);
            }),
        };

        (Tensor Images, TCondition Condition) WithCondition(LoadedImages loaded) => (loaded.Images, conditions(loaded.Used));
    }

    // The conditions of images by their indices, new tensors on the CPU.
    private static Func<int[], TCondition> Conditions<TCondition>(
        Func<int[], Tensor> labels, IReadOnlyList<string> names, CaptionFile? captions)
        where TCondition : ICondition<TCondition>
    {
        switch (TCondition.Labels, captions)
        {
            case (ImageLabels.None, null): return static indices => TCondition.OfImages(null, indices.Length);
            case (ImageLabels.Classes, null): return indices => TCondition.OfImages(labels(indices), indices.Length);
            case (ImageLabels.Texts, { } texts):
                var rows = texts.RowsOf(names);
                return indices => TCondition.OfTexts(texts.Load(Array.ConvertAll(indices, i => rows[i])), texts.Card);
            case (_, not null): throw new DitException("Captions are for models that are conditioned on text.");
            case (ImageLabels.Texts, null): throw new DitException("A model that is conditioned on text needs the captions of its images.");
            default:
                throw new DitException(
                    "A folder of images does not say what this model is conditioned on: make a training set with a loader of your own.");
        }
    }

    /// <summary>The latents and class labels of a folder, drawn from its moments anew in every step, for
    /// class-conditional models.</summary>
    /// <param name="folder">The folder; it must stay open while the set is in use.</param>
    /// <param name="card">The model that is to be trained.</param>
    /// <exception cref="DitException">The model works on pixels, or on latents of another autoencoder or shape; or the
    /// folder has no labels.</exception>
    public static TrainingSet<ClassLabels> OfLatents(LatentFolder folder, ModelCard card) => OfLatents<ClassLabels>(folder, card);

    /// <summary>The latents of a folder without labels, drawn from its moments anew in every step, for unconditional
    /// models.</summary>
    /// <param name="folder">The folder; it must stay open while the set is in use.</param>
    /// <param name="card">The model that is to be trained.</param>
    /// <exception cref="DitException">The model works on pixels, or on latents of another autoencoder or
    /// shape.</exception>
    public static TrainingSet<NoCondition> OfUnlabeledLatents(LatentFolder folder, ModelCard card) => OfLatents<NoCondition>(folder, card);

    /// <summary>The latents of a folder with what a condition needs of it, drawn from its moments anew in every
    /// step.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    /// <param name="folder">The folder; it must stay open while the set is in use.</param>
    /// <param name="card">The model that is to be trained.</param>
    /// <param name="captions">
    /// The texts of the images, for a condition on text; they must stay open while the set is in use.
    /// </param>
    /// <exception cref="DitException">
    /// The model works on pixels, or on latents of a different autoencoder or shape; or folder and captions lack what
    /// the condition needs.
    /// </exception>
    public static TrainingSet<TCondition> OfLatents<TCondition>(LatentFolder folder, ModelCard card, CaptionFile? captions = null)
        where TCondition : ICondition<TCondition>
    {
        RequireFit(folder, card);
        var needsLabels = TCondition.Labels == ImageLabels.Classes;
        if (needsLabels && folder.Description.Classes is null)
            throw new DitException(
                $"The latents in {folder.Root} have no labels, and {card.Name} is conditioned on classes: encode a folder with one folder "
                    + $"of "
                + "images for each class.");
        var conditions = Conditions<TCondition>(
            indices => folder.LoadLabels(indices), captions is null ? [] : folder.Names(), captions);
        return new TrainingSet<TCondition>(folder.Count, (indices, flips) => (Moments(folder, indices, flips), conditions(indices)))
        {
            Classes = needsLabels ? folder.Classes : [],
            Draw = Latents(folder),
        };
    }

    private static void RequireFit(LatentFolder folder, ModelCard card)
    {
        var (held, shape) = (folder.Description.Autoencoder, folder.Description.Shape);
        if (card.Autoencoder is not { } wanted)
            throw new DitException(
                $"{card.Name} works on pixels, and {folder.Root} holds latents of {held.Name}: train it on the folder of images.");
        if (wanted.WithoutStatistics != held.WithoutStatistics)
            throw new DitException(
                $"{card.Name} works on latents of {LatentDescription.Described(wanted)}, and {folder.Root} holds those of "
                    + $"{LatentDescription.Described(held)}: encode the images for this model.");
        if (shape != card.Input)
            throw new DitException(
                $"{card.Name} takes latents of {card.Input}, and those in {folder.Root} are {shape}: encode the images for this model.");
    }

    private static Tensor Moments(LatentFolder folder, int[] indices, bool[] flips)
    {
        using var moments = folder.Load(indices, flips);
        return moments.Values.alias();
    }

    private static Func<Tensor, Generator, Tensor> Latents(LatentFolder folder) => (values, random) =>
    {
        using var scope = NewDisposeScope();
        using var moments = new LatentMoments(values, folder.Description.Autoencoder);
        using var latents = moments.Sample(randn(folder.Description.Shape.Batch(values.shape[0]), generator: random));
        return latents.Values.alias().MoveToOuterDisposeScope();
    };
}
