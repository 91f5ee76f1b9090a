using System.CommandLine;
using System.Globalization;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Adapters to add to a model's weights, as <c>--lora FILE[:SCALE]</c> names them.</summary>
/// <param name="Path">The file.</param>
/// <param name="Scale">How much they count; 1 where nothing is said.</param>
internal sealed record LoraChoice(string Path, double Scale)
{
    /// <summary>The option, which may be given several times.</summary>
    public static Option<string[]> Option() => new("--lora")
    {
        Description =
            "Adapters (LoRA) to add to the weights, as 'dit train --lora' writes them, and how much they count, such as a.safetensors:0.5; "
                + "give it again for more of them.",
        HelpName = "FILE[:SCALE]",
    };

    /// <summary>The adapters that words name.</summary>
    public static IReadOnlyList<LoraChoice> Of(IEnumerable<string>? words) => [.. (words ?? []).Select(Parse)];

    /// <summary>Adds adapters to a model's weights, one after the other.</summary>
    /// <param name="model">The model; it is disposed of when that fails.</param>
    /// <param name="choices">The adapters.</param>
    /// <param name="tell">Receives a sentence for each.</param>
    /// <returns>The model.</returns>
    /// <exception cref="DitException">A file cannot be read, or its adapters are of a different model.</exception>
    public static TModel Fuse<TModel>(TModel model, IReadOnlyList<LoraChoice> choices, Action<string> tell)
        where TModel : nn.Module, IModel<TModel>
    {
        try
        {
            foreach (var choice in choices)
            {
                using var lora = Lora.Load(model, choice.Path);
                lora.Scale = choice.Scale;
                lora.Fuse();
                tell($"Added the adapters in '{choice.Path}': rank {lora.Rank}, alpha {Text(lora.Alpha)}, scale {Text(choice.Scale)}");
            }
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A checkpoint with adapters added to its weights as they are read.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="file">The checkpoint, under the model's own names; it is closed with the result.</param>
    /// <param name="choices">The adapters.</param>
    /// <exception cref="DitException">A file cannot be read, or its adapters are of a different model.</exception>
    public static ICheckpointFile Fused<TModel>(ICheckpointFile file, IReadOnlyList<LoraChoice> choices)
        where TModel : nn.Module, IModel<TModel> =>
        choices.Aggregate(file, static (before, choice) => Lora.Fused<TModel>(before, choice.Path, choice.Scale));

    /// <summary>As the option takes it, without the folder of the file.</summary>
    public string Word => System.IO.Path.GetFileName(Path) + (Scale == 1 ? "" : $":{Text(Scale)}");

    // A path may have a colon, and a file may be called like one with a scale.
    private static LoraChoice Parse(string word)
    {
        var colon = word.LastIndexOf(':');
        return colon > 0 && !File.Exists(word)
            && double.TryParse(word.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var scale)
            && double.IsFinite(scale)
            ? new(word[..colon], scale)
            : new(word, 1);
    }

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
