using Dit.Kernels;
using Dit.Runtime.Kernels;

namespace Dit.Runtime.Tests;

/// <summary>The environment's word for kernels.</summary>
public class EnvironmentKernelsTests
{
    [Theory, InlineData("64"), InlineData("OFF"), InlineData("avx")]
    public void A_word_that_is_none_is_one_clear_error(string word) =>
        Assert.Equal(
            $"DIT_KERNELS is '{word}': it may be off, on, 512, 256 or 128.",
            Assert.Throws<DitException>(() => EnvironmentKernels.Parse(word)).Message);

    [Fact]
    public void It_is_read_once() => Assert.Same(EnvironmentKernels.Choice, EnvironmentKernels.Choice);

    [Fact]
    public void The_innermost_scope_of_a_thread_says_what_training_computes_with()
    {
        var environment = TrainingScope.Current?.Kernels;
        using (TrainingScope.Open(KernelChoice.Widths[2]))
        {
            using (TrainingScope.Open(KernelChoice.Off)) Assert.Null(TrainingScope.Current);
            Assert.Same(TrainingKernels.All[2], TrainingScope.Current?.Kernels);
            var elsewhere = new Thread(() => environment = TrainingScope.Current?.Kernels);
            elsewhere.Start();
            elsewhere.Join();
        }
        Assert.Same(EnvironmentKernels.Choice.Training, environment);
        Assert.Same(environment, TrainingScope.Current?.Kernels);
    }
}
