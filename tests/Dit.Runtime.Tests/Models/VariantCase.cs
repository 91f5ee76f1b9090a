using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// A generated model of any condition, and a condition for it: what the tests of variants are written against.
/// </summary>
/// <param name="Card">Its constants.</param>
/// <param name="Process">Its process.</param>
/// <param name="Map">Its checkpoint map.</param>
/// <param name="Create">A new model.</param>
/// <param name="Load">A model from a file.</param>
/// <param name="Forward">The forward pass of three samples under one condition, or under another.</param>
internal sealed record VariantCase(
    ModelCard Card,
    IProcess Process,
    IReadOnlyList<CheckpointEntry> Map,
    Func<long, nn.Module> Create,
    Func<string, nn.Module> Load,
    Func<nn.Module, Tensor, Tensor, bool, Tensor> Forward)
{
    public const int Samples = 3;

    public static IReadOnlyList<string> Names { get; } =
    [.. DitModels.All.Select(static m => m.Card.Name).Where(static n => n.StartsWith("V-", StringComparison.Ordinal))];

    public static VariantCase Of(string name) => DitModels.All.Single(m => m.Card.Name == name).Accept(new Visitor());

    /// <summary>A model in which nothing is zero any more, as after some training.</summary>
    public nn.Module Moved()
    {
        var model = Create(3);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        using var random = new Generator(5);
        foreach (var p in model.parameters().Where(static p => p.requires_grad)) p.add_(0.05 * randn(p.shape, generator: random));
        return model;
    }

    /// <summary>Noised inputs and timesteps of three samples.</summary>
    public (Tensor X, Tensor T) Inputs(ulong seed = 1)
    {
        using var random = new Generator(seed);
        return (randn(Card.Input.Batch(Samples), generator: random), tensor(new long[] { 5, 500, 999 }));
    }

    private sealed class Visitor : IModelVisitor<VariantCase>
    {
        public VariantCase Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => new(
            TModel.Card, TModel.Process, TModel.CheckpointMap, seed => TModel.Create(seed: seed), path => TModel.Load(path),
            (module, x, t, other) =>
                module is TModel model ? Forward<TModel, TCondition, TProcess>(model, x, t, other) : throw new InvalidCastException());

        // Nothing can differ in the condition of a model without one: its times do.
        private static Tensor Forward<TModel, TCondition, TProcess>(TModel model, Tensor x, Tensor t, bool other)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess =>
            model.Predict(x, other && TModel.Card.Condition is ModelCondition.None ? t.flip(0) : t, AnyCondition.Of<TCondition>(
                TModel.Card, _ => tensor(other ? new long[] { 0, 4, 5 } : [1, 2, 3]), text => Texts(other, text.HasNull), Samples));

        // One of the other texts is dropped, so that the null text takes part.
        private static TextEmbeddings Texts(bool other, bool hasNull)
        {
            using var random = new Generator(other ? 11UL : 12UL);
            return new(randn(Samples, 6, 10, generator: random), other && hasNull ? tensor(new[] { false, true, false }) : null);
        }
    }
}
