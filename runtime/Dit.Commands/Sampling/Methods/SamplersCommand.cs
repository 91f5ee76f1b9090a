using System.CommandLine;
using System.Globalization;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary><c>dit samplers</c>: what a model can be drawn with.</summary>
internal static class SamplersCommand
{
    private static readonly IReadOnlyList<Cell> Header =
        ["sampler", "method", "steps", "evaluations", "order", "deterministic", "settings", "paper"];

    public static Command Create(CommandContext context)
    {
        var model = CommonOptions.Model(context, context.Usual()?.Card.Name);
        var json = CommonOptions.Json();
        var command = new Command("samplers", "List what a model can be drawn with: the samplers of its spec, and the methods that fit it.")
        {
            model,
            json,
        };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var found = context.FindOrUsual(parsed.GetValue(model));
            var (process, rows) = found.Accept(new Visitor());
            if (parsed.GetValue(json)) context.Out.WriteLine(Json.Of(Report(found.Card, process, rows)));
            else Write(context, found.Card, process, rows);
        });
        return command;
    }

    private static void Write(CommandContext context, ModelCard card, string process, IReadOnlyList<Row> rows)
    {
        context.Out.WriteLine($"{card.Name} is {process}.");
        Part("\nSamplers of its spec:", declared: true);
        Part("\nMethods, by name; --steps and the settings are options of 'dit sample':", declared: false);
        context.Out.WriteLine(
            "\nEvaluations are those of the network for each image; guidance runs it twice in each, which doubles the work.");

        void Part(string title, bool declared)
        {
            IReadOnlyList<Cell>[] cells = [.. rows.Where(row => row.IsDeclared == declared).Select(static row => row.Cells)];
            if (cells.Length == 0) return;
            context.Out.WriteLine(context.Name.In(title));
            foreach (var line in TextTable.Lines([Header, .. cells], indent: 2))
                context.Out.WriteLine(string.Concat(line.Select(static cell => cell.Text)));
        }
    }

    private static object Report(ModelCard card, string process, IReadOnlyList<Row> rows) => new
    {
        Model = card.Name,
        Process = process,
        Samplers = rows.Select(static row => new
        {
            row.Name,
            row.IsDeclared,
            row.Method,
            row.Steps,
            row.Evaluations,
            row.Order,
            Deterministic = row.Determinism,
            Settings = row.Settings.ToDictionary(static setting => setting.Key, static setting => setting.Value),
            row.Paper,
        }),
    };

    /// <summary>A sampler of a spec with its settings, or a method with its defaults.</summary>
    private sealed record Row(
        string Name, bool IsDeclared, string Method, int? Steps, int? Evaluations, string Order, string Determinism,
        IReadOnlyList<KeyValuePair<string, string>> Settings, string Paper)
    {
        public IReadOnlyList<Cell> Cells =>
        [
            Name, IsDeclared ? Method : "", Number(Steps), Number(Evaluations), Order, Determinism,
            string.Join(", ", Settings.Select(static setting => $"{setting.Key.Replace('_', '-')} {setting.Value}")), Paper,
        ];

        private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "adaptive";
    }

    private sealed class Visitor : IModelVisitor<(string Process, IReadOnlyList<Row> Rows)>
    {
        public (string Process, IReadOnlyList<Row> Rows) Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => Rows(SamplerChoice.Of<TModel, TCondition, TProcess>(), static sampler => sampler.Solver);

        public (string Process, IReadOnlyList<Row> Rows) VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel> => Rows(SamplerChoice.OfJoint<TModel>(), static sampler => sampler.Solver);

        private static (string Process, IReadOnlyList<Row> Rows) Rows<TSampler, TProcess>(
            SamplerChoice<TSampler, TProcess> choice, Func<TSampler, Solver<TProcess>> solver)
            where TSampler : Sampler
            where TProcess : IProcess =>
            (SamplingMethods<TProcess>.Named<TProcess>(),
            [
                .. choice.Declared.Select(sampler => Declared(sampler, solver(sampler), SettingsOf(choice.Card, sampler.Name))),
                .. SamplingMethods<TProcess>.Fitting.Select(method => Of(method.Card, choice.OfMethod(method, Defaults))),
            ]);

        private static readonly SampleRequest Defaults = new(
            null, CheckpointWeights.Auto, [], null, null, null, null, GuidanceChannels.FirstThree, null, 0, 0, 1, 1, new(""), CPU,
            ScalarType.Float32, false);

        private static Row Of(MethodCard card, Sampler sampler) => new(
            card.Word, false, card.Word, sampler.Steps, sampler.Evaluations, card.Order, card.Determinism,
            [.. card.Settings.Select(static setting => KeyValuePair.Create(setting.Name, setting.Default))], card.Paper);

        private static IReadOnlyList<KeyValuePair<string, string>> SettingsOf(ModelCard card, string sampler) => SpecFile
            .Parse(card.Spec ?? "")
            .Models.SelectMany(static model => model.Spec.Samplers)
            .Where(declared => declared.Name == sampler)
            .SelectMany(SpecWriter.SettingsOf)
            .ToArray();

        private static Row Declared<TProcess>(
            Sampler sampler, Solver<TProcess> solver, IReadOnlyList<KeyValuePair<string, string>> settings)
            where TProcess : IProcess
        {
            var card = SamplingMethods<TProcess>.Find(sampler.Method)?.Card;
            var determinism =
                card is null ? ""
                : !card.Settings.Contains(MethodSetting.Eta) ? card.Determinism
                : solver.CanInvert ? "yes"
                : "no";
            return new(
                sampler.Name,
                true,
                sampler.Method,
                sampler.Steps,
                sampler.Evaluations,
                card?.Order ?? "",
                determinism,
                settings,
                card?.Paper ?? "");
        }
    }
}
