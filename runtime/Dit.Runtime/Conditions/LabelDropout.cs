using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Training for classifier-free guidance (Ho and Salimans, arXiv 2207.12598): some labels are
/// dropped.</summary>
public static class LabelDropout
{
    /// <summary>Replaces each label by the null class with the given probability, independently.</summary>
    /// <param name="labels">Classes, (N,).</param>
    /// <param name="probability">From 0, all labels stay, to 1, none does.</param>
    /// <param name="nullClass">The label that stands for no class.</param>
    /// <param name="random">Where the choice is drawn from; N numbers are drawn whatever the probability.</param>
    /// <returns>Classes, (N,), a new tensor.</returns>
    public static Tensor Apply(Tensor labels, double probability, long nullClass, Generator random)
    {
        using var scope = NewDisposeScope();
        using Scalar share = probability, nothing = nullClass; // kept until the calls are over, see Scalars
        var dropped = rand(labels.shape[0], device: labels.device, generator: random).lt(share); // (N,)
        return labels.masked_fill(dropped, nothing).MoveToOuterDisposeScope();
    }
}
