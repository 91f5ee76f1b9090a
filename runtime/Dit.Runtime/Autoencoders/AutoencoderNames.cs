using System.Globalization;
using System.Text.RegularExpressions;

namespace Dit.Runtime;

/// <summary>The conventions by which files name the tensors of an autoencoder.</summary>
public static partial class AutoencoderNames
{
    // A tensor that every convention has, under one name.
    private const string First = "encoder.conv_in.weight";

    // What autoencoders were trained with, kept in their checkpoints: the loss of latent diffusion, and the network
    // whose features VA-VAE's latents are aligned with.
    private static readonly string[] TrainedWith = ["loss.", "foundation_model.", "linear_proj."];

    // Attention of diffusers since 0.17, and before.
    private static readonly string[]
        OwnAttention = ["norm", "q", "k", "v", "proj_out"],
        NewAttention = ["group_norm", "to_q", "to_k", "to_v", "to_out.0"],
        OldAttention = ["group_norm", "query", "key", "value", "proj_attn"];

    /// <summary>
    /// The names of latent diffusion (<c>autoencoder_kl.pth</c>, <c>first_stage_model.*</c>), which are this library's
    /// own.
    /// </summary>
    public static NameMap LatentDiffusion(AutoencoderCard card) =>
        NameMap.Identity(card.Name, "latent diffusion", AutoencoderKL.CheckpointMap(card));

    /// <summary>
    /// The names of diffusers (<c>sd-vae-ft-mse</c> and others): levels of the decoder counted from the latent's,
    /// attention by matrices.
    /// </summary>
    public static NameMap Diffusers(AutoencoderCard card) => Map(card, "diffusers", NewAttention);

    /// <summary>
    /// The names of diffusers before version 0.17, whose attention has query, key, value and proj_attn.
    /// </summary>
    public static NameMap OlderDiffusers(AutoencoderCard card) => Map(card, "diffusers before 0.17", OldAttention);

    /// <summary>
    /// The autoencoder that a file holds, alone or within a larger checkpoint; what its training kept besides is left
    /// out.
    /// </summary>
    /// <param name="file">The file; the result owns it.</param>
    /// <returns>
    /// Its tensors under the names they have below their prefix (<c>first_stage_model.</c>, or none), and the prefix;
    /// null when there is no autoencoder.
    /// </returns>
    public static (ICheckpointFile Tensors, string Prefix)? Find(ICheckpointFile file) =>
        // In a checkpoint of a whole pipeline there may be several: averaged weights go first, and the shortest prefix
        // is that of the autoencoder itself.
        file.Tensors.Keys.Where(static name => name == First || name.EndsWith("." + First, StringComparison.Ordinal))
            .Select(static name => name[..^First.Length])
            .OrderBy(static prefix => WeightsPlace.IsAveraged(prefix) ? 0 : 1)
            .ThenBy(static prefix => prefix.Length)
            .FirstOrDefault()
            is { } prefix
            ? (TrainedWith.Aggregate(file.Below(prefix), static (rest, without) => rest.Without(without)), prefix)
            : null;

    /// <summary>The convention whose names come nearest.</summary>
    /// <param name="tensors">What <see cref="Find"/> gave.</param>
    /// <param name="card">The autoencoder that they may be of.</param>
    public static NameMap Nearest(ICheckpointFile tensors, AutoencoderCard card) =>
        new[] { LatentDiffusion(card), Diffusers(card), OlderDiffusers(card) }.OrderBy(map => map.DifferenceFrom(tensors).Count).First();

    /// <summary>A file under this library's names, whatever its convention and whatever it is part of.</summary>
    /// <param name="file">The file; the result owns it.</param>
    /// <param name="card">The autoencoder that it shall be of.</param>
    /// <param name="notice">
    /// Receives one sentence for a prefix of the names, and one for the scalars that are skipped.
    /// </param>
    /// <exception cref="CheckpointMismatchException">It is of another autoencoder.</exception>
    /// <exception cref="DitException">It holds no autoencoder.</exception>
    internal static ICheckpointFile Own(ICheckpointFile file, AutoencoderCard card, Action<string>? notice = null) =>
        Find(file) is var (tensors, prefix)
            ? Read(Nearest(tensors, card), tensors, prefix, notice)
            : throw new DitException(
                $"'{file.Path}' holds no autoencoder: none of its {file.Tensors.Count} tensors is named {First}, alone or below a prefix "
                    + $"such as first_stage_model.");

    private static ICheckpointFile Read(NameMap names, ICheckpointFile tensors, string prefix, Action<string>? notice)
    {
        var read = names.Read(tensors);
        foreach (var sentence in new WeightsPlace(prefix, names.DifferenceFrom(tensors), []).Notices(tensors.Path, names.Model))
            notice?.Invoke(sentence);
        return read;
    }

    private static NameMap Map(AutoencoderCard card, string convention, string[] attention) => new(card.Name, convention,
        [.. AutoencoderKL.CheckpointMap(card).Select(entry => Foreign(entry, Renamed(entry.Name, card.Multipliers.Count, attention)))]);

    // Attention's convolutions of 1 x 1 are matrices there.
    private static MappedTensor Foreign(CheckpointEntry own, string name) =>
        OwnAttentionName().IsMatch(own.Name) && own.Shape is [var output, var input, 1, 1]
            ? MappedTensor.Reshaped(own, name, output, input)
            : MappedTensor.Renamed(own, name);

    private static string Renamed(string name, int levels, string[] attention)
    {
        name = Level().Replace(name, match => $"{match.Groups[1].Value}_blocks.{LevelOf(match)}.");
        name = MiddleBlock().Replace(name, static match => $"mid_block.resnets.{(match.Groups[1].Value == "1" ? 0 : 1)}.");
        name = OwnAttentionName().Replace(name, match =>
            $"{(match.Groups[1].Value == "mid.attn_1" ? "mid_block.attentions.0" : $"attentions.{match.Groups[2].Value}")}."
            + $"{attention[Array.IndexOf(OwnAttention, match.Groups[3].Value)]}.");
        return name.Replace(".block.", ".resnets.", StringComparison.Ordinal)
            .Replace(".nin_shortcut.", ".conv_shortcut.", StringComparison.Ordinal)
            .Replace(".downsample.", ".downsamplers.0.", StringComparison.Ordinal)
            .Replace(".upsample.", ".upsamplers.0.", StringComparison.Ordinal)
            .Replace(".norm_out.", ".conv_norm_out.", StringComparison.Ordinal);

        int LevelOf(Match match)
        {
            var level = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            return match.Groups[1].Value == "up" ? levels - 1 - level : level;
        }
    }

    [GeneratedRegex(@"(?<=^(?:en|de)coder\.)(down|up)\.([0-9]+)\.")]
    private static partial Regex Level();

    [GeneratedRegex(@"(?<=^(?:en|de)coder\.)mid\.block_([12])\.")]
    private static partial Regex MiddleBlock();

    [GeneratedRegex(@"(?<=\.)(mid\.attn_1|attn\.([0-9]+))\.(norm|q|k|v|proj_out)\.")]
    private static partial Regex OwnAttentionName();
}
