using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dit.Runtime;

/// <summary>The settings that diffusers keeps beside weights, as JSON. Pure.</summary>
internal static class DiffusersSettings
{
    /// <summary>
    /// <c>transformer/config.json</c>: the arguments of <c>DiTTransformer2DModel</c>,
    /// <c>PixArtTransformer2DModel</c> or, as far as a card has them, <c>UniDiffuserModel</c>.
    /// </summary>
    public static JsonObject Transformer(ModelCard card) =>
        PixArtNames.IsOf(card) ? PixArt(card)
        : UniDiffuserNames.IsOf(card) ? UniDiffuserNames.Settings(card)
        : DiT(card);

    private static JsonObject DiT(ModelCard card) => new()
    {
        ["_class_name"] = "DiTTransformer2DModel",
        ["activation_fn"] = "gelu-approximate",
        ["attention_bias"] = true,
        ["attention_head_dim"] = card.Width / card.Heads,
        ["dropout"] = 0.0,
        ["in_channels"] = card.Input.Channels,
        ["norm_elementwise_affine"] = false,
        ["norm_eps"] = 1e-5,
        ["norm_num_groups"] = 32, // of a norm that this kind of model has not
        ["norm_type"] = "ada_norm_zero",
        ["num_attention_heads"] = card.Heads,
        ["num_embeds_ada_norm"] = card.Classes,
        ["num_layers"] = card.Depth,
        ["out_channels"] = card.OutputChannels,
        ["patch_size"] = card.PatchSize,
        ["sample_size"] = card.Input.Height,
        ["upcast_attention"] = false,
    };

    private static JsonObject PixArt(ModelCard card) => new()
    {
        ["_class_name"] = "PixArtTransformer2DModel",
        ["activation_fn"] = "gelu-approximate",
        ["attention_bias"] = true,
        ["attention_head_dim"] = card.Width / card.Heads,
        ["attention_type"] = "default",
        ["caption_channels"] = TextEmbeddings.TextOf(card).Width,
        ["cross_attention_dim"] = card.Width,
        ["dropout"] = 0.0,
        ["in_channels"] = card.Input.Channels,
        ["interpolation_scale"] = card.PositionScale,
        ["norm_elementwise_affine"] = false,
        ["norm_eps"] = 1e-6,
        ["norm_num_groups"] = 32, // of a norm that this kind of model has not
        ["norm_type"] = "ada_norm_single",
        ["num_attention_heads"] = card.Heads,
        ["num_embeds_ada_norm"] = 1000,
        ["num_layers"] = card.Depth,
        ["out_channels"] = card.OutputChannels,
        ["patch_size"] = card.PatchSize,
        ["sample_size"] = (card.PositionBase ?? card.Input.Height / card.PatchSize) * card.PatchSize,
        ["upcast_attention"] = false,
        ["use_additional_conditions"] = TextEmbeddings.TextOf(card).HasSizes,
    };

    /// <summary><c>model_index.json</c>.</summary>
    /// <param name="card">The model.</param>
    /// <param name="scheduler">The class of the scheduler.</param>
    /// <param name="labels">The names of the classes by number, or null.</param>
    public static JsonObject Pipeline(ModelCard card, string scheduler, JsonObject? labels)
    {
        var (pipeline, transformer) = PixArtNames.IsOf(card)
            ? ("PixArtAlphaPipeline", "PixArtTransformer2DModel")
            : ("DiTPipeline", "DiTTransformer2DModel");
        var index = new JsonObject { ["_class_name"] = pipeline };
        if (labels is not null)
            index["id2label"] = labels.DeepClone();
        index["scheduler"] = new JsonArray("diffusers", scheduler);
        index["transformer"] = new JsonArray("diffusers", transformer);
        return index;
    }

    /// <summary>The names of classes by number, out of the metadata of a checkpoint; null when it has none.</summary>
    /// <exception cref="DitException">They are not what they should be.</exception>
    public static JsonObject? Labels(string path, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            if (metadata.TryGetValue("id2label", out var labels))
                return JsonNode.Parse(labels)?.AsObject();
            return metadata.TryGetValue(ModelCard.ClassesKey, out var names) && JsonNode.Parse(names) is JsonArray list
                ? new(list.Select(static (name, i) => KeyValuePair.Create(i.ToString(CultureInfo.InvariantCulture), name?.DeepClone())))
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DitException($"The names of classes in the metadata of '{path}' are not JSON.", e);
        }
    }
}
