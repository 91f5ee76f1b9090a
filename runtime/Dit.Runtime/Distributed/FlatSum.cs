using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The sum of tensors over all processes, by way of one flat array of float32 numbers.</summary>
internal sealed class FlatSum : IGradientSum
{
    private float[] flat = [];

    /// <inheritdoc/>
    public void Sum(Collectives all, IReadOnlyList<Tensor> gradients, long count)
    {
        if (flat.Length < count) flat = GC.AllocateUninitializedArray<float>((int)count);
        var at = 0;
        foreach (var gradient in gradients) at += Read(gradient, flat.AsSpan(at));
        all.Sum(flat, at);
        at = 0;
        foreach (var gradient in gradients) at += Write(flat.AsSpan(at), gradient);
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private static int Read(Tensor gradient, Span<float> to)
    {
        if (IsPlain(gradient)) Numbers(gradient).CopyTo(to);
        else
        {
            using var scope = NewDisposeScope();
            Numbers(gradient.to(ScalarType.Float32).cpu().contiguous()).CopyTo(to);
        }
        return (int)gradient.numel();
    }

    private static int Write(ReadOnlySpan<float> from, Tensor gradient)
    {
        var sum = from[..(int)gradient.numel()];
        if (IsPlain(gradient)) sum.CopyTo(Numbers(gradient));
        else
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            gradient.copy_(tensor(sum.ToArray(), gradient.shape));
        }
        return sum.Length;
    }

    private static bool IsPlain(Tensor gradient) =>
        gradient.device_type == DeviceType.CPU && gradient.dtype == ScalarType.Float32 && gradient.is_contiguous();

    private static Span<float> Numbers(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}

/// <summary>How gradients are added over all processes.</summary>
internal interface IGradientSum : IDisposable
{
    /// <summary>Adds gradients of all processes, in place.</summary>
    /// <param name="all">The operations of the group.</param>
    /// <param name="gradients">The gradients of this process.</param>
    /// <param name="count">Numbers in all of them.</param>
    void Sum(Collectives all, IReadOnlyList<Tensor> gradients, long count);
}
