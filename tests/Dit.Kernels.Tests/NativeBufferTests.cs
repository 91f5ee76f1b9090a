
namespace Dit.Kernels.Tests;

/// <summary>Memory outside the managed heap.</summary>
public unsafe class NativeBufferTests
{
    [Fact]
    public void It_is_zero_aligned_and_counted_until_it_is_freed()
    {
        var before = NativeBuffer.LiveBytes;
        var buffer = new NativeBuffer(1001);

        Assert.Equal((1001, 4004, before + 4004), (buffer.Length, buffer.Bytes, NativeBuffer.LiveBytes));
        Assert.Equal(0, (nint)buffer.Start % 64);
        Assert.Equal(new float[1001], buffer.Span.ToArray());

        buffer.Dispose();
        buffer.Dispose();
        Assert.Equal(before, NativeBuffer.LiveBytes);
        Assert.Throws<ObjectDisposedException>(() => (nint)buffer.Start);
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
    }

    [Fact]
    public void One_that_is_forgotten_is_freed_by_the_collector()
    {
        Collect(); // what others forgot
        var before = NativeBuffer.LiveBytes;
        Forget();
        Collect();

        Assert.Equal(before, NativeBuffer.LiveBytes);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget() => Assert.Equal(40, new NativeBuffer(10).Bytes);

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [Fact]
    public void Nothing_is_a_length_and_less_is_none()
    {
        var before = NativeBuffer.LiveBytes;
        using var empty = new NativeBuffer(0);

        Assert.Equal(0, empty.Span.Length);
        Assert.Throws<OverflowException>(() => new NativeBuffer(-1));
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }
}
