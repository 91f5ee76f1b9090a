using System.Globalization;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>
/// Draws the same images with every method and number of evaluations: a table of distances to the reference, and a
/// picture.
/// </summary>
/// <param name="checkpoint">The weights.</param>
/// <param name="folder">Where <c>NAME.png</c> and <c>NAME.md</c> go.</param>
/// <param name="guidance">The scale.</param>
/// <param name="error">Receives the progress.</param>
/// <param name="cancellation">Stops it.</param>
internal sealed class SolverTable(
    string checkpoint, string folder, double guidance, TextWriter error, CancellationToken cancellation) : IModelVisitor<int>
{
    private const long Seed = 0;
    private const int PerClass = 4; // of which the first is shown
    private static readonly int[] Evaluations = [2, 5, 10, 20, 40, 50];

    /// <inheritdoc/>
    public int Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var card = TModel.Card;
        var clip = card.Autoencoder is null;
        Directory.CreateDirectory(folder); // a folder that cannot be made is said now, not after the work
        using var frozen = no_grad();
        using var model = TModel.Load(checkpoint);
        var classes = card.Condition is ModelCondition.Classes { Count: var count }
            ? count
            : throw new DitException($"{card.Name} is not class-conditional.");
        using var labels = tensor(Enumerable.Range(0, classes * PerClass).Select(static i => (long)(i / PerClass)).ToArray());
        using var session = model.CreateSession();
        using var reference = Draw(SolverMethod<TProcess>.Reference(clip));

        var lines = new List<string>();
        var pictures = new List<Tensor>();
        var names = new List<string>();
        foreach (var method in SolverMethod<TProcess>.All(clip))
        {
            error.WriteLine($"{card.Name}: {method.Name}");
            var cells = new List<string>();
            foreach (var evaluations in Evaluations)
            {
                using var images = method.Make(evaluations) is { } solver ? Draw(solver) : null;
                cells.Add(images is null ? "" : method.IsDeterministic ? Distance(images, reference) : "-");
                pictures.Add(Shown(images ?? ones_like(reference), classes));
            }
            lines.Add($"| `{method.Name}` | {string.Join(" | ", cells)} |");
            names.Add(method.Name);
        }
        Write(card.Name.ToLowerInvariant().Replace('/', '-'), lines, pictures, names);
        pictures.ForEach(static picture => picture.Dispose());
        return 0;

        Tensor Draw(Solver<TProcess> solver) => new Sampler<TModel, TCondition, TProcess>(solver.Method, solver).Sample(
            model, BenchPart.Of<TCondition>(labels), guidance, Seed, new() { Session = session, Cancellation = cancellation });
    }

    // Root mean square over the pixels, in 8-bit levels; the median of the images, which a single other image does not
    // move.
    private static string Distance(Tensor images, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var perImage = ((images.clamp(-1, 1) - reference.clamp(-1, 1)) * 127.5).square().mean([1, 2, 3]).sqrt();
        return perImage.median().item<float>().ToString("0.0", CultureInfo.InvariantCulture);
    }

    // The first image of every other class, side by side.
    private static Tensor Shown(Tensor images, int classes)
    {
        using var scope = NewDisposeScope();
        var chosen = Enumerable.Range(0, classes).Where(static c => c % 2 == 0).Take(5).Select(c => images[c * PerClass]);
        return cat([.. chosen], 2).clamp(-1, 1).MoveToOuterDisposeScope();
    }

    private void Write(string name, List<string> lines, List<Tensor> pictures, List<string> names)
    {
        using var all = stack(pictures);
        ImageGrid.Write(
            Path.Combine(folder, $"{name}.png"), all, new(Columns: Evaluations.Length, Padding: 3, Scale: 1, RowLabels: names));
        AtomicFile.WriteText(
            Path.Combine(folder, $"{name}.md"),
            string.Join("\n", [
                $"| evaluations | {string.Join(" | ", Evaluations)} |",
                $"|---|{string.Concat(Evaluations.Select(static _ => "---|"))}",
                .. lines, "",
            ]));
    }
}
