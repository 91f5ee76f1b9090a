namespace Dit.Spec.Tests;

/// <summary>Every layer and operation on shapes that fit and on shapes that do not.</summary>
public class ShapeRulesTests
{
    private static readonly Dim N = Dim.Batch, T = Dim.Letter("T", 16), D = Dim.Letter("D", 16), M = Dim.Letter("M", 3);
    private static readonly EquatableArray<Dim> Tokens = Shape.Of(N, T, D), Turned = Shape.Of(N, D, T);
    private static readonly EquatableArray<Dim> Vector = Shape.Of(N, D), Part = Shape.Of(N, 1, D);
    private static readonly Initialization Zero = new Initialization.Zero();

    private static void Gives(EquatableArray<Dim> shape, Fit fit) => Assert.Equal(new Fit.Gives(shape), fit);

    private static void Refuses(string because, Fit fit) => Assert.Equal(new Fit.Misfit(because), fit);

    [Fact]
    public void Linear()
    {
        var layer = new Member.Linear("fc1", D, 4 * D, Zero);
        Gives(Shape.Of(N, T, 4 * D), ShapeRules.Linear(layer, Tokens));
        Gives(Shape.Of(N, 4 * D), ShapeRules.Linear(layer, Vector));
        Refuses("the linear layer fc1 takes (..., D), and is given (N, D, T)", ShapeRules.Linear(layer, Turned));
        Refuses("the linear layer fc1 takes (..., D), and is given (N,)", ShapeRules.Linear(layer, Shape.Of(N)));
        Refuses("the linear layer fc1 takes (..., D), and is given (N, T, 16)", ShapeRules.Linear(layer, Shape.Of(N, T, 16)));
    }

    [Fact]
    public void Patches()
    {
        var layer = new Member.Patches("proj", 4, 2, T, D, Zero);
        Gives(Tokens, ShapeRules.Patches(layer, Shape.Of(N, 4, 8, 8)));
        Gives(Tokens, ShapeRules.Patches(layer, Shape.Of(N, 4, 4, 16)));
        Refuses(
            "proj takes images of 4 channels, (N, 4, height, width), and is given (N, 3, 8, 8)",
            ShapeRules.Patches(layer, Shape.Of(N, 3, 8, 8)));
        Refuses("proj takes images of 4 channels, (N, 4, height, width), and is given (N, T, D)", ShapeRules.Patches(layer, Tokens));
        Refuses("proj cuts patches of 2 x 2, which do not tile 8 x 7", ShapeRules.Patches(layer, Shape.Of(N, 4, 8, 7)));
        Refuses("proj gives T = 16 tokens, and 8 x 10 has 20 patches", ShapeRules.Patches(layer, Shape.Of(N, 4, 8, 10)));
    }

    [Fact]
    public void Norm()
    {
        var norm = new Member.Norm("norm1", NormKind.Layer, D, IsAffine: true, 1e-6);
        Gives(Tokens, ShapeRules.Norm(norm, Tokens));
        Gives(Vector, ShapeRules.Norm(norm, Vector));
        Refuses("the norm norm1 takes (..., D), and is given (N, D, T)", ShapeRules.Norm(norm, Turned));
        Refuses("the norm norm1 takes (..., D), and is given (N,)", ShapeRules.Norm(norm, Shape.Of(N)));
    }

    [Fact]
    public void Embedding()
    {
        var table = new Member.Embedding("embedding_table", 11, D, Zero);
        Gives(Vector, ShapeRules.Embedding(table, Shape.Of(N)));
        Refuses(
            "the embedding embedding_table takes one index for each sample, (N,), and is given (N, T, D)",
            ShapeRules.Embedding(table, Tokens));
    }

    [Fact]
    public void Add()
    {
        Gives(Tokens, ShapeRules.Add(Tokens, Tokens));
        Gives(Tokens, ShapeRules.Add(Tokens, Shape.Of(1, T, D)));
        Gives(Tokens, ShapeRules.Add(Shape.Of(1, T, D), Tokens));
        Refuses("(N, T, D) and (N, D, T) cannot be added", ShapeRules.Add(Tokens, Turned));
        Refuses("(N, T, D) and (N, 1, D) cannot be added", ShapeRules.Add(Tokens, Part)); // only the batch is spread
        Refuses("(N, T, D) and (N, D) cannot be added", ShapeRules.Add(Tokens, Vector));
    }

    [Fact]
    public void Modulate()
    {
        var norm = new Member.Norm("norm1", NormKind.Layer, D, IsAffine: false, 1e-6);
        Gives(Tokens, ShapeRules.Modulate(norm, Tokens, Part, Part));
        Refuses("the shift of (N, T, D) is (N, 1, D), and (N, D) is given", ShapeRules.Modulate(norm, Tokens, Vector, Part));
        Refuses("the scale of (N, T, D) is (N, 1, D), and (N, 1, T) is given", ShapeRules.Modulate(norm, Tokens, Part, Shape.Of(N, 1, T)));
        Refuses("the norm norm1 takes (..., D), and is given (N, D, T)", ShapeRules.Modulate(norm, Turned, Part, Part));
        Refuses(
            "the norm norm1 has a scale of its own, and is modulated by a second one",
            ShapeRules.Modulate(norm with { IsAffine = true }, Tokens, Part, Part));
    }

    [Fact]
    public void Modulate_without_a_shift()
    {
        var norm = new Member.Norm("norm1", NormKind.Layer, D, IsAffine: false, 1e-6);
        Gives(Tokens, ShapeRules.Modulate(norm, Tokens, null, Part));
        Refuses("the scale of (N, T, D) is (N, 1, D), and (N, D) is given", ShapeRules.Modulate(norm, Tokens, null, Vector));
    }

    [Fact]
    public void Modulate_over_a_root_mean_square_norm()
    {
        var norm = new Member.Norm("norm1", NormKind.Rms, D, IsAffine: true, 1e-6);
        Gives(Tokens, ShapeRules.Modulate(norm, Tokens, Part, Part));
        Gives(Tokens, ShapeRules.Modulate(norm with { IsAffine = false }, Tokens, null, Part));
        Refuses("the norm norm1 takes (..., D), and is given (N, D, T)", ShapeRules.Modulate(norm, Turned, Part, Part));
    }

    [Fact]
    public void Gated()
    {
        Gives(Tokens, ShapeRules.Gated(Tokens, Part, Tokens));
        Refuses("a branch of (N, D, T) cannot be added to (N, T, D)", ShapeRules.Gated(Tokens, Part, Turned));
        Refuses("the gate of (N, T, D) is (N, 1, D), and (N, D) is given", ShapeRules.Gated(Tokens, Vector, Tokens));
    }

    [Fact]
    public void Self_attention()
    {
        Gives(Tokens, ShapeRules.SelfAttention(4, Shape.Of(N, T, 3 * D)));
        Refuses(
            "self-attention takes queries, keys and values side by side, (N, T, 3 D), and is given (N, T, D)",
            ShapeRules.SelfAttention(4, Tokens));
        Refuses(
            "self-attention takes queries, keys and values side by side, (N, T, 3 D), and is given (N, 3 D)",
            ShapeRules.SelfAttention(4, Shape.Of(N, 3 * D)));
        Refuses("5 heads do not divide a width of D = 16", ShapeRules.SelfAttention(5, Shape.Of(N, T, 3 * D)));
        Refuses("0 heads do not divide a width of D = 16", ShapeRules.SelfAttention(0, Shape.Of(N, T, 3 * D)));
    }

    [Fact]
    public void Self_attention_with_norms_of_queries_and_keys()
    {
        var qkv = Shape.Of(N, T, 3 * D);
        var norm = new Member.Norm("q_norm", NormKind.Rms, Dim.Letter("K", 4), IsAffine: true, 1e-6);
        Gives(Tokens, ShapeRules.SelfAttention(4, qkv, [norm, norm], null));
        Gives(Tokens, ShapeRules.SelfAttention(4, qkv, [], null));
        Refuses("the norm q_norm is of K = 4 channels, and a head has 8", ShapeRules.SelfAttention(2, qkv, [norm, norm], null));
        Refuses("5 heads do not divide a width of D = 16", ShapeRules.SelfAttention(5, qkv, [norm], null));
    }

    [Fact]
    public void Self_attention_with_rotary_positions()
    {
        var (qkv, k) = (Shape.Of(N, T, 3 * D), Dim.Letter("K", 4));
        Gives(Tokens, ShapeRules.SelfAttention(4, qkv, [], Shape.Of(T, 2 * k)));
        Refuses(
            "rotary positions of T tokens are (T, 16), cosines and sines for the 8 channels of a head, and (T, 2 K) is given",
            ShapeRules.SelfAttention(2, qkv, [], Shape.Of(T, 2 * k)));
        Refuses(
            "rotary positions of T tokens are (T, 8), cosines and sines for the 4 channels of a head, and (M, 2 K) is given",
            ShapeRules.SelfAttention(4, qkv, [], Shape.Of(M, 2 * k)));
        Refuses(
            "rotary positions of T tokens are (T, 8), cosines and sines for the 4 channels of a head, and (1, T, 2 K) is given",
            ShapeRules.SelfAttention(4, qkv, [], Shape.Of(1, T, 2 * k)));
        Refuses("rotary positions turn pairs of channels, and a head has 1", ShapeRules.SelfAttention(16, qkv, [], Shape.Of(T, 2)));
    }

    [Fact]
    public void SwiGlu()
    {
        Gives(Tokens, ShapeRules.SwiGlu(Shape.Of(N, T, 2 * D)));
        Gives(Vector, ShapeRules.SwiGlu(Shape.Of(N, 2 * D)));
        Refuses("a gate takes two halves side by side, (..., 2 D), and is given (N, T, D)", ShapeRules.SwiGlu(Tokens));
        Refuses("a gate takes two halves side by side, (..., 2 D), and is given (N,)", ShapeRules.SwiGlu(Shape.Of(N)));
    }

    [Fact]
    public void Cross_attention()
    {
        Gives(Tokens, ShapeRules.CrossAttention(4, Tokens, Shape.Of(N, M, 2 * D)));
        Refuses("queries are (N, T, D), and (N, D) is given", ShapeRules.CrossAttention(4, Vector, Shape.Of(N, M, 2 * D)));
        Refuses(
            "keys and values for queries of (N, T, D) are (N, M, 2 D), and (N, M, 3 D) is given",
            ShapeRules.CrossAttention(4, Tokens, Shape.Of(N, M, 3 * D)));
        Refuses(
            "keys and values for queries of (N, T, D) are (N, M, 2 D), and (1, M, 2 D) is given",
            ShapeRules.CrossAttention(4, Tokens, Shape.Of(1, M, 2 * D)));
        Refuses("5 heads do not divide a width of D = 16", ShapeRules.CrossAttention(5, Tokens, Shape.Of(N, M, 2 * D)));
    }

    [Fact]
    public void Join_tokens()
    {
        Gives(Shape.Of(N, T + M, D), ShapeRules.JoinTokens([Tokens, Shape.Of(N, M, D)]));
        Gives(Shape.Of(N, T + M + 1, D), ShapeRules.JoinTokens([Tokens, Shape.Of(N, M, D), Part]));
        Refuses("tokens of (N, M, T) cannot follow tokens of (N, T, D)", ShapeRules.JoinTokens([Tokens, Shape.Of(N, M, T)]));
        Refuses("tokens of (N, D) cannot follow tokens of (N, T, D)", ShapeRules.JoinTokens([Tokens, Vector]));
    }

    [Fact]
    public void Join_features()
    {
        Gives(Shape.Of(N, T, 2 * D), ShapeRules.JoinFeatures([Tokens, Tokens]));
        Gives(Shape.Of(N, D + M), ShapeRules.JoinFeatures([Vector, Shape.Of(N, M)]));
        Refuses("features of (N, M, D) cannot stand beside those of (N, T, D)", ShapeRules.JoinFeatures([Tokens, Shape.Of(N, M, D)]));
        Refuses("features of (N,) cannot stand beside those of (N,)", ShapeRules.JoinFeatures([Shape.Of(N), Shape.Of(N)]));
    }

    [Fact]
    public void Some_tokens()
    {
        Gives(Tokens, ShapeRules.Tokens(Shape.Of(N, T + M, D), 0, T));
        Gives(Shape.Of(N, M, D), ShapeRules.Tokens(Shape.Of(N, T + M, D), T, M));
        Refuses("M tokens from T are not among the T of (N, T, D)", ShapeRules.Tokens(Tokens, T, M));
        Refuses("0 tokens from 0 are not among the T of (N, T, D)", ShapeRules.Tokens(Tokens, 0, 0));
        Refuses("2 tokens from -1 are not among the T of (N, T, D)", ShapeRules.Tokens(Tokens, -1, 2));
        Refuses("tokens are taken of (N, T, D), and (N, D) is given", ShapeRules.Tokens(Vector, 0, 1));
    }

    [Fact]
    public void As_a_token()
    {
        Gives(Part, ShapeRules.AsToken(Vector));
        Refuses("a vector, (N, D), becomes a token, and (N, T, D) is given", ShapeRules.AsToken(Tokens));
    }

    [Fact]
    public void Mean_of_tokens()
    {
        Gives(Vector, ShapeRules.MeanOfTokens(Tokens));
        Refuses("the mean is of tokens, (N, T, D), and (N, D) is given", ShapeRules.MeanOfTokens(Vector));
    }

    [Fact]
    public void Sinusoid()
    {
        Gives(Shape.Of(N, 256), ShapeRules.Sinusoid(256, Shape.Of(N)));
        Refuses("timesteps are (N,), and (N, D) is given", ShapeRules.Sinusoid(256, Vector));
    }

    [Fact]
    public void Fill_dropped()
    {
        var text = Shape.Of(N, 77, 768);
        Gives(text, ShapeRules.FillDropped(text, null));
        Gives(text, ShapeRules.FillDropped(text, new Member.Table("null_text", Shape.Of(77, 768), Zero)));
        Refuses(
            "null_text stands for one of (N, 77, 768), and is (77, 512)",
            ShapeRules.FillDropped(text, new Member.Table("null_text", Shape.Of(77, 512), Zero)));
    }

    [Fact]
    public void Unpatchify()
    {
        var patches = new Value.Unpatchify("x", Rows: 2, Columns: 8, Patch: 2, Channels: 3);
        Gives(Shape.Of(N, 3, 4, 16), ShapeRules.Unpatchify(patches, Shape.Of(N, T, 12)));
        Refuses("2 x 8 patches of 2 x 2 x 3 are (N, 16, 12), and (N, T, D) is given", ShapeRules.Unpatchify(patches, Tokens));
        Refuses("2 x 8 patches of 2 x 2 x 3 are (N, 16, 12), and (N, M, 12) is given", ShapeRules.Unpatchify(patches, Shape.Of(N, M, 12)));
    }

    [Fact]
    public void Split()
    {
        Gives(Part, ShapeRules.Split(6, Shape.Of(N, 1, 6 * D)));
        Refuses("(N, 1, 6 D) does not split into 4 equal parts", ShapeRules.Split(4, Shape.Of(N, 1, 6 * D)));
        Refuses("(N,) does not split into 1 equal parts", ShapeRules.Split(1, Shape.Of(N)));
    }
}
