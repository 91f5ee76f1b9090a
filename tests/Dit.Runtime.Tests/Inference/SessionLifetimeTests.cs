using System.Runtime.CompilerServices;
using Dit.Kernels;
using Dit.Runtime.Kernels;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>What sessions hold, and for how long.</summary>
public class SessionLifetimeTests
{
    // One of each kind of step that packs something.
    public static TheoryData<string> Names => ["Golden-P8", "V-InContext-Text", "V-CrossAttention-Text", "V-AdaLN-None"];

    [Theory, MemberData(nameof(Names))]
    public void Packed_weights_are_a_copy(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var @case = SessionCase.Of(name);
        var before = @case.Planned(3);
        foreach (var (key, value) in @case.Model.state_dict())
            if (key.Contains(".attn.", StringComparison.Ordinal) || key.Contains(".mlp.fc", StringComparison.Ordinal)) value.mul_(1.5);

        Assert.True(before.Equals(@case.Planned(3)));
        @case.PlanAgain();
        var after = @case.Planned(3);
        Assert.False(before.allclose(after, atol: 1e-3));
        Close.To(@case.Forward(3), after, Close.OneStep);
    }

    [Theory, MemberData(nameof(Names))]
    public void Packed_bytes_are_counted_and_everything_is_released_once(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of(name);
        var (bytes, threads) = (Live(), WorkerPool.Shared.LivingThreads);
        @case.Use(SessionCase.Fused(CpuKernels.All[0], threads: 3)); // and what it had before is gone: it had made none
        Assert.InRange(@case.PackedBytes, sizeof(float) * @case.Card.TrainableParameters / 10, long.MaxValue);
        Assert.Equal((bytes + @case.PackedBytes, threads + 2), (NativeBuffer.LiveBytes, WorkerPool.Shared.LivingThreads));

        @case.Planned(1);
        @case.Planned(9);
        @case.DisposePlan();
        @case.DisposePlan();

        Assert.Equal((bytes, threads), (NativeBuffer.LiveBytes, WorkerPool.Shared.LivingThreads));
        Assert.Throws<ObjectDisposedException>(() => @case.Planned(1));
        Assert.Throws<ObjectDisposedException>(() => @case.Planned(0));
        Assert.Equal(bytes, NativeBuffer.LiveBytes);
    }

    [Fact]
    public void A_thousand_predictions_leave_nothing_behind()
    {
        using var model = Stirred.Create<GoldenP8>();
        using var session = model.CreateSession();
        using var x = randn(2, 3, 16, 16);
        using var t = tensor(new long[] { 5, 6 });
        using var labels = new ClassLabels(tensor(new long[] { 1, 3 }));
        session.Forward(x, t, labels).Dispose();
        var (tensors, bytes) = (LiveTensors.Count(), NativeBuffer.LiveBytes);

        for (var i = 0; i < 1000; i++) session.Forward(x, t, labels).Dispose();

        Assert.Equal((tensors, bytes), (LiveTensors.Count(), NativeBuffer.LiveBytes));
    }

    [Theory, MemberData(nameof(Names))]
    public void Making_and_disposing_sessions_leaves_nothing_behind(string name)
    {
        using var @case = SessionCase.Of(name);
        Again();
        var (tensors, bytes, threads) = (LiveTensors.Count(), NativeBuffer.LiveBytes, WorkerPool.Shared.LivingThreads);

        for (var i = 0; i < 20; i++) Again();

        Assert.Equal((tensors, bytes, threads), (LiveTensors.Count(), NativeBuffer.LiveBytes, WorkerPool.Shared.LivingThreads));

        void Again()
        {
            @case.PlanAgain();
            @case.Planned(2).Dispose();
            @case.DisposePlan();
        }
    }

    [Fact]
    public void A_session_that_is_forgotten_gives_its_memory_and_threads_back()
    {
        using var model = GoldenP8.Create();
        var (bytes, threads) = (Live(), WorkerPool.Shared.LivingThreads);
        Forget(model);

        for (var i = 0; i < 100 && (Live(), WorkerPool.Shared.LivingThreads) != (bytes, threads); i++) Thread.Sleep(20);
        Assert.Equal((bytes, threads), (Live(), WorkerPool.Shared.LivingThreads));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(GoldenP8 model)
    {
        using var session = Assert.IsType<SteppedSession<ClassLabels>>(model.CreateSession());
        var forgotten = session.On(SessionCase.Fused(CpuKernels.All[0], threads: 3));
        forgotten.Forward(zeros(1, 3, 16, 16), zeros(1), new(zeros(1, ScalarType.Int64))).Dispose();
    }

    [Fact]
    public void An_order_of_steps_that_cannot_be_fused_is_run_by_operators_and_the_engine_says_why()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = Stirred.Create<GoldenP8>();
        using var session = Assert.IsType<SteppedSession<ClassLabels>>(model.CreateSession());
        var (bytes, threads) = (Live(), WorkerPool.Shared.LivingThreads);

        using var other = session.On(static steps => StepEngine.For(Unprojected(steps), KernelChoice.Widest));

        Assert.Equal("libtorch's operators: attention without a projection cannot be fused", other.Engine);
        Assert.Equal((0, bytes, threads), (other.PackedBytes, Live(), WorkerPool.Shared.LivingThreads));
        var (x, t, labels) = (randn(2, 3, 16, 16), zeros(2), new ClassLabels(zeros(2, ScalarType.Int64)));
        using var plain = session.On(static steps => new PlainEngine(Unprojected(steps)));
        Close.To(plain.Forward(x, t, labels), other.Forward(x, t, labels), Close.OneStep);

        static SessionSteps Unprojected(SessionSteps steps) =>
            steps with { Steps = [.. steps.Steps.Where(static step => step is not SessionStep.Project)] };
    }

    [Fact]
    public void A_session_without_an_output_layer_is_none_and_leaves_nothing_behind()
    {
        using var model = GoldenP8.Create();
        using var session = Assert.IsType<SteppedSession<ClassLabels>>(model.CreateSession());
        var (bytes, threads) = (Live(), WorkerPool.Shared.LivingThreads);

        var error = Assert.Throws<InvalidOperationException>(() =>
            session.On(static steps => StepEngine.For(steps with { Steps = [new SessionStep.Residual(null)] }, KernelChoice.Widest)));

        Assert.Equal("The last step of a session is its output layer.", error.Message);
        Assert.Equal((bytes, threads), (Live(), WorkerPool.Shared.LivingThreads));
    }

    [Fact]
    public void Two_sessions_share_one_set_of_threads()
    {
        using var scope = NewDisposeScope();
        using SessionCase one = SessionCase.Of("Golden-P8"), two = SessionCase.Of("V-AdaLN-None");
        one.Use(SessionCase.Fused(CpuKernels.All[0], threads: 3));
        two.Use(SessionCase.Fused(CpuKernels.All[0], threads: 3));
        Assert.Equal(2, WorkerPool.Shared.LivingThreads);
        Tensor expected = one.Planned(2), other = two.Planned(3);

        one.DisposePlan();

        Assert.Equal(2, WorkerPool.Shared.LivingThreads);
        Assert.True(other.Equals(two.Planned(3)));
        one.PlanAgain();
        one.Use(SessionCase.Fused(CpuKernels.All[0], threads: 3));
        Assert.True(expected.Equals(one.Planned(2)));
    }

    [Fact]
    public void Threads_that_share_a_session_get_what_each_would_get_alone()
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of("V-AdaLNZero-Text");
        @case.Use(SessionCase.Fused(CpuKernels.All[0], threads: 2));
        Tensor[] expected = [.. Enumerable.Range(1, 4).Select(@case.Planned)];
        var wrong = 0;

        var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            for (var round = 0; round < 20; round++)
            {
                using var planned = @case.Planned(i + 1);
                if (!planned.Equals(expected[i])) Interlocked.Increment(ref wrong);
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        Assert.Equal(0, wrong);
    }

    [Fact]
    public void A_session_that_is_disposed_while_it_works_finishes_and_then_refuses()
    {
        using var scope = NewDisposeScope();
        using var @case = SessionCase.Of("V-AdaLNZero-Text");
        @case.Use(SessionCase.Fused(CpuKernels.All[0], threads: 2));
        var expected = @case.Planned(2);
        var (good, refused) = (0, 0);
        var thread = new Thread(() =>
        {
            for (; refused == 0; good++)
            {
                try
                {
                    using var planned = @case.Planned(2);
                    if (!planned.Equals(expected)) return;
                }
                catch (ObjectDisposedException)
                {
                    refused++;
                }
            }
        });
        thread.Start();
        while (Volatile.Read(ref good) < 3 && thread.IsAlive) Thread.Yield();
        @case.DisposePlan();
        thread.Join();

        Assert.Equal(1, refused);
    }

    private static long Live()
    {
        LiveTensors.Count(); // what others forgot
        return NativeBuffer.LiveBytes;
    }
}
