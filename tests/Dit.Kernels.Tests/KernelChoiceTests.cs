
namespace Dit.Kernels.Tests;

/// <summary>Words become a choice of kernels.</summary>
public class KernelChoiceTests
{
    [Theory]
    [InlineData("512", 0), InlineData("256", 1), InlineData("128", 2)]
    public void Bits_choose_a_width_for_inference_and_training(string word, int width) =>
        Assert.Equal(new KernelChoice(CpuKernels.All[width], TrainingKernels.All[width], OnGpu: false), KernelChoice.TryParse(word));

    [Theory, InlineData(null), InlineData(""), InlineData("on")]
    public void Without_a_width_the_hardware_decides(string? word)
    {
        Assert.Contains(KernelChoice.Widest, KernelChoice.Widths);
        // kernels for a GPU only by their word
        Assert.Equal(KernelChoice.Widest with { OnGpu = word == "on" }, KernelChoice.TryParse(word));
    }

    [Fact]
    public void Off_leaves_everything_to_libtorch() =>
        Assert.Equal(new KernelChoice(null, null, OnGpu: false), KernelChoice.TryParse("off"));

    [Theory, InlineData("64"), InlineData("OFF"), InlineData("avx")]
    public void Any_other_word_is_none(string word) => Assert.Null(KernelChoice.TryParse(word));
}
