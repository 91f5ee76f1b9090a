using TorchSharp;

namespace Dit.Runtime.Tests;

public class NativeLibraryTests
{
    [Fact]
    public void Libtorch_loads_on_this_machine()
    {
        using var ones = torch.ones(2, 3);
        Assert.Equal(6, ones.sum().item<float>());
    }
}
