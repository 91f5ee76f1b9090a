namespace Dit.Kernels.Tests;

/// <summary>What the kernels depend on.</summary>
public class AssemblyTests
{
    [Fact]
    public void Kernels_need_nothing_but_the_framework() =>
        Assert.All(
            typeof(CpuKernels).Assembly.GetReferencedAssemblies(),
            static assembly => Assert.StartsWith("System.", assembly.Name, StringComparison.Ordinal));

    [Fact]
    public void There_is_no_public_API() => Assert.Empty(typeof(CpuKernels).Assembly.GetExportedTypes());
}
