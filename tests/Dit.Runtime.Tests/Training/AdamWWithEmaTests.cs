using Dit.Kernels;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class AdamWWithEmaTests
{
    // Less than a vector, odd, and more than one task.
    private static readonly long[] Sizes = [1, 7, 63, 100_003];

    [Theory, InlineData(0, 0.0, 0.99), InlineData(1, 0.1, 0.3), InlineData(2, 0.01, 0.0), InlineData(0, 0.0, 0.99, true)]
    public void Steps_are_those_of_AdamW_followed_by_the_average(int width, double weightDecay, double emaDecay, bool warmup = false)
    {
        using var training = TrainingScope.Open(KernelChoice.Widths[width]);
        using var scope = NewDisposeScope();
        var (mine, theirs) = (new Weights(), new Weights());
        var recipe = new TrainingRecipe { WeightDecay = weightDecay, EmaDecay = emaDecay, EmaWarmup = warmup, LearningRate = 1e-2 };
        using var optimizer = new AdamWWithEma(mine, recipe);
        using var expected = recipe.CreateOptimizer(theirs.parameters());
        using var average = new ExponentialMovingAverage(theirs, emaDecay);
        for (var step = 0; step < 20; step++)
        {
            SetGradients(step, mine, theirs);
            optimizer.Step(recipe.LearningRate);
            expected.step();
            average.Update(warmup ? ExponentialMovingAverage.WarmUp(emaDecay, step + 1) : emaDecay);
        }
        foreach (var (name, tensor) in theirs.state_dict()) Close.To(tensor.detach(), mine.state_dict()[name], 1e-6, name);
        foreach (var (name, tensor) in average.Tensors) Close.To(tensor, optimizer.Average.Tensors[name], 1e-6, "average of " + name);
        Assert.True(optimizer.Average.IsFinite());
    }

    [Fact]
    public void A_parameter_without_gradient_stays_and_its_average_follows()
    {
        using var scope = NewDisposeScope();
        var model = new Weights();
        using var optimizer = new AdamWWithEma(model, new TrainingRecipe { EmaDecay = 0.5, WeightDecay = 1 });
        using (no_grad()) foreach (var parameter in model.parameters()) parameter.fill_(3);
        var before = optimizer.Average.Tensors["p1"].clone();
        optimizer.Step(0.1);
        Assert.All(model.state_dict().Values, tensor => Assert.True(tensor.eq(3).all().item<bool>()));
        Close.To(0.5 * before + 1.5, optimizer.Average.Tensors["p1"], 1e-6);
    }

    [Fact]
    public void Weight_decay_of_matrices_leaves_biases_norms_and_tables_alone()
    {
        using var scope = NewDisposeScope();
        using var dit = GoldenP2.Create();
        var decayed = DecayedWeights.Of(dit);
        Assert.Contains("blocks.0.attn.qkv.weight", decayed);
        Assert.Contains("x_embedder.proj.weight", decayed);
        Assert.DoesNotContain("y_embedder.embedding_table.weight", decayed);
        Assert.DoesNotContain("pos_embed", decayed);
        Assert.DoesNotContain(decayed, static name => name.EndsWith("bias", StringComparison.Ordinal));
        using var unet = UClassConv.Create();
        Assert.DoesNotContain(DecayedWeights.Of(unet), static name => name is "pos_embed" or "label_emb.weight" || name.Contains("norm"));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void What_does_not_decay_takes_the_step_without(bool kernels)
    {
        using var training = kernels ? TrainingScope.Open(KernelChoice.Widths[0]) : null;
        using var scope = NewDisposeScope();
        var recipe = new TrainingRecipe { WeightDecay = 0.5, DecayAll = false };
        var (mine, all, none) = (TinyDenoiser.Create(), TinyDenoiser.Create(), TinyDenoiser.Create());
        Step(mine, recipe);
        Step(all, recipe with { DecayAll = true });
        Step(none, recipe with { WeightDecay = 0 });
        foreach (var (name, tensor) in mine.state_dict())
            Assert.True(tensor.equal((name == "proj.weight" ? all : none).state_dict()[name]).all().item<bool>(), name);
        Assert.False(all.proj.bias!.equal(none.proj.bias!).all().item<bool>());

        static void Step(TinyDenoiser model, TrainingRecipe recipe)
        {
            using var optimizer = new AdamWWithEma(model, recipe);
            foreach (var parameter in model.parameters().Where(static p => p.requires_grad)) parameter.grad = ones_like(parameter);
            optimizer.Step(0.1);
        }
    }

    [Fact]
    public void Two_hundred_steps_leave_no_tensor()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();
        using var optimizer = new AdamWWithEma(model, new TrainingRecipe());
        var input = new StepInput<ClassLabels>(randn(2, 4, 8, 8), new(tensor(new long[] { 1, 2 })), [3, 500], randn(2, 4, 8, 8));
        Step(5);
        var (tensors, memory) = (LiveTensors.Count(), NativeBuffer.LiveBytes);
        Step(200);
        Assert.Equal((tensors, memory), (LiveTensors.Count(), NativeBuffer.LiveBytes));

        void Step(int count)
        {
            for (var i = 0; i < count; i++)
            {
                model.zero_grad();
                TrainingStep.Backward(model, GoldenP2.Process, input);
                optimizer.Step(1e-4);
            }
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_change_the_kernels_results()
    {
        var threads = get_num_threads();
        using var scope = NewDisposeScope();
        using var tools = new TrainingTools(TrainingKernels.All[0], memory: null);
        var (x, weight, bias) = (randn(3, 70, 50, requires_grad: true), randn(90, 50, requires_grad: true), randn(90, requires_grad: true));
        try
        {
            var gradients = new[] { 1, 3 }.Select(count =>
            {
                set_num_threads(count);
                return autograd.grad([GeluFunction.apply(LinearFunction.apply(x, weight, bias, tools), tools).square().sum()],
                    [x, weight, bias]);
            }).ToArray();
            Assert.All(gradients[0].Zip(gradients[1]), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    // Usual gradients, none at all, denormal ones, and large ones.
    private static void SetGradients(int step, params Weights[] models)
    {
        double[] scales = [1, 0, 1e-40, 1e15, 1e-3];
        random.manual_seed(step);
        var gradients = Sizes.Select((size, i) => randn(size) * scales[(step + i) % scales.Length]).ToArray();
        foreach (var model in models)
            foreach (var (parameter, gradient) in model.parameters().Zip(gradients)) parameter.grad = gradient.clone();
    }

    private sealed class Weights : nn.Module
    {
        public Weights() : base(nameof(Weights))
        {
            random.manual_seed(7);
            for (var i = 0; i < Sizes.Length; i++) register_parameter($"p{i}", new Parameter(randn(Sizes[i])));
        }
    }
}
