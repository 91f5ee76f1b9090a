using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The names that tensors of a Diffusion Transformer have elsewhere.</summary>
/// <remarks>
/// The models' own names are those of the official code (facebookresearch/DiT), and SiT (willisma/SiT) took them over
/// with its architecture: for both the map is the identity. A SiT model has twice the output channels, as one of
/// learned variance has, and drops the second half in its forward pass, so its files are those of a spec with
/// <c>variance: learned-range</c>.
/// </remarks>
public static class DitNames
{
    /// <summary>What messages call the official code's names.</summary>
    public const string OfficialConvention = "the official code";

    /// <summary>What messages call the names of diffusers.</summary>
    public const string DiffusersConvention = "diffusers";

    private const int DiffusersMlpRatio = 4;

    /// <summary>The names of the official code and of SiT, which are the model's own.</summary>
    public static NameMap Official<TModel>()
        where TModel : nn.Module, IModel<TModel> => Official(TModel.Card, TModel.CheckpointMap);

    /// <summary>
    /// The names of <c>DiTTransformer2DModel</c> of diffusers, of <c>PixArtTransformer2DModel</c> for a model that
    /// attends to text, or of <c>UniDiffuserModel</c> for a UniDiffuser.
    /// </summary>
    /// <exception cref="DitException">diffusers has no model of this kind.</exception>
    public static NameMap Diffusers<TModel>()
        where TModel : nn.Module, IModel<TModel> => Diffusers(TModel.Card, TModel.CheckpointMap);

    /// <summary>The names of the official code and of SiT, which are the model's own.</summary>
    /// <param name="card">The model.</param>
    /// <param name="own">Every tensor it has.</param>
    public static NameMap Official(ModelCard card, IReadOnlyList<CheckpointEntry> own) =>
        NameMap.Identity(card.Name, OfficialConvention, own);

    /// <summary>The names of <c>DiTTransformer2DModel</c> of diffusers.</summary>
    /// <remarks>
    /// It splits qkv in three, keeps a copy of the embedders of timestep and class in every block, and computes the
    /// position table.
    /// </remarks>
    /// <param name="card">The model.</param>
    /// <param name="own">Every tensor it has.</param>
    /// <exception cref="DitException">diffusers has no model of this kind.</exception>
    public static NameMap Diffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own) => PixArtNames.IsOf(card)
        ? PixArtNames.Diffusers(card, own)
        : UniDiffuserNames.IsOf(card)
        ? UniDiffuserNames.Diffusers(card, own)
        : WhyNotInDiffusers(card, own) is not { } reason
        ? new(card.Name, DiffusersConvention, [.. own.Select(entry => InDiffusers(entry, card))])
        : throw new DitException($"{card.Name} has no form in diffusers, whose Diffusion Transformer is adaLN-Zero on classes with a "
            + "null class, "
            + $"square, its MLP four times as wide as its tokens: {reason}.");

    /// <summary>What keeps a model from having a form in diffusers, in a few words, or null when it has one.</summary>
    /// <param name="card">The model.</param>
    /// <param name="own">Every tensor it has.</param>
    public static string? WhyNotInDiffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own) => card switch
    {
        _ when PixArtNames.IsOf(card) => PixArtNames.WhyNotInDiffusers(card, own),
        _ when UniDiffuserNames.IsOf(card) => UniDiffuserNames.WhyNotInDiffusers(card, own),
        { Backbone: not "dit" } => $"this one is of the backbone {card.Backbone}",
        { Conditioning: not "adaln-zero" } => $"this one is {card.Conditioning}",
        { Condition: not ModelCondition.Classes } =>
            $"this one is conditioned on {(card.Condition is ModelCondition.Text ? "text" : "nothing")}",
        { CanBeGuided: false } => "this one has no null class",
        { Input: var input } when input.Height != input.Width => $"the input of this one is {input}",
        { Block: { } block } => $"the block of this one is {block}",
        _ when own.FirstOrDefault(static entry => !IsOfDit(entry.Name)) is { } other => $"this one has {other.Name}",
        _ when own.FirstOrDefault(static entry => entry.Name == "blocks.0.mlp.fc1.bias") is { Shape: [var hidden] }
            && hidden != DiffusersMlpRatio * card.Width =>
            $"that of this one has {hidden} channels beside tokens of {card.Width}",
        _ => null,
    };

    /// <summary>
    /// A file under the model's own names, when its content says that it has those of diffusers; else the file as it
    /// is.
    /// </summary>
    /// <param name="file">The file. It stays the caller's, and the result needs no disposing of its own.</param>
    /// <param name="card">The model.</param>
    /// <param name="own">Every tensor it has.</param>
    /// <param name="weights">Which weights of a training checkpoint to take.</param>
    /// <param name="notice">
    /// Receives one sentence for a prefix of the names, and one for the scalars that are skipped.
    /// </param>
    /// <exception cref="CheckpointMismatchException">It has the names of diffusers and is not of the model.</exception>
    /// <exception cref="DitException">
    /// It has the names of diffusers, and the model does not compute as diffusers does.
    /// </exception>
    internal static (ICheckpointFile File, bool IsForeign) Recognize(
        ICheckpointFile file, ModelCard card, IReadOnlyList<CheckpointEntry> own, CheckpointWeights weights, Action<string>? notice)
    {
        if (WhyNotInDiffusers(card, own) is not null)
            return (file, false);
        var names = Diffusers(card, own);
        // Which of the two conventions it is, is clear before which weights are meant.
        var place = names.Find(file);
        if (!names.Fits(file.Below(place.Prefix)))
            return (file, false);
        if (card.Numerics != Numerics.Diffusers && !PixArtNames.IsOf(card) && !UniDiffuserNames.IsOf(card))
            throw new DitException($"'{file.Path}' has the names of diffusers, whose arithmetic is not quite that of the official code, "
                + $"which {card.Name} follows: "
                + "write 'numerics: diffusers' in its spec to compute as diffusers does, or 'dit convert' the file to use its weights "
                    + "with the official arithmetic.");
        if (DiffusersFolder.OtherSetting(file, card) is { } other)
            throw new DitException(other);
        place = names.Find(file, weights).Certain();
        var read = names.Read(file.Below(place.Prefix));
        foreach (var sentence in place.Notices(file.Path, card.Name))
            notice?.Invoke(sentence);
        foreach (var loss in names.Losses)
            notice?.Invoke(loss);
        return (read, true);
    }

    // Other networks may be made of the same parts, and have others besides.
    private static bool IsOfDit(string name) => name == "pos_embed" || name.LastIndexOf('.') is var dot and > 0
        && (name[..dot].Split('.', 3) is ["blocks", _, var part]
            ? part is "attn.qkv" or "attn.proj" or "mlp.fc1" or "mlp.fc2" or "adaLN_modulation.1"
            : name[..dot] is "x_embedder.proj" or "t_embedder.mlp.0" or "t_embedder.mlp.2" or "y_embedder.embedding_table"
                or "final_layer.linear" or "final_layer.adaLN_modulation.1");

    private static MappedTensor InDiffusers(CheckpointEntry own, ModelCard card)
    {
        if (PositionTable.Of(card) is var positions && own.Name == positions.Name)
            return new MappedTensor.Computed(own, tensor => FillPositions(tensor, positions));
        var dot = own.Name.LastIndexOf('.');
        var (module, leaf) = (own.Name[..dot], own.Name[(dot + 1)..]);
        return module.Split('.', 3) is ["blocks", var i, var part]
            ? InBlock(own, $"transformer_blocks.{i}", part, leaf)
            : Around(own, module, leaf, card.Depth);
    }

    private static MappedTensor InBlock(CheckpointEntry own, string block, string part, string leaf) => part switch
    {
        "attn.qkv" => MappedTensor.Stacked(own, $"{block}.attn1.to_q.{leaf}", $"{block}.attn1.to_k.{leaf}", $"{block}.attn1.to_v.{leaf}"),
        "attn.proj" => MappedTensor.Renamed(own, $"{block}.attn1.to_out.0.{leaf}"),
        "mlp.fc1" => MappedTensor.Renamed(own, $"{block}.ff.net.0.proj.{leaf}"),
        "mlp.fc2" => MappedTensor.Renamed(own, $"{block}.ff.net.2.{leaf}"),
        "adaLN_modulation.1" => MappedTensor.Renamed(own, $"{block}.norm1.linear.{leaf}"),
        _ => throw Unknown(own),
    };

    private static MappedTensor Around(CheckpointEntry own, string module, string leaf, int depth)
    {
        return module switch
        {
            "x_embedder.proj" => MappedTensor.Renamed(own, $"pos_embed.proj.{leaf}"),
            "t_embedder.mlp.0" => InEveryBlock("timestep_embedder.linear_1"),
            "t_embedder.mlp.2" => InEveryBlock("timestep_embedder.linear_2"),
            "y_embedder.embedding_table" => InEveryBlock("class_embedder.embedding_table"),
            "final_layer.adaLN_modulation.1" => MappedTensor.Renamed(own, $"proj_out_1.{leaf}"),
            "final_layer.linear" => MappedTensor.Renamed(own, $"proj_out_2.{leaf}"),
            _ => throw Unknown(own),
        };

        MappedTensor InEveryBlock(string embedder) =>
            MappedTensor.Renamed(own, [.. Enumerable.Range(0, depth).Select(i => $"transformer_blocks.{i}.norm1.emb.{embedder}.{leaf}")]);
    }

    internal static void FillPositions(Tensor tensor, PositionTable positions)
    {
        using var scope = NewDisposeScope();
        var table = positions.Values((int)tensor.shape[^1]); // (T, D)
        tensor.copy_(table.to(ScalarType.Float32).unsqueeze(0)); // in float32 first, as the official code makes it
    }

    private static InvalidOperationException Unknown(CheckpointEntry own) =>
        new($"The names of diffusers do not know the tensor '{own.Name}'.");
}
