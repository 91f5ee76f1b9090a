namespace Dit.Runtime;

/// <summary>The names that tensors of PixArt-alpha have in diffusers (<c>PixArtTransformer2DModel</c>).</summary>
/// <remarks>
/// The models' own names are those of the official code (PixArt-alpha/PixArt-alpha). diffusers splits qkv in three and
/// kv in two, computes the position table, and does not store the null caption: its pipeline embeds the empty prompt.
/// Both compute the same.
/// </remarks>
internal static class PixArtNames
{
    /// <summary>The name of the null caption, which a file of diffusers does not hold.</summary>
    private const string NullCaption = "y_embedder.y_embedding";

    private const int MlpRatio = 4;

    // The block of the released models, as cards write it.
    private const string Block = "{ norm: layer, mlp: gelu-tanh, qk_norm: none, position: none, shift: true, modulation: shared }";

    /// <summary>Whether a model is of this kind: timesteps modulate norms, and blocks attend to a text.</summary>
    public static bool IsOf(ModelCard card) => card is { Backbone: "dit", Conditioning: "adaln-zero+cross-attention" };

    /// <summary>What keeps a model of this kind from having a form in diffusers; null when it has one.</summary>
    public static string? WhyNotInDiffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own) => card switch
    {
        { Block: null } => "each block of this one regresses its own modulation",
        { Block: not Block } => $"the block of this one is {card.Block}",
        { Condition: ModelCondition.Text { IsMasked: false } } => "this one takes no mask of the text",
        _ when own.FirstOrDefault(static entry => entry.Name == "blocks.0.mlp.fc1.bias") is { Shape: [var hidden] }
            && hidden != MlpRatio * card.Width =>
            $"its MLP has {hidden} channels beside tokens of {card.Width}",
        _ => null,
    };

    /// <summary>The map.</summary>
    /// <exception cref="DitException">diffusers has no model of this kind.</exception>
    public static NameMap Diffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own) => WhyNotInDiffusers(card, own) is { } reason
        ? throw new DitException(
            $"{card.Name} has no form in diffusers, whose PixArt has the published block, masked text and an MLP four times as wide as "
                + $"its tokens: {reason}.")
        : new(card.Name, DitNames.DiffusersConvention, [.. own.Select(entry => Of(entry, PositionTable.Of(card)))]);

    private const string Loss = $"Files of diffusers hold no null caption, which its pipeline makes of the empty prompt: {NullCaption} is "
        + "left out of them, and zero when they are read. For guidance, pass the embedding of the empty or of a negative prompt "
        + "(--negative FILE; Negative of SamplingOptions), or fill the tensor with that of the empty prompt.";

    private static MappedTensor Of(CheckpointEntry own, PositionTable positions)
    {
        if (own.Name == positions.Name) return new MappedTensor.Computed(own, tensor => DitNames.FillPositions(tensor, positions));
        if (own.Name == NullCaption) return new MappedTensor.Computed(own, static tensor => tensor.fill_(0.0)) { Loss = Loss };
        var dot = own.Name.LastIndexOf('.');
        var (module, leaf) = (own.Name[..dot], own.Name[(dot + 1)..]);
        return module.Split('.', 3) is ["blocks", var i, .. var part]
            ? InBlock(own, $"transformer_blocks.{i}", part is [var name] ? name : "", leaf)
            : MappedTensor.Renamed(own, Around(module, leaf) ?? throw Undefined(own));
    }

    private static MappedTensor InBlock(CheckpointEntry own, string block, string part, string leaf) => part switch
    {
        "" => MappedTensor.Renamed(own, $"{block}.{leaf}"), // the table
        "attn.qkv" => MappedTensor.Stacked(own, $"{block}.attn1.to_q.{leaf}", $"{block}.attn1.to_k.{leaf}", $"{block}.attn1.to_v.{leaf}"),
        "attn.proj" => MappedTensor.Renamed(own, $"{block}.attn1.to_out.0.{leaf}"),
        "cross_attn.q_linear" => MappedTensor.Renamed(own, $"{block}.attn2.to_q.{leaf}"),
        "cross_attn.kv_linear" => MappedTensor.Stacked(own, $"{block}.attn2.to_k.{leaf}", $"{block}.attn2.to_v.{leaf}"),
        "cross_attn.proj" => MappedTensor.Renamed(own, $"{block}.attn2.to_out.0.{leaf}"),
        "mlp.fc1" => MappedTensor.Renamed(own, $"{block}.ff.net.0.proj.{leaf}"),
        "mlp.fc2" => MappedTensor.Renamed(own, $"{block}.ff.net.2.{leaf}"),
        _ => throw Undefined(own),
    };

    private static string? Around(string module, string leaf) => module switch
    {
        "x_embedder.proj" => $"pos_embed.proj.{leaf}",
        "t_embedder.mlp.0" => $"adaln_single.emb.timestep_embedder.linear_1.{leaf}",
        "t_embedder.mlp.2" => $"adaln_single.emb.timestep_embedder.linear_2.{leaf}",
        "csize_embedder.mlp.0" => $"adaln_single.emb.resolution_embedder.linear_1.{leaf}",
        "csize_embedder.mlp.2" => $"adaln_single.emb.resolution_embedder.linear_2.{leaf}",
        "ar_embedder.mlp.0" => $"adaln_single.emb.aspect_ratio_embedder.linear_1.{leaf}",
        "ar_embedder.mlp.2" => $"adaln_single.emb.aspect_ratio_embedder.linear_2.{leaf}",
        "t_block.1" => $"adaln_single.linear.{leaf}",
        "y_embedder.y_proj.fc1" => $"caption_projection.linear_1.{leaf}",
        "y_embedder.y_proj.fc2" => $"caption_projection.linear_2.{leaf}",
        "final_layer" => leaf, // the table
        "final_layer.linear" => $"proj_out.{leaf}",
        _ => null,
    };

    private static InvalidOperationException Undefined(CheckpointEntry own) =>
        new($"The names of diffusers do not know the tensor '{own.Name}'.");
}
