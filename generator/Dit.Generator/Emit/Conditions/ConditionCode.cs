using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>What a model's condition adds to its file: types, the embedder, one argument, and guidance.</summary>
/// <param name="BaseType">The TorchSharp module type.</param>
/// <param name="Type">The runtime's type of the condition.</param>
/// <param name="Unwrap">
/// The statement that takes the argument of <c>forward</c> out of a variable <c>condition</c> of that type; null where
/// it is the argument itself.
/// </param>
/// <param name="Card">The card's condition.</param>
/// <param name="Argument">The argument of <c>forward</c>; null for an unconditional model.</param>
/// <param name="Guards">The checks of the arguments of <c>forward</c>.</param>
/// <param name="Guidance">The method <c>ForwardWithGuidance</c>.</param>
internal sealed record ConditionCode(
    string BaseType,
    string Type,
    string? Unwrap,
    string Card,
    ArgumentCode? Argument,
    string Guards,
    string? Guidance)
{
    /// <summary>
    /// Statements that name what the network takes, where the argument of <c>forward</c> holds several tensors.
    /// </summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>The statement that names the mask of tokens to attend to; none where there is no mask.</summary>
    public IReadOnlyList<string> Mask { get; init; } = [];

    public static ConditionCode Of(ModelSpec spec, Module network)
    {
        if (spec.Backbone.Joint is { } joint) return JointEmitter.Emit(spec, joint);
        var guards = ForwardEmitter.Guards(spec, network);
        return spec.Condition.Match(
            _ => UnconditionalEmitter.Emit(guards),
            labels => ClassLabelsEmitter.Emit(spec, labels, guards),
            text => TextEmitter.Emit(spec, text, guards));
    }

    /// <summary>The method <c>Predict</c>: <c>forward</c> under a condition of the runtime's type.</summary>
    public string Predict
    {
        get
        {
            var argument = Argument is null ? "" : Unwrap is null ? ", condition" : ", condition.Values";
            return $"""
                /// <inheritdoc/>
                public Tensor Predict(Tensor x, Tensor t, {Type} condition) => call(x, t{argument});
                """;
        }
    }

    /// <summary>The runtime's type of a condition.</summary>
    public static string TypeOf(Condition condition) =>
        condition.Match(
            static _ => "NoCondition", static _ => "ClassLabels", static text => text.HasSizes ? "SizedText" : "TextEmbeddings");

    /// <summary><c>, Tensor labels</c>.</summary>
    public string Parameter => Argument is null ? "" : $", {Argument.Type} {Argument.Name}";
}

/// <summary>An argument.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Doc">What it holds, with its shape.</param>
internal sealed record ArgumentCode(string Type, string Name, string Doc);
