using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>A model that a checkpoint may be of, and how near it comes.</summary>
/// <param name="Model">The model.</param>
/// <param name="Names">The convention that comes nearest.</param>
/// <param name="Place">Where in the file the weights are, and which tensors are not as the model has them.</param>
/// <param name="OtherSetting">What the settings beside the weights say that is not so of the model, or null.</param>
internal sealed record CheckpointMatch(ModelDefinition Model, NameMap Names, WeightsPlace Place, string? OtherSetting)
{
    private const int FewNames = 3;

    /// <summary>The model's name.</summary>
    public string Name => Model.Card.Name;

    /// <summary>Tensors that are not as the model has them.</summary>
    public NameDifference Difference => Place.Difference;

    public bool IsExact => Difference.Count == 0 && OtherSetting is null && (Place.Problem is null || Place.Others.Count > 0);

    /// <summary>Every model under its nearest convention, the nearest first.</summary>
    /// <param name="models">The models.</param>
    /// <param name="file">A checkpoint.</param>
    /// <param name="weights">Which of its weights are meant.</param>
    public static IReadOnlyList<CheckpointMatch> All(
        IReadOnlyList<ModelDefinition> models,
        ICheckpointFile file,
        CheckpointWeights weights) =>
        [
            .. models
                .Select(model => Nearest(model, file, weights))
                .OrderBy(static match => match.IsExact ? 0 : 1)
                .ThenBy(static match => match.Difference.Count),
        ];

    /// <summary>
    /// The models that a file is of, of those whose tensors it has. Models of one architecture, trained for different
    /// processes, have the same tensors; then the file decides by the spec that it carries, by the name of the model in
    /// its metadata, or by its own name, such as <c>SiT-XL-2-256x256.pt</c>.
    /// </summary>
    /// <param name="exact">The models whose tensors the file has.</param>
    /// <param name="file">The checkpoint.</param>
    /// <returns>All of them where the file does not say which, and a sentence where its own name does.</returns>
    public static (IReadOnlyList<CheckpointMatch> Models, string? Note) Narrowed(
        IReadOnlyList<CheckpointMatch> exact, ICheckpointFile file)
    {
        if (exact.Count < 2) return (exact, null);
        var spec = CheckpointSpec.Of(file);
        var said = exact.FirstOrDefault(match => spec is not null && match.Model.Card.Spec == spec)
            ?? exact.FirstOrDefault(match => match.Name == file.Metadata.GetValueOrDefault(ModelCard.NameKey));
        if (said is not null) return ([said], null);
        var words = Identifier.OfModel(Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(file.Path)));
        CheckpointMatch[] named =
        [
            .. exact.Where(match => words.Contains(Identifier.OfModel(match.Name), StringComparison.OrdinalIgnoreCase)),
        ];
        return named is [var only]
            ? (
                [only],
                $"'{file.Path}' has the tensors of {Amount.Few([.. exact.Select(static match => match.Name)])}; the name of the file "
                    + $"says {only.Name}.")
            : (exact, null);
    }

    /// <summary>The model that a file is of: the one named, or the one whose names and shapes it has; a sentence says
    /// where only the name of the file decides.</summary>
    /// <param name="context">The models.</param>
    /// <param name="file">A checkpoint.</param>
    /// <param name="weights">Which of its weights are meant.</param>
    /// <param name="name">The model's name, or null to recognize it.</param>
    /// <exception cref="DitException">
    /// There is no such model, or the file fits none, or several, or has several weights of it.
    /// </exception>
    public static CheckpointMatch Find(CommandContext context, ICheckpointFile file, CheckpointWeights weights, string? name)
    {
        var match = name is not null ? Nearest(context.FindModel(name), file, weights) : Recognized(context, file, weights);
        return match.Place.Problem is { } problem ? throw new DitException(problem) : match;
    }

    private static CheckpointMatch Recognized(CommandContext context, ICheckpointFile weights, CheckpointWeights which)
    {
        if (context.CarriedBy(weights) is { } carried && Nearest(carried, weights, which) is { IsExact: true } own) return own;
        var all = All(context.Models, weights, which);
        var (fitting, note) = Narrowed([.. all.Where(static match => match.IsExact)], weights);
        if (fitting.Count == 0 && all is [{ Place.Problem: { } problem }, ..]) throw new DitException(problem);
        if (note is not null) context.Notice(note);
        return fitting.Count == 1
            ? fitting[0]
            : throw new DitException(fitting.Count == 0 && ForeignCard.Describe(weights.Metadata, context.Models) is { } other
                ? $"'{weights.Path}' is {other}."
                : fitting.Count == 0
                ? $"'{weights.Path}' is a checkpoint of no model known here; the nearest is {all[0].Describe()}. 'dit inspect' says more."
                : $"'{weights.Path}' fits several models: {string.Join(", ", fitting.Select(static match => match.Name))}; choose one with "
                    + "--model.");
    }

    /// <summary>
    /// <c>DiT-XL/2 under the names of diffusers, with tensors missing 1, unexpected 0, of another shape 2</c>.
    /// </summary>
    public string Describe() => $"{Name} under the names of {Names.Convention}"
        + (Difference.Count == 0 ? "" : $", with tensors missing {Few(Difference.Missing)}, unexpected {Few(Difference.Unexpected)}, "
            + $"of another shape {Few([.. Difference.Misshaped.Select(static m => m.Name)])}");

    private static string Few(IReadOnlyList<string> names) => names.Count == 0 ? "0"
        : $"{names.Count} "
            + $"({string.Join(", ", names.Take(FewNames).Select(InspectCommand.OneLine))}{(names.Count > FewNames ? ", ..." : "")})";

    private static CheckpointMatch Nearest(ModelDefinition model, ICheckpointFile file, CheckpointWeights weights)
    {
        var (map, place) = model
            .Accept(new Conventions())
            .Select(names => (names, names.Find(file, weights)))
            .MinBy(static pair => pair.Item2.Difference.Count);
        var other = map.Convention == DitNames.DiffusersConvention ? DiffusersFolder.OtherSetting(file, model.Card) : null;
        return new(model, map, place, other);
    }

    private sealed class Conventions : IModelVisitor<IReadOnlyList<NameMap>>
    {
        public IReadOnlyList<NameMap> Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => Of<TModel>();

        public IReadOnlyList<NameMap> VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel> => Of<TModel>();

        private static IReadOnlyList<NameMap> Of<TModel>()
            where TModel : nn.Module, IModel<TModel> =>
            DitNames.WhyNotInDiffusers(TModel.Card, TModel.CheckpointMap) is null
                ? [DitNames.Official<TModel>(), DitNames.Diffusers<TModel>()]
                : [DitNames.Official<TModel>()];
    }
}
