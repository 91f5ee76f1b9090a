using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// U-ViT (arXiv 2209.12152): time, condition and patches are all tokens of one sequence, and long skips join the first
/// blocks with the last ones.
/// </summary>
/// <remarks>Names are those of the official code (baofff/U-ViT).</remarks>
internal static class UVitDescription
{
    public static Description Of(ModelSpec spec, Backbone.UVit uVit) => new(
        Network(spec, uVit),
        $"U-ViT of {spec.Depth} blocks, {uVit.Skips} long skips, width {spec.Width}, {spec.Heads} heads, {spec.Tokens} tokens "
            + $"(arXiv 2209.12152)",
        EquatableArray.Of<ShapeLetter>(
            new("T", spec.Tokens, "tokens"),
            new("M", spec.ContextTokens, "tokens of time and condition"),
            new("D", spec.Width, "width"),
            new("H", spec.Heads, "heads"),
            new("K", spec.HeadWidth, "head width")),
        "linear layers and tables are normal with standard deviation 0.02",
        "under the names of the official checkpoints (baofff/U-ViT)");

    private static Module Network(ModelSpec spec, Backbone.UVit uVit)
    {
        var parts = new UVitParts(spec, uVit);
        var condition = UVitCondition.Of(spec, parts);
        var image = new Value.Unpatchify("patches", spec.GridHeight, spec.GridWidth, spec.PatchSize, spec.OutputChannels);
        return Module(
            spec.ClassName, "",
            [
                new("x", Shape.Of(Dim.Batch, spec.Input.Channels, spec.Input.Height, spec.Input.Width), "Noised inputs"),
                new("t", Shape.Of(Dim.Batch), "Timesteps"),
                .. condition.Arguments,
            ],
            [
                new Member.Table("pos_embed", Shape.Of(1, parts.All, parts.D), UVitParts.Small)
                {
                    Places = new(parts.T, spec.GridHeight, spec.GridWidth, Before: spec.ContextTokens),
                },
                .. condition.Tables,
                new Member.Child("patch_embed", parts.PatchEmbedding),
                .. uVit.TimeMlp ? [parts.TimeMlp] : Array.Empty<Member>(),
                .. condition.Layers,
                new Member.Repeated("in_blocks", uVit.Skips, parts.Block),
                new Member.Child("mid_block", parts.Block),
                new Member.Repeated("out_blocks", uVit.Skips, parts.OutBlock),
                parts.Norm("norm"),
                new Member.Linear("decoder_pred", parts.D, spec.PatchSize * spec.PatchSize * spec.OutputChannels, UVitParts.Small),
                .. uVit.FinalConvolution ? [parts.FinalConvolution] : Array.Empty<Member>(),
            ],
            [
                Let(uVit.TimeMlp ? "features" : "time", new Value.Sinusoid("t", spec.Width, spec.Width / 2), Dim.Batch, parts.D),
                .. uVit.TimeMlp ? [Let("time", Call("time_embed", "features"))] : Array.Empty<Statement>(),
                .. condition.Embedded,
                Let("context", condition.Tokens(AsToken("time")), Dim.Batch, parts.M, parts.D),
                Let("tokens", Add(JoinTokens("context", Call("patch_embed", "x")), new Value.Parameter("pos_embed"))),
                ForEach("in_blocks", ["tokens"], [], Skip.Push),
                Let("tokens", Call("mid_block", "tokens")),
                ForEach("out_blocks", ["tokens"], [], Skip.Pop),
                Let("patches", Call("decoder_pred", Call("norm", new Value.Tokens("tokens", parts.M, parts.T)))),
                Return(uVit.FinalConvolution ? Call("final_layer", image) : image),
            ],
            "");
    }
}
