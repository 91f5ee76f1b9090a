using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Adapters on the models of every family.</summary>
public class LoraTests
{
    public static TheoryData<string> Names => [.. LoraCase.Names];

    [Fact]
    public void Every_family_is_here() => Assert.Equal(
        ["dit", "u-vit", "unidiffuser"],
        LoraCase.Names.Select(static name => DitModels.All.Single(m => m.Card.Name == name).Card.Backbone).Distinct().Order());

    [Theory, MemberData(nameof(Names))]
    public void Fused_adapters_give_what_they_give_apart(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = LoraCase.Of(name);
        var alone = @case.Forward();
        using var lora = @case.Attach(new(3) { Alpha = 4, Targets = LoraTargets.All });
        Assert.InRange(LoraCase.Distance(alone, @case.Forward()), 0, 1e-6); // every B is zero
        LoraCase.Move(lora);
        var apart = @case.Forward();
        Assert.True(LoraCase.Distance(alone, apart) > 0.03, "The adapters change nothing.");
        lora.Scale = -0.5;
        var against = @case.Forward();
        lora.Scale = 1;
        Assert.InRange(LoraCase.Distance(apart, @case.Forward()), 0, 1e-6);
        lora.Fuse();
        Assert.InRange(LoraCase.Distance(apart, @case.Forward()), 0, 1e-6);
        Assert.InRange(LoraCase.Distance(apart, against), 0.03, double.PositiveInfinity);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_session_computes_with_the_adapters_as_they_are_when_it_is_created(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = LoraCase.Of(name);
        using var lora = @case.Moved();
        if (@case.Planned() is not { } packed)
        {
            Assert.NotNull(DitModels.All.Single(m => m.Card.Name == name).Joint ?? (object?)@case.Card.Block);
            return;
        }
        var apart = @case.Forward();
        Close.To(apart, packed, Close.OneStep);
        Close.To(apart, @case.Planned(static steps => new OperatorEngine(steps)) ?? zeros(0), Close.OneStep);
        lora.Scale = 0.5;
        var half = @case.Planned() ?? zeros(0);
        Close.To(@case.Forward(), half, Close.OneStep);
        Assert.False(half.allclose(packed, atol: 1e-3));
        lora.Scale = 1;
        lora.Fuse();
        Assert.InRange(LoraCase.Distance(packed, @case.Planned() ?? zeros(0)), 0, 1e-6); // embedders and modulation are not packed
    }

    [Theory, InlineData("V-AdaLNZero-Classes"), InlineData("V-UViT-Text"), InlineData("PixArt-Tiny"), InlineData("Lightning-Released")]
    public void What_a_session_packs_is_what_the_weights_are_when_the_adapters_are_fused(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = LoraCase.Of(name);
        using var lora = @case.Attach(new(3));
        LoraCase.Move(lora);
        var packed = @case.Planned() ?? zeros(0);
        lora.Fuse();
        Assert.True(packed.Equals(@case.Planned() ?? zeros(0)));
    }

    [Theory, InlineData("V-AdaLNZero-Classes"), InlineData("Joint-V1-Small")]
    public void A_model_is_as_before_when_its_adapters_are_gone(string name)
    {
        using var scope = NewDisposeScope();
        using var @case = LoraCase.Of(name);
        var before = Bytes(@case.Model);
        bool[] trained = [.. @case.Model.parameters().Select(static p => p.requires_grad)];
        var alone = @case.Forward();
        using (@case.Moved())
        {
            Assert.DoesNotContain(@case.Model.parameters(), static p => p.requires_grad);
            Assert.False(alone.Equals(@case.Forward()));
            Assert.Equal(before, Bytes(@case.Model)); // the adapters are not part of its state
        }
        Assert.InRange(LoraCase.Distance(alone, @case.Forward()), 0, 1e-6);
        Assert.Equal(before, Bytes(@case.Model));
        Assert.Equal(trained, @case.Model.parameters().Select(static p => p.requires_grad));
        using var again = @case.Moved(); // the layers are free
    }

    [Fact]
    public void Adapters_may_be_disposed_of_after_their_model()
    {
        var @case = LoraCase.Of("V-AdaLNZero-Classes");
        using var lora = @case.Moved();
        @case.Dispose();
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var @case = LoraCase.Of("V-AdaLNZero-Text");
        var counted = LoraCase.CountedFor(Use());
        var before = LiveTensors.Count();
        Use();
        Assert.Equal(before + counted, LiveTensors.Count());

        int Use()
        {
            using var lora = @case.Moved();
            using (NewDisposeScope())
            {
                @case.Forward();
                @case.Planned();
            }
            var attached = LiveTensors.Count();
            for (var i = 0; i < 3; i++)
                using (NewDisposeScope()) @case.Forward();
            Assert.Equal(attached, LiveTensors.Count());
            return lora.Parameters.Count();
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Gradients_are_those_of_the_plain_formula(bool kernels)
    {
        using var scope = NewDisposeScope();
        using var tools = TrainingScope.Open(EnvironmentKernels.Parse(kernels ? "on" : "off"));
        var linear = Layer.Linear(48, 32, CPU, ScalarType.Float32);
        using (no_grad())
        {
            linear.weight.copy_(randn(32, 48) / 7);
            linear.bias!.copy_(randn(32));
        }
        linear.weight.requires_grad = linear.bias.requires_grad = false;
        var (a, b) = (Layer.Unset([5, 48], CPU, ScalarType.Float32), Layer.Unset([32, 5], CPU, ScalarType.Float32));
        using (no_grad())
        {
            a.copy_(randn(5, 48) / 7);
            b.copy_(randn(32, 5) / 2);
        }
        var x = randn(2, 70, 48, requires_grad: true);
        using var adapter = new LoraAdapter(linear, a, b, static () => 0.3);

        var expected = nn.functional.linear(x, linear.weight + 0.3 * b.matmul(a), linear.bias);
        var along = randn_like(expected);
        var wanted = autograd.grad([expected], [x, a, b], [along]);
        foreach (var actual in new[] { Functional.Linear(linear, x), linear.call(x) })
        {
            Close.To(expected, actual, Close.OneStep);
            foreach (var (one, other) in wanted.Zip(autograd.grad([actual], [x, a, b], [along]))) Close.To(one, other, Close.OneStep);
        }
        Functional.Linear(linear, x).sum().backward();
        Assert.Equal([true, true, false], new[] { a, b, linear.weight }.Select(static p => p.grad is { IsInvalid: false }));
    }

    [Theory]
    [InlineData(LoraTargets.Attention, "blocks.0.attn.qkv, blocks.0.attn.proj, blocks.1.attn.qkv, blocks.1.attn.proj")]
    [InlineData(LoraTargets.Mlp, "blocks.0.mlp.fc1, blocks.0.mlp.fc2, blocks.1.mlp.fc1, blocks.1.mlp.fc2")]
    [InlineData(LoraTargets.Others, "t_embedder.mlp.0, t_embedder.mlp.2, blocks.0.adaLN_modulation.1, blocks.1.adaLN_modulation.1, "
        + "final_layer.linear, final_layer.adaLN_modulation.1")]
    public void Targets_choose_layers(LoraTargets targets, string layers)
    {
        using var @case = LoraCase.Of("V-AdaLNZero-Classes");
        using var lora = @case.Attach(new(2) { Targets = targets });
        Assert.Equal(layers, string.Join(", ", lora.Layers));
        Assert.Equal(2 * lora.Layers.Count, lora.Parameters.Count());
    }

    [Theory]
    [InlineData("V-UViT-Classes", "mid_block.attn.qkv, mid_block.attn.proj, mid_block.mlp.fc1, mid_block.mlp.fc2")]
    [InlineData("PixArt-Tiny", "blocks.1.cross_attn.q_linear, blocks.1.cross_attn.kv_linear, blocks.1.cross_attn.proj")]
    [InlineData("Lightning-Released", "blocks.1.mlp.w12, blocks.1.mlp.w3")]
    [InlineData("Joint-V1-Small", "out_blocks.1.attn.qkv, out_blocks.1.mlp.fc2")]
    public void The_linear_layers_of_blocks_are_found_in_every_family(string name, string some)
    {
        using var @case = LoraCase.Of(name);
        using var lora = @case.Attach(new(2));
        Assert.Empty(some.Split(", ").Except(lora.Layers));
        Assert.DoesNotContain(lora.Layers, static layer => layer.Contains("embed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_seed_decides_the_adapters_and_A_is_uniform_within_the_bound_of_the_papers_code()
    {
        using var scope = NewDisposeScope();
        using var @case = LoraCase.Of("V-AdaLNZero-Classes");
        var (one, same, other) = (Values(1), Values(1), Values(2));
        Assert.Equal(one, same);
        Assert.NotEqual(one, other);
        Assert.InRange(one.Max(), 0.9 / Math.Sqrt(32), 1 / Math.Sqrt(32));

        float[] Values(long seed)
        {
            using var lora = @case.Attach(new(8) { Targets = LoraTargets.Attention }, seed);
            return lora.Parameters.First().data<float>().ToArray();
        }
    }

    [Fact]
    public void Other_types_than_float32_have_adapters_of_their_type()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = VAdaLNZeroClasses.Create(dtype: ScalarType.BFloat16);
        using var lora = Lora.Attach(model, new(2));
        LoraCase.Move(lora);
        Assert.All(lora.Parameters, static p => Assert.Equal(ScalarType.BFloat16, p.dtype));
        using var session = model.CreateSession();
        var (x, t, labels) = (
            randn([2, 3, 8, 12], ScalarType.BFloat16), tensor(new long[] { 3, 700 }), new ClassLabels(tensor(new long[] { 1, 2 })));
        Assert.True(model.Predict(x, t, labels).allclose(session.Forward(x, t, labels), rtol: 0.05, atol: 0.05));
        lora.Fuse();
        Assert.Equal(ScalarType.BFloat16, model.parameters().First().dtype);
    }

    [Theory]
    [InlineData(0, 1, LoraTargets.Blocks, "The rank of LoRA must be 1 or more; it is 0.")]
    [InlineData(2, 0, LoraTargets.Blocks, "The alpha of LoRA must be above 0; it is 0.")]
    [InlineData(2, double.NaN, LoraTargets.Blocks, "The alpha of LoRA must be above 0; it is NaN.")]
    [InlineData(2, 1, (LoraTargets)0, "The targets of LoRA must be kinds of layers, one or more; they are 0.")]
    [InlineData(33, 1, LoraTargets.Blocks,
        "A rank of 33 is too large for 'blocks.0.attn.qkv' of V-AdaLNZero-Classes, whose weight is 96 x 32: at most 32 is possible.")]
    public void Options_that_make_no_sense_are_refused(int rank, double alpha, LoraTargets targets, string message)
    {
        using var @case = LoraCase.Of("V-AdaLNZero-Classes");
        Assert.Equal(
            message, Assert.Throws<DitException>(() => @case.Attach(new(rank) { Alpha = alpha, Targets = targets })).Message);
        Assert.Contains(@case.Model.parameters(), static p => p.requires_grad); // nothing was attached
    }

    [Fact]
    public void A_layer_has_one_adapter_and_a_used_one_is_of_no_use()
    {
        using var @case = LoraCase.Of("V-AdaLNZero-Classes");
        using var lora = @case.Attach(new(2));
        Assert.Contains("'blocks.0.attn.qkv' of V-AdaLNZero-Classes has an adapter already",
            Assert.Throws<DitException>(() => @case.Attach(new(2))).Message, StringComparison.Ordinal);
        Assert.Throws<DitException>(() => lora.Scale = double.NaN);
        lora.Fuse();
        Assert.Throws<ObjectDisposedException>(lora.Fuse);
        Assert.Throws<ObjectDisposedException>(() => lora.Save("never.safetensors"));
    }

    private static Dictionary<string, byte[]> Bytes(nn.Module model) =>
        model.state_dict().ToDictionary(static one => one.Key, static one => one.Value.bytes.ToArray());
}
