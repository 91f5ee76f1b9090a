using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>A model that a checkpoint may be of, and how near it comes.</summary>
/// <param name="Model">The model.</param>
/// <param name="Names">The convention that comes nearest.</param>
/// <param name="Difference">Tensors that are not as the model has them.</param>
/// <param name="OtherSetting">What the settings beside the weights say that is not so of the model, or null.</param>
internal sealed record CheckpointMatch(ModelDefinition Model, NameMap Names, NameDifference Difference, string? OtherSetting)
{
    public bool IsExact => Difference.Count == 0 && OtherSetting is null;

    /// <summary>Every model under its nearest convention, the nearest first.</summary>
    /// <param name="models">The models.</param>
    /// <param name="weights">A file of the weights of one model.</param>
    public static IReadOnlyList<CheckpointMatch> All(IReadOnlyList<ModelDefinition> models, ICheckpointFile weights) =>
        [.. models.Select(model => Nearest(model, weights)).OrderBy(static match => match.IsExact ? 0 : 1).ThenBy(static match => match.Difference.Count)];

    /// <summary>The model that a file is of: the one named, or the one whose names and shapes it has.</summary>
    /// <param name="context">The models.</param>
    /// <param name="weights">A file of the weights of one model.</param>
    /// <param name="name">The model's name, or null to recognise it.</param>
    /// <exception cref="DitException">There is no such model, or the file fits none, or several.</exception>
    public static CheckpointMatch Find(CommandContext context, ICheckpointFile weights, string? name)
    {
        if (name is not null) return Nearest(context.FindModel(name), weights);
        var all = All(context.Models, weights);
        CheckpointMatch[] exact = [.. all.Where(static match => match.IsExact)];
        // Models of one architecture, trained for different processes, have the same tensors: a file that says its model settles it.
        return exact.Length == 1 ? exact[0]
            : exact.FirstOrDefault(match => weights.Metadata.TryGetValue(ModelCard.NameKey, out var said) && said == match.Model.Card.Name) is { } named ? named
            : throw new DitException(exact.Length == 0
                ? $"'{weights.Path}' is a checkpoint of no model known here; the nearest is {all[0].Describe()}. 'dit inspect' says more."
                : $"'{weights.Path}' fits several models: {string.Join(", ", exact.Select(static match => match.Model.Card.Name))}; choose one with --model.");
    }

    /// <summary><c>DiT-XL/2 under the names of diffusers, with tensors missing 1, unexpected 0, of another shape 2</c>.</summary>
    public string Describe() => $"{Model.Card.Name} under the names of {Names.Convention}"
        + (Difference.Count == 0 ? "" : $", with tensors missing {Difference.Missing.Count}, unexpected {Difference.Unexpected.Count}, of another shape {Difference.Misshaped.Count}");

    private static CheckpointMatch Nearest(ModelDefinition model, ICheckpointFile weights)
    {
        var (map, difference) = model.Accept(new Conventions()).Select(names => (names, names.DifferenceFrom(weights))).MinBy(static pair => pair.Item2.Count);
        var other = map.Convention == DitNames.DiffusersConvention ? DiffusersFolder.OtherSetting(weights, model.Card) : null;
        return new(model, map, difference, other);
    }

    private sealed class Conventions : IAnyModelVisitor<IReadOnlyList<NameMap>>
    {
        public IReadOnlyList<NameMap> Visit<TModel>() where TModel : nn.Module, IModel<TModel> =>
            DitNames.WhyNotInDiffusers(TModel.Card, TModel.CheckpointMap) is null ? [DitNames.Official<TModel>(), DitNames.Diffusers<TModel>()] : [DitNames.Official<TModel>()];
    }
}
