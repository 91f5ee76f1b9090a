using System.Text.Json.Nodes;

namespace Dit.Runtime;

/// <summary>The names that tensors of UniDiffuser have in diffusers (<c>UniDiffuserModel</c>).</summary>
/// <remarks>
/// The models' own names are those of the official code (thu-ml/unidiffuser). diffusers splits qkv in three, counts the
/// norms of a block without that of the long skip, and keeps a copy of the patch embedding.
/// </remarks>
internal static class UniDiffuserNames
{
    private const int MlpRatio = 4;

    /// <summary>Whether a model is of this kind.</summary>
    public static bool IsOf(ModelCard card) => card.Backbone == "unidiffuser";

    /// <summary>What keeps a model of this kind from having a form in diffusers; null when it has one.</summary>
    public static string? WhyNotInDiffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own) =>
        card.Input.Height != card.Input.Width ? $"the input of this one is {card.Input}"
        : own.FirstOrDefault(static entry => entry.Name == "mid_block.mlp.fc1.bias") is { Shape: [var hidden] }
            && hidden != MlpRatio * card.Width
            ? $"its MLP has {hidden} channels beside tokens of {card.Width}"
        : null;

    /// <summary>The map.</summary>
    /// <exception cref="DitException">diffusers has no model of this kind.</exception>
    public static NameMap Diffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own) => WhyNotInDiffusers(card, own) is { } reason
        ? throw new DitException(
            $"{card.Name} has no form in diffusers, whose UniDiffuser has a square input and an MLP four times as wide as its tokens: "
                + $"{reason}.")
        : new(card.Name, DitNames.DiffusersConvention, [.. own.Select(Of)]);

    /// <summary>The settings that shapes do not show, and those that they do, of <c>config.json</c>.</summary>
    /// <param name="card">The model.</param>
    public static JsonObject Settings(ModelCard card) => new()
    {
        ["_class_name"] = "UniDiffuserModel",
        ["activation_fn"] = "gelu",
        ["attention_bias"] = false,
        ["attention_head_dim"] = card.Width / card.Heads,
        ["block_type"] = "unidiffuser",
        ["dropout"] = 0.0,
        ["ff_final_dropout"] = true,
        ["in_channels"] = card.Input.Channels,
        ["norm_elementwise_affine"] = true,
        ["norm_num_groups"] = 32, // of a norm that this kind of model has not
        ["norm_type"] = "layer_norm",
        ["num_attention_heads"] = card.Heads,
        ["num_layers"] = card.Depth - 1, // the block in the middle is not counted there
        ["out_channels"] = card.OutputChannels,
        ["patch_size"] = card.PatchSize,
        ["pre_layer_norm"] = false,
        ["sample_size"] = card.Input.Height,
        ["use_patch_pos_embed"] = false,
        ["use_timestep_embedding"] = false,
    };

    /// <summary>All settings, with the sizes of text and CLIP embedding, which the tensors have.</summary>
    /// <param name="card">The model.</param>
    /// <param name="own">Every tensor it has.</param>
    public static JsonObject Settings(ModelCard card, IReadOnlyList<CheckpointEntry> own)
    {
        const int Others = 3; // tokens of the two times and of the CLIP embedding
        var settings = Settings(card);
        settings["clip_img_dim"] = ShapeOf("clip_img_embed.weight")[1];
        settings["num_text_tokens"] = ShapeOf("pos_embed")[1] - card.Tokens - Others;
        settings["text_dim"] = ShapeOf("text_embed.weight")[1];
        settings["use_data_type_embedding"] = own.Any(static entry => entry.Name == "token_embedding.weight");
        return settings;

        long[] ShapeOf(string name) => own.Single(entry => entry.Name == name).Shape;
    }

    private static MappedTensor Of(CheckpointEntry own)
    {
        var dot = own.Name.LastIndexOf('.');
        if (dot < 0) return MappedTensor.Renamed(own, own.Name == "pos_embed_token" ? "data_type_pos_embed_token" : own.Name);
        var (module, leaf) = (own.Name[..dot], own.Name[(dot + 1)..]);
        return module.Split('.', 3) switch
        {
            ["in_blocks", var i, var part] => InBlock(own, $"transformer.transformer_in_blocks.{i}", part, leaf),
            ["out_blocks", var i, "skip_linear"] =>
                MappedTensor.Renamed(own, $"transformer.transformer_out_blocks.{i}.skip.skip_linear.{leaf}"),
            ["out_blocks", var i, "norm1"] => MappedTensor.Renamed(own, $"transformer.transformer_out_blocks.{i}.skip.norm.{leaf}"),
            ["out_blocks", var i, var part] => InBlock(own, $"transformer.transformer_out_blocks.{i}.block", part, leaf),
            ["mid_block", ..] => InBlock(own, "transformer.transformer_mid_block", module["mid_block.".Length..], leaf),
            _ => MappedTensor.Renamed(own, [.. Around(module).Select(name => $"{name}.{leaf}")]),
        };
    }

    private static MappedTensor InBlock(CheckpointEntry own, string block, string part, string leaf) => part switch
    {
        "attn.qkv" => MappedTensor.Stacked(own, $"{block}.attn1.to_q.{leaf}", $"{block}.attn1.to_k.{leaf}", $"{block}.attn1.to_v.{leaf}"),
        "attn.proj" => MappedTensor.Renamed(own, $"{block}.attn1.to_out.0.{leaf}"),
        "norm2" => MappedTensor.Renamed(own, $"{block}.norm1.{leaf}"),
        "mlp.fc1" => MappedTensor.Renamed(own, $"{block}.ff.net.0.proj.{leaf}"),
        "mlp.fc2" => MappedTensor.Renamed(own, $"{block}.ff.net.2.{leaf}"),
        "norm3" => MappedTensor.Renamed(own, $"{block}.norm3.{leaf}"),
        _ => throw Undefined(own.Name),
    };

    private static string[] Around(string module) => module switch
    {
        "patch_embed.proj" => ["vae_img_in.proj", "transformer.pos_embed.proj"],
        "text_embed" => ["text_in"],
        "clip_img_embed" => ["clip_img_in"],
        "token_embedding" => ["data_type_token_embedding"],
        "norm" => ["transformer.norm_out"],
        "text_out" => ["text_out"],
        "clip_img_out" => ["clip_img_out"],
        "decoder_pred" => ["vae_img_out"],
        _ => throw Undefined(module),
    };

    private static InvalidOperationException Undefined(string name) => new($"The names of diffusers do not know the tensor '{name}'.");
}
