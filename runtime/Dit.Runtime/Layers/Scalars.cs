using TorchSharp;

namespace Dit.Runtime;

/// <summary>Numbers that meet tensors in every block, kept for good.</summary>
/// <remarks>
/// A number written beside a tensor becomes a temporary <see cref="Scalar"/>, and TorchSharp 0.107 hands its native
/// handle over without keeping it alive: when a collection ends while the native call is still on its way, the
/// finalizer frees the number that the call reads ("Unknown scalar type"). It takes a thread that is held up at the
/// wrong microsecond, so it is rare; these cannot be freed at all. TorchSharp makes such temporaries itself as well,
/// for the factor of every sum and in its optimizers: those are out of reach.
/// </remarks>
internal static class Scalars
{
    public static readonly Scalar One = 1;

    public static readonly Scalar Half = 0.5;

    public static readonly Scalar MinusOne = -1;
}
