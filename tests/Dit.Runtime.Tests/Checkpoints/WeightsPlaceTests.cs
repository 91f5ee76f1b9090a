using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Weights are found by their names and shapes, whatever all their names begin with and wherever they are nested.
/// </summary>
public sealed class WeightsPlaceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Grid4x4 wanted = Grid4x4.Create(seed: 3);
    private readonly List<string> notices = [];

    public void Dispose()
    {
        wanted.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string> Prefixes =>
    [
        "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "net.", "model.", "state_dict.model.",
        "checkpoint.model.module.", "generator/", "größe.0.", .. Drawn(),
    ];

    [Theory, MemberData(nameof(Prefixes))]
    public void Any_prefix_over_all_names_is_taken_and_said(string prefix)
    {
        Save(Named(prefix), ("optimizer.state.0.exp_avg", ones(3)));
        Assert.Equal($"'{folder["a"]}' has the weights of Grid-4x4 below '{prefix}', and they are taken from there; 1 other tensor is "
            + "left out: optimizer.state.0.exp_avg.", Loaded(null).Single());

        // Alone in the file, it is no less a prefix.
        Save(Named(prefix));
        Assert.Contains($"below '{prefix}'", Loaded(null).Single());
    }

    [Theory]
    [InlineData("ema_model.", "online_model.")]
    [InlineData("state_dict_ema.", "state_dict.")]
    [InlineData("model_ema.module.", "model.")]
    [InlineData("averaged.", "net.")]
    [InlineData("swa.", "model.")]
    [InlineData("x.EMA.", "x.net.")]
    public void Averaged_weights_go_before_others_and_either_can_be_asked_for(string averaged, string others)
    {
        using var second = Grid4x4.Create(seed: 9);
        Save([.. Named(others, second), .. Named(averaged)]);
        Assert.Contains($"below '{averaged}'", Loaded(null).Single());
        Loaded(CheckpointWeights.Ema);
        using var model = Grid4x4.Load(folder["a"], weights: CheckpointWeights.Model);
        AssertSame(second, model);
    }

    [Fact]
    public void Two_that_are_as_good_are_refused_with_both_named()
    {
        Save([.. Named("left."), .. Named("right.")]);
        var message = Assert.Throws<DitException>(() => Grid4x4.Load(folder["a"])).Message;
        Assert.Contains("has weights of the model below 'left.', 'right.'", message);
    }

    [Fact]
    public void A_training_checkpoint_in_its_usual_form_is_nothing_to_be_told()
    {
        using var second = Grid4x4.Create(seed: 9);
        Save([.. Named("model.", second), .. Named("ema."), ("opt.step", ones(1))]);
        Assert.Empty(Loaded(null));
        Assert.Empty(Loaded(CheckpointWeights.Ema));
    }

    // A model without fixed positions has a moment for each of its tensors.
    [Fact]
    public void The_state_of_an_optimizer_is_not_taken_for_weights()
    {
        using var second = Grid4x4.Create(seed: 9);
        Save([.. Named("model.", second), .. Named("ema."), .. Named("optimizer.first."), .. Named("optimizer.second.")]);
        using var model = Grid4x4.Load(folder["a"], weights: CheckpointWeights.Model);
        AssertSame(second, model);
        Assert.Empty(Loaded(null));
    }

    [Fact]
    public void Averaged_weights_that_do_not_fit_are_not_replaced_by_others()
    {
        Save([.. Named("model."), .. Named("ema.").Skip(1)]);
        Assert.Single(Assert.Throws<CheckpointMismatchException>(() => Grid4x4.Load(folder["a"])).Missing);
        // Rates and counts of an average are no weights.
        Save([.. Named("model."), ("ema.decay", tensor(0.999f)), ("ema.num_updates", tensor(7L))]);
        Assert.Single(Loaded(null));
    }

    [Fact]
    public void Scalars_that_are_left_over_are_passed_over_and_said()
    {
        Save([.. Named("model."), ("model.decay", tensor(0.9f)), ("model.num_batches_tracked", tensor(3L)), ("model.scale", ones(1))]);
        Assert.Contains($"'{folder["a"]}' has 3 scalars that Grid-4x4 does not have, passed over: decay, num_batches_tracked, scale.",
            Loaded(null));
        Save([.. Named(""), ("model_ema.decay", tensor(0.9f))]);
        Assert.Equal($"'{folder["a"]}' has 1 scalar that Grid-4x4 does not have, passed over: model_ema.decay.",
            Assert.Single(Loaded(null)));
        // What has more elements is no scalar.
        Save([.. Named(""), ("betas", ones(2))]);
        Assert.Equal(["betas"], Assert.Throws<CheckpointMismatchException>(() => Grid4x4.Load(folder["a"])).Unexpected);
    }

    [Fact]
    public void What_does_not_fit_is_told_by_the_names_below_the_prefix()
    {
        Save([.. Named("module.").Skip(1), ("module.extra", ones(2))]);
        var error = Assert.Throws<CheckpointMismatchException>(() => Grid4x4.Load(folder["a"]));
        Assert.StartsWith($"'{folder["a"]}', below 'module.', is not a checkpoint of Grid-4x4: tensors missing 1, unexpected 1,",
            error.Summary);
        Assert.Equal(["extra"], error.Unexpected);
        Assert.Contains("missing 1 (pos_embed), unexpected 1 (extra)", error.SummaryWithNames);
    }

    [Fact]
    public void Positions_that_are_computed_need_not_be_below_the_prefix()
    {
        Save([.. Named("net.").Where(static t => t.Item1 != "net.pos_embed")]);
        using var model = Grid4x4.Load(folder["a"], grid: CheckpointGrid.Recompute(notices.Add), notice: notices.Add);
        AssertSame(wanted, model);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("state_dict.model.")]
    public void Names_of_diffusers_below_a_prefix_are_known(string prefix)
    {
        using var golden = CheckpointFile.Open(GoldenFile.Path("diffusers/dit-small.safetensors"));
        Save([.. golden.Tensors.Keys.Select(name => (prefix + name, golden.Read(name)))]);
        using var plain = SmallDiffusers.Load(golden);
        using var model = SmallDiffusers.Load(folder["a"], notice: notices.Add);
        AssertSame(plain, model);
        Assert.Contains($"below '{prefix}'", notices.Single());
    }

    [Fact]
    public void An_open_checkpoint_fills_a_model_in_eval_mode_and_stays_open()
    {
        Save([.. Named("model.")]);
        using var file = CheckpointFile.Open(folder["a"]);
        using (var model = Grid4x4.Load(file))
        {
            Assert.False(model.training);
            AssertSame(wanted, model);
        }
        using var half = Grid4x4.Load(file.Below("model."), dtype: ScalarType.Float16);
        Assert.All(half.parameters(), static parameter => Assert.Equal(ScalarType.Float16, parameter.dtype));
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused_with_our_sentence()
    {
        if (cuda.is_available())
            return;
        Save([.. Named("")]);
        const string Sentence = "The device 'cuda' cannot be used: this libtorch sees no CUDA device.";
        Assert.Equal(Sentence, Assert.Throws<DitException>(() => Grid4x4.Load(folder["a"], new Device("cuda"))).Message);
        Assert.Equal(Sentence, Assert.Throws<DitException>(() => Grid4x4.Create(new Device("cuda"))).Message);
        Assert.Contains("'cuda:1'", Assert.Throws<DitException>(() => Grid4x4.Create(new Device(DeviceType.CUDA, 1))).Message);
    }

    private static IEnumerable<string> Drawn()
    {
        var random = new Random(11);
        string Part() => string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => "abcdefgxyz_-09"[random.Next(14)]));
        for (var i = 0; i < 20; i++)
            yield return string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => Part() + "."));
    }

    private List<string> Loaded(CheckpointWeights? weights)
    {
        notices.Clear();
        using var model = weights is { } chosen
            ? Grid4x4.Load(folder["a"], weights: chosen, notice: notices.Add)
            : Grid4x4.Load(folder["a"], notice: notices.Add);
        AssertSame(wanted, model);
        return notices;
    }

    private IEnumerable<(string, Tensor)> Named(string prefix, Grid4x4? model = null) =>
        (model ?? wanted).state_dict().Select(t => (prefix + t.Key, t.Value));

    private void Save(IEnumerable<(string, Tensor)> tensors, params (string, Tensor)[] more) =>
        SafeTensors.Save(folder["a"], [.. tensors, .. more]);

    private static void AssertSame(nn.Module wanted, nn.Module given)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in wanted.state_dict())
            Assert.True(tensor.equal(given.state_dict()[name]).all().item<bool>(), name);
    }
}
