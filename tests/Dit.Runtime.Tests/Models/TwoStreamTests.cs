using Consumer;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// A backbone that no one has is generated from its description alone: it computes, trains, samples, saves and loads.
/// </summary>
public sealed class TwoStreamTests : IDisposable
{
    private readonly string root = Path.Combine(Path.GetTempPath(), "dit-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
    }

    // A new model predicts zero; these parameters do not.
    private static TwoStream Random()
    {
        var model = TwoStream.Create();
        using var random = new torch.Generator(7);
        using var frozen = no_grad();
        foreach (var (_, parameter) in model.named_parameters()) parameter.normal_(0, 0.2, random);
        return model;
    }

    private static (Tensor X, Tensor T, Tensor Labels) Inputs() =>
        (randn(3, 4, 8, 8), tensor(new[] { 0f, 500f, 999f }), tensor(new[] { 0L, 9L, 10L }));

    [Fact]
    public void It_computes_what_its_description_says()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = Random();
        var (x, t, labels) = Inputs();

        var expected = Written(model.state_dict(), x, t, labels);

        Assert.InRange((model.forward(x, t, labels) - expected).abs().max().item<float>(), 0, 1e-4f);
        Assert.True(expected.abs().max().item<float>() > 0.1f);
    }

    // The same network, written by hand from the description's remarks.
    private static Tensor Written(IReadOnlyDictionary<string, Tensor> state, Tensor x, Tensor t, Tensor labels)
    {
        var tokens = nn
            .functional.conv2d(x, state["x_embedder.proj.weight"], state["x_embedder.proj.bias"], strides: [2, 2])
            .flatten(2)
            .transpose(1, 2);
        var image = tokens + state["positions"];
        var time = Linear(nn.functional.silu(Linear(TimestepEmbedder.Sinusoid(t), "t_embedder.mlp.0")), "t_embedder.mlp.2");
        var memory = stack([time, state["y_embedder.embedding_table.weight"][labels]], dim: 1);
        var skips = new Stack<Tensor>();
        foreach (var i in Enumerable.Range(0, 2))
        {
            (image, memory) = Block($"first_blocks.{i}", image, memory);
            skips.Push(image);
        }
        foreach (var i in Enumerable.Range(0, 2))
            (image, memory) = Block($"last_blocks.{i}", Linear(cat([image, skips.Pop()], -1), $"last_blocks.{i}.skip_linear"), memory);
        var patches = Linear(image * image.square().mean([-1], keepdim: true).add(1e-6).rsqrt(), "head.linear");
        return patches.view(-1, 4, 4, 2, 2, 8).permute(0, 5, 1, 3, 2, 4).reshape(-1, 8, 8, 8);

        Tensor Linear(Tensor input, string name) => nn.functional.linear(input, state[$"{name}.weight"], state[$"{name}.bias"]);

        Tensor Norm(Tensor input, string name) =>
            input * input.square().mean([-1], keepdim: true).add(1e-6).rsqrt() * state[$"{name}.weight"];

        (Tensor, Tensor) Block(string name, Tensor a, Tensor b)
        {
            var qkv = Linear(cat([a, b], 1), $"{name}.attn.qkv")
                .chunk(3, dim: -1)
                .Select(part => part.reshape(-1, 18, 4, 8).transpose(1, 2))
                .ToArray();
            var weights = nn.functional.softmax(qkv[0].matmul(qkv[1].transpose(-1, -2)) / Math.Sqrt(8), -1);
            var mixed = Linear(weights.matmul(qkv[2]).transpose(1, 2).reshape(-1, 18, 32), $"{name}.attn.proj");
            var (h, g) = (Norm(a + mixed.narrow(1, 0, 16), $"{name}.norm1"), Norm(b + mixed.narrow(1, 16, 2), $"{name}.norm2"));
            return (Norm(h + Linear(nn.functional.gelu(Linear(h, $"{name}.mlp.fc1")), $"{name}.mlp.fc2"), $"{name}.norm3"), g);
        }
    }

    [Fact]
    public void Its_parameters_are_those_of_its_map()
    {
        using var model = TwoStream.Create();

        Assert.Equal(
            TwoStream.CheckpointMap.Select(static entry => $"{entry.Name} {string.Join("x", entry.Shape)}"),
            model.state_dict().Select(static pair => $"{pair.Key} {string.Join("x", pair.Value.shape)}"));
        Assert.Equal(TwoStream.Card.Parameters, model.parameters().Sum(static parameter => parameter.numel()));
    }

    [Fact]
    public void It_trains_every_parameter_and_comes_back_from_its_file()
    {
        using var model = TwoStream.Create(seed: 1);
        var before = model.state_dict().ToDictionary(static pair => pair.Key, static pair => pair.Value.clone());
        var recipe = new TrainingRecipe { Steps = 12, BatchSize = 4, LearningRate = 1e-2, EmaDecay = 0, Seed = 5 };

        var result = new Trainer(recipe, new TrainingFolder(root, 100)).Run(model, Stripes());

        // What the last block makes of the condition's tokens goes nowhere, and so its norm has no gradient.
        Assert.All(
            model.state_dict().Where(static pair => pair.Key != "last_blocks.1.norm2.weight"),
            pair => Assert.False(pair.Value.allclose(before[pair.Key]), pair.Key));
        using var loaded = TwoStream.Load(result.Files[0]);
        using var scope = NewDisposeScope();
        var (x, t, labels) = Inputs();
        Assert.True(loaded.forward(x, t, labels).allclose(model.forward(x, t, labels), 1e-4, 1e-5));
    }

    private static TrainingSet<ClassLabels> Stripes() => TrainingSet.OfClasses(8, ["left", "right"], static (indices, _) =>
    {
        using var scope = NewDisposeScope();
        var labels = tensor(indices.Select(static i => (long)(i % 2)).ToArray());
        var images = zeros(indices.Length, 4, 8, 8);
        for (var i = 0; i < indices.Length; i++) images[i, .., .., (4 * (indices[i] % 2))..(4 * (indices[i] % 2) + 4)] = 1;
        return (images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    });

    [Fact]
    public void It_samples_through_a_session_that_says_how_it_computes()
    {
        using var model = Random();
        using var session = model.CreateSession();
        using var own = TwoStream.Samplers.Ddim10.Sample(model, [1, 2, 3], guidance: 2.0, seed: 4);
        using var given = TwoStream.Samplers.Ddim10.Sample(model, [1, 2, 3], guidance: 2.0, seed: 4, options: new() { Session = session });

        Assert.Equal(own.data<float>().ToArray(), given.data<float>().ToArray());
        Assert.Equal(
            "the model's forward: TwoStream: the tokens pass through the blocks in several streams, or through no list of them",
            session.Engine);
    }

    [Fact]
    public void It_leaves_no_tensors_behind()
    {
        using var model = Random();
        var (x, t, labels) = Inputs();
        model.forward(x, t, labels).Dispose();
        var before = LiveTensors.Count();
        for (var i = 0; i < 20; i++) model.forward(x, t, labels).Dispose();

        Assert.Equal(before, LiveTensors.Count());
    }
}
