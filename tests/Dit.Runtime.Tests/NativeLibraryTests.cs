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
    public void A_folder_without_libtorch_is_named()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains(
            $"names the folder '{folder["none"]}', which does not exist",
            Assert.Throws<DitException>(() => LibTorch.LoadFrom(folder["none"])).Message);
        Assert.Contains(
            $"names the folder '{folder.Root}', which holds no lib",
            Assert.Throws<DitException>(() => LibTorch.LoadFrom(folder.Root)).Message);
    }

    [Fact]
    public void A_program_with_a_libtorch_of_its_own_takes_no_other()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" }) folder.Write(name, [1, 2, 3]);

        Assert.True(LibTorch.TryLoad(folder.Root)); // and does not try those, which are no libraries
    }

    [Fact]
    public void A_file_that_is_no_library_is_named()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "libc10.so", "libc10.dylib", "c10.dll" }) folder.Write(name, [1, 2, 3]);

        Assert.Contains(
            "', named by DIT_LIBTORCH, cannot be loaded",
            Assert.Throws<DitException>(() => LibTorch.LoadFrom(folder.Root)).Message);
    }

    [Fact]
    public void Cuda_libraries_are_loaded_where_the_folder_has_them_and_before_what_needs_them()
    {
        static string FileName(string name) => $"lib{name}.so";

        Assert.Equal(["libc10.so", "libtorch_cpu.so", "libtorch.so"], LibTorch.Libraries(FileName, _ => false));
        Assert.Equal(
            ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"],
            LibTorch.Libraries(FileName, _ => true));
    }
}
