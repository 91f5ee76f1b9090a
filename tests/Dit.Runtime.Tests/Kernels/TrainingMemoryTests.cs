using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Memory of training's tensors is used again, and freed when it is of no use any more.</summary>
public unsafe class TrainingMemoryTests : IDisposable
{
    private const int Side = 512;
    private const long Bytes = Side * Side * sizeof(float);

    private readonly TrainingMemory memory = new();

    public void Dispose() => memory.Dispose();

    private long Used => memory.UsedBytes;

    [Fact]
    public void A_tensor_is_like_any_other()
    {
        using var tensor = memory.Empty(Side, 1, Side);
        tensor.fill_(0.5);
        using var sum = tensor.sum();

        Assert.Equal([Side, 1, Side], tensor.shape);
        Assert.Equal((ScalarType.Float32, DeviceType.CPU, false), (tensor.dtype, tensor.device_type, tensor.requires_grad));
        Assert.True(tensor.is_contiguous());
        Assert.Equal(0, (nint)TensorPointer.Of(tensor) % 64);
        Assert.Equal(Side * Side / 2, sum.item<float>());
        Assert.Equal(Bytes, Used);
    }

    [Fact]
    public void The_next_tensor_of_the_size_has_the_same_memory()
    {
        nint first, second, other;
        using (var tensor = memory.Empty(Side, Side)) first = (nint)TensorPointer.Of(tensor);
        var kept = memory.KeptBytes;
        using (var tensor = memory.Empty(Side * Side)) second = (nint)TensorPointer.Of(tensor);
        using (var one = memory.Empty(Side, Side))
        using (var two = memory.Empty(Side, Side)) other = (nint)TensorPointer.Of(two);

        Assert.Equal((Bytes, 0), (kept, Used));
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(2 * Bytes, memory.KeptBytes);
    }

    [Fact]
    public void Memory_lives_as_long_as_the_last_view_of_it()
    {
        var tensor = memory.Empty(Side, Side);
        tensor.fill_(3);
        var view = tensor[1];
        tensor.Dispose();

        Assert.Equal(Bytes, Used);
        using (var number = view[0]) Assert.Equal(3, number.item<float>());
        view.Dispose();
        Assert.Equal(0, Used);
    }

    [Fact]
    public void Small_tensors_are_those_of_libtorch()
    {
        using var tensor = memory.Empty(Side);
        using var none = memory.Empty(0, Side);

        Assert.Equal(0, Used);
        Assert.Equal([0, Side], none.shape);
    }

    [Fact]
    public void Memory_of_other_sizes_goes_when_more_of_it_is_kept_than_used()
    {
        using (memory.Empty(Side, Side)) { }
        using (var kept = memory.Empty(2, Side, Side)) Assert.Equal((2 * Bytes, 0), (Used, memory.KeptBytes)); // the first was let go
        using var one = memory.Empty(2, Side, Side);
        using (memory.Empty(Side, Side)) { }
        using var three = memory.Empty(3, Side, Side);

        Assert.Equal((5 * Bytes, Bytes), (Used, memory.KeptBytes)); // less than what is in use: it may be needed again in this step
        memory.Trim();
        Assert.Equal((5 * Bytes, 0), (Used, memory.KeptBytes));
    }

    [Fact]
    public void Threads_may_take_and_give_at_once()
    {
        Parallel.For(0, 64, i =>
        {
            using var tensor = memory.Empty(1 + i % 3, Side, Side);
            tensor.fill_(i);
            using var least = tensor.min();
            using var most = tensor.max();
            Assert.Equal((i, i), (least.item<float>(), most.item<float>()));
        });

        Assert.Equal(0, Used);
    }

    [Fact]
    public void A_tensor_that_nobody_disposes_gives_its_memory_back_with_the_garbage()
    {
        Forget(memory);
        for (var i = 0; i < 20 && Used > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal((0, Bytes), (Used, memory.KeptBytes));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(TrainingMemory memory) => _ = memory.Empty(Side, Side);
    }

    [Fact]
    public void After_its_end_it_keeps_nothing_and_tensors_that_are_alive_stay_so()
    {
        using var ended = new TrainingMemory();
        var alive = ended.Empty(Side, Side);
        alive.fill_(3);
        ended.Empty(Side, Side).Dispose();
        Assert.Equal((Bytes, Bytes), (ended.UsedBytes, ended.KeptBytes));

        ended.Dispose();

        Assert.Equal((Bytes, 0), (ended.UsedBytes, ended.KeptBytes));
        using (var least = alive.min()) Assert.Equal(3, least.item<float>());
        alive.Dispose();
        Assert.Equal((0, 0), (ended.UsedBytes, ended.KeptBytes));
        using var later = ended.Empty(Side, Side); // libtorch's: a gradient that is computed late does not fail
        Assert.Equal(0, ended.UsedBytes);
    }

    [Fact]
    public void Two_runs_share_nothing()
    {
        using var other = new TrainingMemory();
        memory.Empty(Side, Side).Dispose();
        using var tensor = other.Empty(Side, Side);

        Assert.Equal((0, Bytes, Bytes, 0), (memory.UsedBytes, memory.KeptBytes, other.UsedBytes, other.KeptBytes));
    }

    [Fact]
    public void Steps_of_training_hold_no_more_from_one_to_the_next_and_nothing_after_the_last()
    {
        using var layer = nn.Linear(Side, Side);
        using var x = randn(2, Side, Side);
        var used = new List<long>();
        using (var training = TrainingScope.Open(KernelChoice.Widest, memory))
        {
            for (var step = 0; step < 4; step++)
            {
                using var scope = NewDisposeScope();
                layer.zero_grad();
                LinearFunction.apply(x, layer.weight, layer.bias!, training.Tools!).sum().backward();
                used.Add(Used + memory.KeptBytes);
            }
            layer.zero_grad();
        }

        Assert.True(used[1] > 0, "The layer's result is large.");
        Assert.Equal(used[1], used[^1]);
        Assert.Equal(0, Used);
    }
}
