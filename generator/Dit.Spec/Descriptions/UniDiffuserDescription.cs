using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// UniDiffuser (arXiv 2303.06555): a time for the image and one for the text, the text, the CLIP embedding of the image
/// and the patches of its latents are tokens of one sequence, and each of the three is predicted.
/// </summary>
/// <remarks>Names are those of the official checkpoints (thu-ml/unidiffuser).</remarks>
internal static class UniDiffuserDescription
{
    public static Description Of(ModelSpec spec, Backbone.UniDiffuser network)
    {
        var parts = new UniDiffuserParts(spec, network);
        return new(
            Network(spec, network, parts),
            $"UniDiffuser of {spec.Depth} post-norm blocks, {network.Skips} long skips, width {spec.Width}, {spec.Heads} heads, "
                + $"{parts.All.Size} tokens (arXiv 2303.06555)",
            EquatableArray.Of<ShapeLetter>(
                new("T", spec.Tokens, "tokens of the latents"),
                new("L", network.TextTokens, "tokens of the text"),
                new("M", parts.M.Size, network.DataType ? "tokens of times and data type" : "tokens of times"),
                new("D", spec.Width, "width"),
                new("H", spec.Heads, "heads"),
                new("K", spec.HeadWidth, "head width")),
            "linear layers and tables are normal with standard deviation 0.02",
            "under the names of the official checkpoints (thu-ml/unidiffuser)");
    }

    private static Module Network(ModelSpec spec, Backbone.UniDiffuser network, UniDiffuserParts parts) => Module(
        spec.ClassName, "",
        [
            new("image", Shape.Of(Dim.Batch, spec.Input.Channels, spec.Input.Height, spec.Input.Width), "Noised latents of images"),
            new("clip", Shape.Of(Dim.Batch, 1, network.ClipWidth), "Noised CLIP embeddings of images"),
            new("text", Shape.Of(Dim.Batch, parts.L, network.TextWidth), "Noised texts"),
            new("t_image", Shape.Of(Dim.Batch), "Timesteps of the images"),
            new("t_text", Shape.Of(Dim.Batch), "Timesteps of the texts"),
            .. network.DataType
                ? [new Argument("data_type", Shape.Of(Dim.Batch), "Kinds of data", ValueKind.Index)]
                : Array.Empty<Argument>(),
        ],
        Members(spec, network, parts),
        [.. Tokens(spec, network, parts), .. Outputs(spec, parts)],
        "");

    private static Member[] Members(ModelSpec spec, Backbone.UniDiffuser network, UniDiffuserParts parts) =>
    [
        new Member.Table("pos_embed", Shape.Of(1, parts.Placed, parts.D), UVitParts.Small)
        {
            Places = new(parts.T, spec.GridHeight, spec.GridWidth, Before: UniDiffuserParts.Times + network.TextTokens + 1),
        },
        .. network.DataType ? [new Member.Table("pos_embed_token", Shape.Of(1, 1, parts.D), UVitParts.Small)] : Array.Empty<Member>(),
        new Member.Child("patch_embed", parts.PatchEmbedding),
        new Member.Linear("text_embed", network.TextWidth, parts.D, UVitParts.Small),
        new Member.Linear("clip_img_embed", network.ClipWidth, parts.D, UVitParts.Small),
        .. network.DataType
            ? [new Member.Embedding("token_embedding", JointSpec.DataTypes, parts.D, UVitParts.Small)]
            : Array.Empty<Member>(),
        new Member.Repeated("in_blocks", network.Skips, parts.Block),
        new Member.Child("mid_block", parts.Block),
        new Member.Repeated("out_blocks", network.Skips, parts.OutBlock),
        parts.Norm("norm"),
        new Member.Linear("text_out", parts.D, network.TextWidth, UVitParts.Small),
        new Member.Linear("clip_img_out", parts.D, network.ClipWidth, UVitParts.Small),
        new Member.Linear("decoder_pred", parts.D, spec.PatchSize * spec.PatchSize * spec.OutputChannels, UVitParts.Small),
    ];

    // The place of the data type is a table of its own: the others keep those that they have without it.
    private static Statement[] Tokens(ModelSpec spec, Backbone.UniDiffuser network, UniDiffuserParts parts)
    {
        var table = new Value.Parameter("pos_embed");
        return
        [
            Let("image_time", new Value.Sinusoid("t_image", spec.Width, spec.Width / 2), Dim.Batch, parts.D),
            Let("text_time", new Value.Sinusoid("t_text", spec.Width, spec.Width / 2), Dim.Batch, parts.D),
            Let("context", JoinTokens(Context(network)), Dim.Batch, parts.M, parts.D),
            .. network.DataType
                ?
                [
                    Let("table", table),
                    Let(
                        "places",
                        JoinTokens(
                            new Value.Tokens("table", 0, UniDiffuserParts.Times), new Value.Parameter("pos_embed_token"),
                            new Value.Tokens("table", UniDiffuserParts.Times, parts.Seen)),
                        1, parts.All, parts.D),
                ]
                : Array.Empty<Statement>(),
            Let("seen", JoinTokens(Call("text_embed", "text"), Call("clip_img_embed", "clip"), Call("patch_embed", "image"))),
            Let("tokens", Add(JoinTokens("context", "seen"), network.DataType ? "places" : table)),
            ForEach("in_blocks", ["tokens"], [], Skip.Push),
            Let("tokens", Call("mid_block", "tokens")),
            ForEach("out_blocks", ["tokens"], [], Skip.Pop),
        ];
    }

    private static Statement[] Outputs(ModelSpec spec, UniDiffuserParts parts) =>
    [
        Let("last", Call("norm", "tokens")),
        Let(
            "latents",
            new Value.Unpatchify(
                Call("decoder_pred", new Value.Tokens("last", parts.M + parts.L + 1, parts.T)),
                spec.GridHeight, spec.GridWidth, spec.PatchSize, spec.OutputChannels)),
        Let("embedding", Call("clip_img_out", new Value.Tokens("last", parts.M + parts.L, 1))),
        Let("words", Call("text_out", new Value.Tokens("last", parts.M, parts.L))),
        Return("latents", "embedding", "words"),
    ];

    private static Value[] Context(Backbone.UniDiffuser network) =>
    [
        AsToken("image_time"), AsToken("text_time"),
        .. network.DataType ? [AsToken(Call("token_embedding", "data_type"))] : Array.Empty<Value>(),
    ];
}
