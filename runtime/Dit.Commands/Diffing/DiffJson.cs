using Dit.Spec;

namespace Dit.Commands;

/// <summary>A difference for programs. The names of fields and words are a contract.</summary>
internal static class DiffJson
{
    public static object Of(string a, string b, SpecDiff diff) => new
    {
        A = a,
        B = b,
        Errors = Array.Empty<object>(),
        diff.Differs,
        Models = (object[])
        [
            .. diff.Models.Select(Model),
            .. diff.Added.Select(static m => Alone("added", null, Side(m, LayoutTotals.Of(ModelLayout.Of(m))), m.Name)),
            .. diff.Removed.Select(static m => Alone("removed", Side(m, LayoutTotals.Of(ModelLayout.Of(m))), null, m.Name)),
        ],
    };

    public static object Errors(string a, string b, IEnumerable<(string Path, SpecError Error)> errors) => new
    {
        A = a,
        B = b,
        Errors = errors.Select(static e => new { File = e.Path, e.Error.Rule.Id, e.Error.At.Line, e.Error.At.Column, e.Error.Message }),
        Differs = (bool?)null,
        Models = Array.Empty<object>(),
    };

    private static object Model(ModelDiff diff) => new
    {
        diff.B.Name,
        Status = diff.Differs ? "changed" : "unchanged",
        A = Side(diff.A, diff.Layout.A),
        B = Side(diff.B, diff.Layout.B),
        Checkpoint = Checkpoint(diff.Verdict),
        Settings = diff.Settings.Select(static s => new { s.Key, s.From, s.To, Bearing = Word(s.Impact), s.Remark }),
        KeptParameters = diff.Layout.KeptCount,
        Parameters = diff.Layout.NotKept.Select(Parameter),
    };

    private static object Alone(string status, object? a, object? b, string name) => new
    {
        Name = name,
        Status = status,
        A = a,
        B = b,
        Checkpoint = (object?)null,
        Settings = Array.Empty<object>(),
        KeptParameters = 0,
        Parameters = Array.Empty<object>(),
    };

    private static object Side(ModelSpec spec, LayoutTotals totals) => new
    {
        spec.Name,
        spec.ClassName,
        SpecHash = spec.Hash,
        totals.Parameters,
        TrainableParameters = totals.Trainable,
        totals.Macs,
        TrainingActivationBytes = totals.TrainingMemory,
        SamplingActivationBytes = totals.SamplingMemory,
    };

    private static object Checkpoint(LoadVerdict verdict) => verdict.Match<object>(
        static _ => new { Loads = "as-it-is", Because = Array.Empty<string>() },
        static other => new { Loads = "means-something-else", Because = Keys(other.Because) },
        static recompute => new { Loads = "recompute-positions", Because = Keys(recompute.AlsoMeans), recompute.LoadingNotices },
        static refused => new { Loads = "no", Because = refused.Because.Select(static c => c.Name) });

    private static string[] Keys(EquatableArray<SettingChange> settings) => [.. settings.Select(static s => s.Key)];

    private static object Parameter(ParameterChange change) => change.Match(
        static kept => Parameter(kept.Name, "kept", kept.Shape, kept.Shape),
        static other => Parameter(other.Name, "reshaped", other.From, other.To),
        static added => Parameter(added.Name, "appeared", null, added.Shape),
        static gone => Parameter(gone.Name, "gone", gone.Shape, null));

    private static object Parameter(string name, string change, EquatableArray<long>? from, EquatableArray<long>? to) =>
        new { Name = name, Change = change, From = from?.ToArray(), To = to?.ToArray() };

    private static string Word(Impact impact) => impact switch
    {
        Impact.Name => "name",
        Impact.Tensors => "tensors",
        Impact.Positions => "positions",
        Impact.Meaning => "meaning",
        Impact.Training => "training",
        Impact.Sampling => "sampling",
        _ => throw new InvalidOperationException($"No word for {impact}."),
    };
}
