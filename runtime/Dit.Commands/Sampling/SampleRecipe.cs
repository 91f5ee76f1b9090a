using System.Globalization;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>How the images of a run are made, as texts for their files (<see cref="RecipeField"/>).</summary>
/// <param name="card">The model.</param>
/// <param name="request">What was asked for.</param>
/// <param name="declared">The name of the sampler, as <c>--sampler</c> takes it.</param>
/// <param name="sampler">How the images are drawn.</param>
/// <param name="guidance">The guidance; null where the model knows none.</param>
/// <param name="rows">The images.</param>
/// <param name="checkpoint">The hash of the weights.</param>
/// <param name="program">The program and its version.</param>
internal sealed class SampleRecipe(
    ModelCard card,
    SampleRequest request,
    string declared,
    Sampler sampler,
    Guidance? guidance,
    SampleRows rows,
    CheckpointHash checkpoint,
    string program)
{
    /// <summary>Of all images in one picture.</summary>
    public IReadOnlyDictionary<string, string> OfRun() => Texts(request.First, rows.Each, rows.Rows);

    /// <summary>Of one image.</summary>
    /// <param name="n">Which, from 0.</param>
    public IReadOnlyDictionary<string, string> OfImage(int n)
    {
        ConditionName[] row = rows.Rows.Count == 0 ? [] : [rows.Rows[rows.RowOf(n)]];
        // A text cannot be chosen from its file, so that the whole run is drawn again for an image of it.
        var texts = request.Text is null ? Texts(request.First + n, 1, row) : Texts(request.First, rows.Each, rows.Rows);
        texts[RecipeField.Index] = Text((long)request.First + n);
        if (request.Text is not null) texts[RecipeField.TextRow] = Text(rows.RowOf(n));
        return texts;
    }

    /// <summary>Of a picture of what all images look like after a step.</summary>
    public IReadOnlyDictionary<string, string> OfStep(SamplingProgress step)
    {
        var texts = Texts(request.First, rows.Each, rows.Rows);
        texts[RecipeField.Step] = step.Steps is { } all ? $"{Text(step.Step)} of {Text(all)}" : Text(step.Step);
        return texts;
    }

    private OrderedDictionary<string, string> Texts(long first, int count, IReadOnlyList<ConditionName> conditions)
    {
        var texts = new OrderedDictionary<string, string>(StringComparer.Ordinal) { [RecipeField.Program] = program };
        Add(RecipeField.Model, card.Name);
        Add(RecipeField.Spec, card.SpecHash);
        Add("dit.spec.file", request.SpecFile);
        Add("dit.checkpoint", checkpoint.Value);
        Add("dit.checkpoint.file", NameOf(request.Checkpoint));
        if (request.Weights != CheckpointWeights.Auto) Add("dit.weights", WordOf(CommonOptions.WeightsWords, request.Weights));
        Add(RecipeField.Lora, string.Join('\n', request.Lora.Select(static one => one.Word)));
        Add("dit.vae.file", NameOf(request.Output.Autoencoder));
        AddClasses();
        Add("dit.text.file", NameOf(request.Text));
        Add("dit.negative.file", NameOf(request.Negative));
        Add("dit.sampler", declared);
        Add("dit.method", sampler.Method);
        Add("dit.steps", sampler.Steps is { } steps ? Text(steps) : null);
        foreach (var (setting, word) in request.Settings.Given.OrderBy(static given => given.Key.Name, StringComparer.Ordinal))
            Add(setting.Key, word);
        Add("dit.evaluations", EvaluationCount.Short(sampler));
        AddGuidance();
        Add("dit.seed", Text(request.Seed));
        Add("dit.first", Text(first));
        Add("dit.count", Text(count));
        if (request.Batch != SampleRequest.UsualBatch) Add("dit.batch", Text(request.Batch));
        Add("dit.size", request.Size?.ToString());
        if (request.Type != ScalarType.Float32) Add("dit.dtype", WordOf(CommonOptions.RealTypes, request.Type));
        if (request.RecomputePositions) Add("dit.positions", "recomputed");
        return texts;

        void Add(string key, string? text)
        {
            if (!string.IsNullOrEmpty(text)) texts[key] = text.Replace('\0', ' ');
        }

        void AddClasses()
        {
            if (conditions.Count == 0 || conditions.Any(static row => row.Label is null)) return;
            Add("dit.classes", string.Join(',', conditions.Select(ClassWord)));
            if (conditions.Any(static row => row.Name != Text(row.Label ?? 0)))
                Add("dit.class.names", string.Join(", ", conditions.Select(static row => row.Name)));
        }

        void AddGuidance()
        {
            if (guidance is null) return;
            foreach (var (key, text) in GuidanceTexts.Of(guidance)) Add(key, text);
        }
    }

    // A number is a label, unless classes are called by numbers.
    private static string ClassWord(ConditionName row) =>
        row.Name.Length > 0 && row.Name.All(char.IsAsciiDigit) && row.Name != Text(row.Label ?? 0)
            ? $"\"{row.Name}\""
            : Text(row.Label ?? 0);

    // Folders are the user's own business.
    private static string? NameOf(string? path) =>
        path is null ? null : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    private static string WordOf<T>(IReadOnlyDictionary<string, T> words, T value) =>
        words.First(pair => EqualityComparer<T>.Default.Equals(pair.Value, value)).Key;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Guidance as texts for the files of images.</summary>
internal static class GuidanceTexts
{
    /// <summary>The settings that are not the usual ones, by their keys.</summary>
    public static IEnumerable<(string Key, string Text)> Of(Guidance guidance)
    {
        yield return ("dit.guidance", Text(guidance.Scale));
        if (guidance.Convention != GuidanceConvention.Dit)
            yield return ("dit.guidance.convention", guidance.Convention.Word());
        if (!guidance.Acts) yield break;
        yield return ("dit.guidance.channels", guidance.Channels == GuidanceChannels.All ? "all" : "3");
        if (guidance.Interval is { } interval)
            yield return (
                "dit.guidance.interval",
                $"{Text(interval.Low)},{Number(interval.High)}");
        if (guidance.Rescale != 0) yield return ("dit.guidance.rescale", Text(guidance.Rescale));
        if (guidance.Projection is { } apg)
            yield return ("dit.guidance.apg", $"{Text(apg.Eta)},{Number(apg.Radius)},{Text(apg.Momentum)}");
    }

    private static string Number(double number) => double.IsPositiveInfinity(number) ? "inf" : Text(number);

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
