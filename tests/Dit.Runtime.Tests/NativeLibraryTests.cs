using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class NativeLibraryTests
{
    [Fact]
    public void Libtorch_loads_on_this_machine()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(6, ones(2, 3).sum().item<float>());
    }

    [Fact]
    public void Cuda_libraries_are_loaded_where_the_folder_has_them_and_before_what_needs_them()
    {
        static string FileName(string name) => $"lib{name}.so";

        Assert.Equal(["libc10.so", "libtorch_cpu.so", "libtorch.so"], LibTorch.Libraries(FileName, _ => false));
        Assert.Equal(["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"], LibTorch.Libraries(FileName, _ => true));
    }
}
