using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The images that a model learns from, each with its condition.</summary>
/// <typeparam name="TCondition">What the images come with; a model of another condition does not take the set.</typeparam>
/// <param name="Count">How many images there are.</param>
/// <param name="Load">
/// Given the indices of N images and, for each, whether to mirror it: the images, (N, C, Y, X) in [-1, 1], float32, and their conditions, new
/// tensors on the CPU. Called from one background thread.
/// </param>
public sealed record TrainingSet<TCondition>(int Count, Func<int[], bool[], (Tensor Images, TCondition Condition)> Load)
    where TCondition : ICondition<TCondition>
{
    /// <summary>The names of the classes: label i is <c>Classes[i]</c>. Empty where there are none.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];
}

/// <summary>Makes training sets.</summary>
public static class TrainingSet
{
    /// <summary>Images and their class labels, for class-conditional models.</summary>
    /// <param name="count">How many images there are.</param>
    /// <param name="classes">The names of the classes: label i is <c>classes[i]</c>.</param>
    /// <param name="load">As <see cref="TrainingSet{TCondition}.Load"/>; the labels are int64, (N,).</param>
    public static TrainingSet<ClassLabels> OfClasses(int count, IReadOnlyList<string> classes, Func<int[], bool[], (Tensor Images, Tensor Labels)> load) =>
        new(count, (indices, flips) =>
        {
            var (images, labels) = load(indices, flips);
            return (images, new ClassLabels(labels));
        })
        { Classes = classes };

    /// <summary>Images and their embedded texts, for text-conditional models.</summary>
    /// <param name="count">How many images there are.</param>
    /// <param name="load">As <see cref="TrainingSet{TCondition}.Load"/>.</param>
    public static TrainingSet<TextEmbeddings> OfTexts(int count, Func<int[], bool[], (Tensor Images, TextEmbeddings Texts)> load) => new(count, load);

    /// <summary>Images alone, for unconditional models.</summary>
    /// <param name="count">How many images there are.</param>
    /// <param name="load">As <see cref="TrainingSet{TCondition}.Load"/>, the images only.</param>
    public static TrainingSet<NoCondition> OfImages(int count, Func<int[], bool[], Tensor> load) =>
        new(count, (indices, flips) => (load(indices, flips), new NoCondition()));

    /// <summary>The images and class labels of a folder, in the shape that a model takes.</summary>
    public static TrainingSet<ClassLabels> Of(ImageFolder folder, ImageShape shape) =>
        OfClasses(folder.Count, folder.Classes, (indices, flips) => folder.LoadBatch(indices, shape, flips));

    /// <summary>The images of a folder without their labels, in the shape that a model takes.</summary>
    public static TrainingSet<NoCondition> OfImages(ImageFolder folder, ImageShape shape) =>
        OfImages(folder.Count, (indices, flips) => folder.LoadImages(indices, shape, flips));
}
