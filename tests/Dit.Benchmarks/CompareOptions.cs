using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What to compare.</summary>
/// <param name="Models">Models and batch sizes of the forward passes.</param>
/// <param name="Parts">Which parts.</param>
/// <param name="Device">Where.</param>
/// <param name="Rounds">Rounds of what takes a second.</param>
/// <param name="Steps">Steps of the trajectory.</param>
/// <param name="Script">A TorchScript file to compare with as well.</param>
/// <param name="ScriptModel">The model that it is of.</param>
/// <param name="Notice">Told what is going on.</param>
/// <param name="Cancellation">Ends the run after the round at hand.</param>
internal sealed record CompareOptions(
    IReadOnlyList<(ModelDefinition Model, int Batch)> Models,
    IReadOnlySet<string> Parts,
    Device Device,
    int Rounds,
    int Steps,
    string? Script,
    string? ScriptModel,
    Action<string> Notice,
    CancellationToken Cancellation)
{
    /// <summary>The parts there are.</summary>
    public static IReadOnlyList<string> AllParts { get; } = ["forward", "ddim", "training", "load", "generator"];

    /// <summary>Rounds of what takes half a minute.</summary>
    public int LongRounds => Math.Max(1, Rounds / 3);

    /// <summary>Tells how far a part is.</summary>
    public Action<int> Progress(string part) => round => Notice($"{part}: round {round}");

    /// <summary>Models by name, each with a batch size of its own or that of the published comparison: <c>DiT-S/2:8,DiT-B/2</c>.</summary>
    /// <exception cref="DitException">There is no such model, or the batch is no number above 0.</exception>
    public static IReadOnlyList<(ModelDefinition Model, int Batch)> ParseModels(string text, IReadOnlyList<ModelDefinition> known) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item => ParseModel(item, known))];

    private static (ModelDefinition, int) ParseModel(string item, IReadOnlyList<ModelDefinition> known)
    {
        var (name, batch) = item.Split(':', 2) is [var first, var second] ? (first, second) : (item, null);
        var model = known.FirstOrDefault(model => string.Equals(model.Card.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new DitException($"There is no model '{name}': `dit models` lists them, as in DiT-S/2.");
        if (batch is null) return (model, model.Card.Name switch { "DiT-S/2" => 8, "DiT-B/2" => 4, _ => 1 });
        return int.TryParse(batch, out var size) && size > 0 ? (model, size) : throw new DitException($"'{batch}' is no batch size: write {name}:8.");
    }
}
