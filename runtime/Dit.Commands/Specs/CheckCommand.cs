using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary><c>dit check</c>: is a spec right, and what would its models be.</summary>
internal static class CheckCommand
{
    private static readonly (string, bool)[] Columns =
    [
        ("layer", false),
        ("times", true),
        ("output", false),
        ("parameters", true),
        ("MACs", true),
        ("kept in training", true),
    ];

    private const int BytesOfFloat = 4;

    public static Command Create(CommandContext context)
    {
        var path = new Argument<string>("SPEC")
        {
            Description = "A YAML file, usually NAME.dit.yaml; NAME.dit.yaml#MODEL for one of several models in it.",
        };
        var json = CommonOptions.Json();
        var readings = SpecReading.All.Select(static reading => (Reading: reading, Option: reading.Create())).ToArray();
        var command = new Command("check", "Check a spec file: its models layer by layer, or every error in it.") { path, json };
        foreach (var (_, option) in readings) command.Add(option);
        command.SetAction(parsed => Run(
            context, parsed.GetRequiredValue(path), parsed.GetValue(json),
            [.. readings.SelectMany(one => parsed.GetValue(one.Option) is { } file ? new[] { (one.Reading, file) } : [])]));
        return command;
    }

    private static int Run(CommandContext context, string word, bool json, IReadOnlyList<(SpecReading Reading, string File)> readings)
    {
        foreach (var (reading, file) in readings) reading.RequireName(file);
        var (path, member) = File.Exists(word) ? (word, null) : ModelSource.SpecPath(word) ?? (word, null);
        var spec = CheckedSpec.Read(path);
        if (member is not null && spec.Errors.Count == 0) spec = spec with { Models = Of(path, spec.Models, member) };
        // Files first: a table above the error that one cannot be written would be scrolled through for nothing.
        string[] written =
            spec.Errors.Count > 0 ? [] : [.. readings.Select(one => one.Reading.Write(context, path, spec.Models, one.File))];
        if (json) context.Out.WriteLine(Json.Of(Report(path, spec)));
        else if (spec.Errors.Count > 0) foreach (var error in spec.Errors) context.Out.WriteLine(CheckedSpec.Line(path, error));
        else
        {
            foreach (var warning in spec.Warnings) context.Out.WriteLine(CheckedSpec.Line(path, warning));
            foreach (var model in spec.Models) Describe(context, model.Spec);
            foreach (var line in written) context.Out.WriteLine(line);
        }
        return spec.Errors.Count == 0 ? 0 : throw new DitException($"{path} has {Amount.Of(spec.Errors.Count, "error")}.");
    }

    private static IReadOnlyList<DeclaredModel> Of(string path, IReadOnlyList<DeclaredModel> models, string member)
    {
        var named = ModelSource.Member(path, [.. models.Select(static model => model.Spec)], member);
        return [.. models.Where(model => model.Spec == named)];
    }

    private static void Describe(CommandContext context, ModelSpec spec)
    {
        var layout = ModelLayout.Of(spec);
        context.Out.WriteLine($"{spec.Name} (class {spec.ClassName}, spec {spec.Hash})");
        context.Out.WriteLine($"  {Amount.Whole(layout.ParameterCount)} parameters, {Amount.Whole(layout.TrainableCount)} of them trained");
        context.Out.WriteLine(
            $"  {Amount.Short(layout.Macs)} MACs, {Amount.Short(2 * layout.Macs)} FLOPs for one forward pass of one sample");
        context.Out.WriteLine(
            $"  {Amount.Whole(spec.Tokens)} tokens of width {spec.Width}, {spec.Depth} blocks, {spec.Heads} heads, patch size "
                + $"{spec.PatchSize}");
        context.Out.WriteLine($"  {spec.Backbone.BlocksWord} blocks, conditioned on {Words(spec.Condition)}");
        context.Out.WriteLine(
            $"  {spec.Input.Channels} x {spec.Input.Height} x {spec.Input.Width} in, {spec.OutputChannels} x {spec.Input.Height} x "
                + $"{spec.Input.Width} out");
        context.Out.WriteLine($"  memory in float32: {Bytes(layout.ParameterCount)} of weights");
        context.Out.WriteLine(
            $"    to sample, and {Bytes(layout.SamplingActivations)} of activations for each image at a time, twice that under guidance");
        context.Out.WriteLine(
            $"    to train, {Bytes(layout.TrainingState)} with gradients, AdamW's moments and the average, and "
                + $"{Bytes(layout.TrainingActivations)} of activations for each image of a batch");
        context.WriteTable(Columns, LayerTable.Of(layout).Select(row => (IReadOnlyList<string>)
        [
            row.Name,
            row.Times == 1 ? "" : $"{row.Times} x",
            row.Output,
            row.Parameters == 0 ? "" : Amount.Whole(row.Parameters),
            row.Macs == 0 ? "" : Amount.Short(row.Macs),
            row.Saved == 0 ? "" : Bytes(row.Saved),
        ]));
    }

    private static string Bytes(long floats) => Amount.Bytes(BytesOfFloat * floats);

    private static string Words(Condition condition) => condition.Match(
        static _ => "nothing",
        static labels => Amount.Of(labels.Count, "class", "classes"),
        static text =>
            $"{(text.IsMasked ? "masked " : "")}text {text.Tokens} x {text.Width}{(text.HasSizes ? ", and the size of the image" : "")}");

    private static object Place(SpecError error) => new { error.Rule.Id, error.At.Line, error.At.Column, error.Message };

    private static object Report(string path, CheckedSpec spec) => new
    {
        File = path,
        Errors = spec.Errors.Select(Place),
        Warnings = spec.Warnings.Select(Place),
        Models = spec.Models.Select(model => (model.Spec, Layout: ModelLayout.Of(model.Spec))).Select(model => new
        {
            model.Spec.Name,
            model.Spec.ClassName,
            Variant = model.Spec.Backbone.ConditioningWord,
            Condition = model.Spec.Condition.Match(
                static _ => new ConditionReport("none"),
                static classes => new("classes", Classes: classes.Count, Dropout: classes.Dropout),
                static text => new("text", Tokens: text.Tokens, Width: text.Width, Dropout: text.Dropout)),
            SpecHash = model.Spec.Hash,
            Parameters = model.Layout.ParameterCount,
            TrainableParameters = model.Layout.TrainableCount,
            model.Layout.Macs,
            Flops = 2 * model.Layout.Macs,
            model.Spec.Tokens,
            TrainingStateBytes = BytesOfFloat * model.Layout.TrainingState,
            TrainingActivationBytes = BytesOfFloat * model.Layout.TrainingActivations,
            SamplingActivationBytes = BytesOfFloat * model.Layout.SamplingActivations,
            Layers = model.Layout.Layers.Select(layer => new
            {
                layer.Name,
                Output = layer.Output.ToArray(),
                layer.Macs,
                KeptBytes = BytesOfFloat * layer.Saved,
            }),
        }),
    };
}
