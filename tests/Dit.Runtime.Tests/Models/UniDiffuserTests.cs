using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Generated UniDiffusers against what the published code computed.</summary>
public class UniDiffuserTests
{
    [Fact]
    public void Version_0_agrees() => Agrees<JointV0Small>("unidiffuser-v0");

    [Fact]
    public void Version_1_agrees() => Agrees<JointV1Small>("unidiffuser-v1");

    private static void Agrees<TModel>(string name)
        where TModel : nn.Module, IJointModel<TModel>
    {
        using var golden = new GoldenFile(name, "unidiffuser");
        using var model = Filled<TModel>(golden);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();

        IsOfItsConfiguration<TModel>(golden);
        var (image, clip, text) = Predict(model, golden, "in.img");
        Close.To(golden["out.img"], image, Close.OneStep, "image");
        Close.To(golden["out.clip_img"], clip, Close.OneStep, "CLIP embedding");
        Close.To(golden["out.text"], text, Close.OneStep, "text");
        Close.To(golden["out.img_large"], Predict(model, golden, "in.img_large").Image, Close.OneStep, "larger image");
    }

    private static (Tensor Image, Tensor Clip, Tensor Text) Predict<TModel>(TModel model, GoldenFile golden, string image)
        where TModel : nn.Module, IJointModel<TModel> => model.Predict(
            golden[image], golden["in.clip_img"], golden["in.text"], golden["in.t_img"], golden["in.t_text"], golden["in.data_type"]);

    // The official depth does not count the block in the middle.
    private static void IsOfItsConfiguration<TModel>(GoldenFile golden)
        where TModel : nn.Module, IJointModel<TModel>
    {
        var (card, shape, config) = (TModel.Card, TModel.Modalities, golden.Metadata);
        Assert.Equal(
            (config["img_size"], config["patch_size"], config["in_chans"], config["embed_dim"], config["num_heads"]),
            ($"{card.Input.Height}", $"{card.PatchSize}", $"{card.Input.Channels}", $"{card.Width}", $"{card.Heads}"));
        Assert.Equal(
            (config["depth"], config["clip_img_dim"], config["num_text_tokens"], config["text_dim"]),
            ($"{card.Depth - 1}", $"{shape.ClipWidth}", $"{shape.TextTokens}", $"{shape.TextWidth}"));
        Assert.Equal(
            golden.Under("param.").Select(static p => $"{p.Name}: {string.Join(", ", p.Value.shape)}").Order(StringComparer.Ordinal),
            TModel.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}").Order(StringComparer.Ordinal));
        Assert.Equal(golden.Under("param.").Sum(static p => p.Value.numel()), card.Parameters);
    }

    private static TModel Filled<TModel>(GoldenFile golden)
        where TModel : nn.Module, IJointModel<TModel>
    {
        var model = TModel.Create();
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var state = model.state_dict();
        Assert.Equal(golden.Under("param.").Select(static p => p.Name).Order(), state.Keys.Order());
        foreach (var (name, value) in golden.Under("param.")) state[name].copy_(value);
        return model;
    }

    [Theory]
    [InlineData("image", "image must have the shape (N, 4, 8, 8), or other multiples of 2 for its sides, but has (2, 4, 8, 7)")]
    [InlineData("clip", "clip must have the shape (2, 1, 20), one sequence of embeddings for each sample, but has (2, 1, 19)")]
    [InlineData("text", "text must be of type Float32, as the image is, but is of type Float64")]
    [InlineData("time", "t must have the shape (2,)")]
    [InlineData("kind", "2 is no kind of data: they are 0 to 1")]
    [InlineData("kinds", "data_type must be of type Int64")]
    public void What_does_not_fit_is_named(string wrong, string message)
    {
        using var scope = NewDisposeScope();
        using var model = JointV1Small.Create();

        var error = Assert.Throws<DitException>(() => model.forward(
            zeros(2, 4, 8, wrong == "image" ? 7 : 8),
            zeros(2, 1, wrong == "clip" ? 19 : 20),
            zeros([2, 5, 12], wrong == "text" ? ScalarType.Float64 : ScalarType.Float32),
            zeros(2),
            zeros(wrong == "time" ? 3 : 2),
            full([2], wrong == "kind" ? 2 : 1, wrong == "kinds" ? ScalarType.Int32 : ScalarType.Int64)));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_comes_back_by_the_official_names()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = new GoldenFile("unidiffuser-v1", "unidiffuser");
        using var model = Filled<JointV1Small>(golden);
        Checkpoint.Save(model, folder["model.safetensors"]);
        using var loaded = JointV1Small.Load(folder["model.safetensors"]);

        Assert.True(Predict(model, golden, "in.img").Text.Equals(Predict(loaded, golden, "in.img").Text));
        Assert.Throws<CheckpointMismatchException>(() => JointV0Small.Load(folder["model.safetensors"]));
    }

    [Fact]
    public void A_list_of_models_has_it_and_a_visitor_of_images_alone_refuses_it()
    {
        var model = DitModels.All.Single(static model => model.Card.Name == "Joint-V1-Small");

        Assert.Equal(JointV1Small.Modalities, model.Joint);
        Assert.Equal(PositionKind.Learned, model.Card.PatchPositions);
        Assert.Equal(
            "Joint-V1-Small denoises images and texts jointly, and this is for models of images alone.",
            Assert.Throws<DitException>(() => model.Accept(new OfImagesAlone())).Message);
        Assert.All(DitModels.All, static other => Assert.Equal(other.Card.Backbone == "unidiffuser", other.Joint is not null));
    }

    private sealed class OfImagesAlone : IModelVisitor<string>
    {
        public string Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => TModel.Card.Name;
    }

    // Files of diffusers' conversion hold the same weights under its own names, which Load recognizes.
    [Fact]
    public void Weights_under_the_names_of_diffusers_load_as_they_are()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = new GoldenFile("unidiffuser-v1", "unidiffuser");
        using var model = Filled<JointV1Small>(golden);
        var map = DitNames.Diffusers<JointV1Small>();
        Assert.Empty(map.Problems(JointV1Small.CheckpointMap));
        Assert.Empty(map.Losses);
        DiffusersFolder.Save(model, folder["unet"]);
        using var loaded = JointV1Small.Load(folder["unet"]);

        Assert.True(Predict(model, golden, "in.img").Text.Equals(Predict(loaded, golden, "in.img").Text));
        Assert.Throws<CheckpointMismatchException>(() => JointV0Small.Load(folder["unet"]));
    }

    // Every parameter takes part in some output.
    [Fact]
    public void Gradients_reach_every_parameter()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenFile("unidiffuser-v1", "unidiffuser");
        using var model = Filled<JointV1Small>(golden);
        var (image, clip, text) = Predict(model, golden, "in.img");
        (image.square().mean() + clip.square().mean() + text.square().mean()).backward();

        Assert.All(model.named_parameters(), static p => Assert.True(p.parameter.grad?.abs().sum().item<float>() > 0, p.name));
    }
}
