using Dit.Kernels;
using Dit.Runtime.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Plans predict what their models do.</summary>
public class SessionTests
{
    private const int Many = 70; // more than a workspace holds

    public static TheoryData<string> Names => [.. SessionCase.Names];

    public static TheoryData<string> Kernels => SessionCase.Kernels;

    [Theory, MemberData(nameof(Names))]
    public void The_session_is_the_models_forward_pass_with_all_kernels_threads_and_batches(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of(name);
        int[] batches = name.StartsWith("V-", StringComparison.Ordinal) ? [1, 3, Many] : [1, 3]; // those have every kind of step
        foreach (var n in batches)
        {
            using var each = NewDisposeScope();
            var expected = @case.Forward(n);
            Assert.True(expected.abs().max().item<float>() > 0.1, "A model that predicts nothing shows nothing.");
            @case.Use(static steps => new OperatorEngine(steps));
            Close.To(expected, @case.Planned(n), Close.OneStep, $"{n} samples, libtorch");
            foreach (var kernels in CpuKernels.All)
            {
                @case.Use(SessionCase.Fused(kernels, threads: 1));
                var planned = @case.Planned(n);
                Close.To(expected, planned, Close.OneStep, $"{n} samples, {kernels.Name}");
                // How the work is shared does not change a bit of the result.
                @case.Use(SessionCase.Fused(kernels, threads: 2));
                Assert.True(planned.Equals(@case.Planned(n)), $"2 threads, {kernels.Name}");
                @case.Use(SessionCase.Fused(kernels, threads: 5, budget: 1));
                Assert.True(planned.Equals(@case.Planned(n)), $"5 threads in parts, {kernels.Name}");
                @case.Use(SessionCase.Fused(kernels, threads: 2, weights: new StrassenLayout()));
                var strassen = @case.Planned(n);
                Close.To(expected, strassen, Close.OneStep, $"{n} samples, Strassen, {kernels.Name}");
                Assert.True(strassen.Equals(@case.Planned(n)), $"Strassen again, {kernels.Name}"); // whoever does which task
                // in other blocks other panels are pairs
                @case.Use(SessionCase.Fused(kernels, threads: 3, budget: 1, weights: new StrassenLayout()));
                Close.To(expected, @case.Planned(n), Close.OneStep, $"3 threads in parts, Strassen, {kernels.Name}");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_session_serves_batches_of_every_size_one_after_the_other(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of(name);
        foreach (var n in (int[])[2, 1, 5, 3, 1, 5])
            Close.To(@case.Forward(n), @case.Planned(n), Close.OneStep, $"{n}");
    }

    [Fact]
    public void No_samples_give_no_predictions()
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of(GoldenP2.Card.Name);
        Assert.Equal([0, 8, 8, 8], @case.Forward(0).shape);
        Assert.Equal([0, 8, 8, 8], @case.Planned(0).shape);
        @case.Use(static steps => new OperatorEngine(steps));
        Assert.Equal([0, 8, 8, 8], @case.Planned(0).shape);
    }

    [Theory, InlineData("off", -1), InlineData("512", 0), InlineData("256", 1), InlineData("128", 2)]
    public void The_choice_of_kernels_decides_the_engine(string word, int width)
    {
        var engine = width < 0 ? "libtorch" : $"{CpuKernels.All[width].Name}, ";
        using var @case = SessionCase.Of(GoldenP2.Card.Name);
        @case.Use(SessionCase.By(EnvironmentKernels.Parse(word)));
        Assert.StartsWith(engine, @case.Engine, StringComparison.Ordinal);
        using var scope = NewDisposeScope();
        Close.To(@case.Forward(2), @case.Planned(2), Close.OneStep);
        Assert.Equal(word == "off", @case.PackedBytes == 0);
    }

    [Fact]
    public void Other_types_are_libtorchs()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create(dtype: ScalarType.BFloat16);
        using var session = model.CreateSession();
        Assert.Equal(("libtorch", 0), (session.Engine, session.PackedBytes));
        Assert.Equal(ScalarType.BFloat16,
            session.Forward(zeros([1, 4, 8, 8], ScalarType.BFloat16), tensor(new long[] { 1 }), new(tensor(new long[] { 1 }))).dtype);
    }

    [Theory]
    [InlineData(new long[] { 2, 4, 8, 8 }, 3, 2)]
    [InlineData(new long[] { 2, 4, 8, 8 }, 2, 1)]
    public void A_session_refuses_what_the_model_refuses_in_the_same_words(long[] x, int t, int labels)
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();
        using var session = model.CreateSession();
        foreach (var type in (ScalarType[])[ScalarType.Int64, ScalarType.Int32])
        {
            var expected = Assert.Throws<DitException>(() => model.call(zeros(x), zeros(t), zeros(labels, type)));
            Assert.Equal(expected.Message, Assert.Throws<DitException>(() => session.Forward(zeros(x), zeros(t), new(zeros(labels, type))))
                .Message);
        }
    }

    [Theory]
    [InlineData(new long[] { 2, 3, 8, 8 }, "(2, 3, 8, 8)")]
    [InlineData(new long[] { 2, 4, 8, 16 }, "(2, 4, 8, 16)")]
    public void A_session_takes_images_of_its_own_size(long[] x, string shape)
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();
        using var session = model.CreateSession();
        Assert.Contains(
            $"shape (N, 4, 8, 8), but has {shape}",
            Assert.Throws<DitException>(() => session.Forward(zeros(x), zeros(2), new(zeros(2, ScalarType.Int64)))).Message);
    }

    [Fact]
    public void Texts_are_guarded_too()
    {
        using var scope = NewDisposeScope();
        using var model = OfTextAlways.Create();
        using var session = model.CreateSession();
        foreach (var text in (TextEmbeddings[])[new(zeros(2, 3, 6)), new(zeros(1, 4, 6)), new(zeros(1, 3, 6), zeros(1, ScalarType.Bool))])
        {
            var expected = Assert.Throws<DitException>(() => model.call(zeros(1, 3, 4, 8), zeros(1), text));
            Assert.Equal(expected.Message, Assert.Throws<DitException>(() => session.Forward(zeros(1, 3, 4, 8), zeros(1), text)).Message);
        }
    }

    [Fact]
    public void Inputs_in_other_orders_of_memory_are_read_as_they_should_be()
    {
        using var scope = NewDisposeScope();
        using var model = Stirred.Create<GoldenP2>();
        using var session = model.CreateSession();
        var (x, t, labels) = (randn(2, 4, 8, 8), tensor(new long[] { 3, 700 }), new ClassLabels(tensor(new long[] { 1, 10 })));
        var expected = session.Forward(x, t, labels);

        Assert.True(expected.Equals(session.Forward(x.transpose(2, 3).contiguous().transpose(2, 3), t, labels)));
        Assert.True(expected.Equals(session.Forward(cat([x, x])[2..], t, labels)));
        Assert.False(expected.requires_grad);
    }
}
