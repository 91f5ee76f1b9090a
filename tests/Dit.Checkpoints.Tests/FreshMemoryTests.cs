using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class FreshMemoryTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 100)]
    [InlineData(1, 4096)]
    [InlineData(3, 1 << 20)]
    [InlineData(4096, 3 << 20)]
    public void Asking_for_memory_changes_nothing_that_is_in_it(int start, int length)
    {
        using var values = arange(4 << 20, dtype: ScalarType.Int32).to(ScalarType.Byte);
        using var wanted = values.clone();
        FreshMemory.Populate(values.bytes.Slice(start, length));
        Assert.True(values.bytes.SequenceEqual(wanted.bytes));
    }
}
