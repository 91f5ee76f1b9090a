using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The forward pass, and the session that runs the same.</summary>
internal static class ForwardEmitter
{
    public static string Forward(ModelSpec spec, Evaluation network, ConditionCode condition) => Code.AlignComments($$"""
        /// <summary>Predicts {{ProcessWords.Output(spec.Process)}}.</summary>
        /// <param name="x">Noised inputs, (N, {{spec.Input.Channels}}, {{spec.Input.Height}}, {{spec.Input.Width}}){{AnySize(network.Module)}}.</param>
        /// <param name="t">{{ProcessWords.Times(spec.Process).Name}} from {{ProcessWords.Times(spec.Process).Range}}, (N,).</param>{{(condition.Argument is { } argument ? $"\n/// <param name=\"{argument.Name}\">{argument.Doc}</param>" : "")}}
        /// <returns>{{string.Join(" and ", network.Results.Select(static result => Shape.Text(result.Shape)))}}.</returns>
        public override Tensor forward(Tensor x, Tensor t{{condition.Parameter}})
        {
        {{Code.Indent(condition.Guards)}}

            using var scope = NewDisposeScope();
        {{Code.Indent(string.Join("\n", [.. GridOf(spec, network.Module, "x"), .. condition.Parts, .. condition.Mask, .. BodyCode.Lines(network)]))}}
        }
        """);

    /// <summary>
    /// An inference session: the same condition and blocks, in steps that an engine may fuse; or the model itself.
    /// </summary>
    public static string Session(ModelSpec spec, Evaluation network, SessionReading session, ConditionCode condition) => session.Match(
        steps => Session(spec, network, steps, condition),
        because => $"""
            /// <summary>The prediction for inference, without gradients, by the model's own forward pass.</summary>
            {SessionDocs}
            public InferenceSession<{condition.Type}> CreateSession(ImageSize? size = null) =>
                InferenceSession.Of<{condition.Type}>(this, Predict, because: {Code.Literal(because)}, Card.At(size));
            """);

    private static string Session(ModelSpec spec, Evaluation network, SessionNetwork session, ConditionCode condition)
    {
        var name = condition.Unwrap is null ? condition.Argument?.Name ?? "nothing" : "condition";
        var context =
            session.ContextTokens == 0
                ? ""
                : $".Context(tokens: {session.ContextTokens}, joined: {(session.JoinsTokens ? "true" : "false")}"
                    + $"{(session.IsContextFirst ? ", first: true" : "")})";
        var shared = session.SharedModulation is { } chain ? $".Shared({MemberCode.Link(chain, 1)})" : "";
        var attended = session.Attended is { } tokens ? $".Attended(tokens: {tokens.Tokens})" : "";
        var rotary = session.Rotary is { } positions ? $".Rotary({positions})" : "";
        var image = Description.PlacesOf(network.Module)?.Name == session.Positions
            ? $"Card, {session.Patches}, {session.Positions}, Positions, size"
            : $"Card.At(size), {session.Patches}, {session.Positions}";
        return Code.AlignComments($$"""
            /// <summary>The prediction for inference: the same to float rounding, without gradients, with packed weights and fused steps where the processor computes in float32.</summary>
            /// <remarks>A snapshot of the current weights: create a new one after changing them. Samplers create their own. While the model has forward hooks, it calls the model.</remarks>
            {{SessionDocs}}
            public InferenceSession<{{condition.Type}}> CreateSession(ImageSize? size = null)
            {
                var session = new SessionBuilder({{image}}){{context}}{{shared}}{{attended}}{{rotary}};
            {{Code.Indent(SessionEmitter.Stages(session.Stages))}}
                return session.Build<{{condition.Type}}>((t, {{name}}) =>
                {
                    {{Code.LineIf(condition.Unwrap)}}
                    {{Code.LineIf(ConditionGuard(spec, "t"))}}
            {{Code.Indent(string.Join("\n", [.. condition.Parts, .. BodyCode.Lines(network, session.Condition)]), 2)}}
                    return {{session.Entering}};
                }, model: this, predict: Predict{{Attend(session.Attended, network, name, condition)}});
            }
            """.Replace("\r\n", "\n").WithoutLeftOutLines());
    }

    // The tokens that blocks attend to, and their mask.
    private static string Attend(SessionContext? context, Evaluation network, string name, ConditionCode condition) => context is null ? ""
        : $$"""
            , attend: {{name}} =>
                {
            {{Code.Indent(string.Join("\n", [.. condition.Parts, .. condition.Mask, .. BodyCode.Lines(network, context.Statements)]), 2)}}
                    return ({{context.Name}}, {{context.Mask ?? "null"}});
                }
            """;

    private const string SessionDocs = """
        /// <param name="size">The size of the images in pixels; the model's own by default.</param>
        /// <returns>A session, the caller's to dispose.</returns>
        /// <exception cref="DitException">The model cannot draw such a size.</exception>
        """;

    /// <summary>Behind the shape of an image: that other sizes are taken, where they are.</summary>
    public static string AnySize(Module network) =>
        Description.PlacesOf(network) is null ? "" : ", or of another size of whole patches, whose positions are made here";

    /// <summary>The statement that counts the patches of an image of any size.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="network">Its network.</param>
    /// <param name="image">The argument that holds the images.</param>
    public static string[] GridOf(ModelSpec spec, Module network, string image) => Description.PlacesOf(network) is null ? []
        : [FormattableString.Invariant($"var {BodyCode.Grid} = PatchGrid.Of({image}, patch: {spec.PatchSize}); // rows and columns")];

    /// <summary>The checks of the arguments.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="network">Its network, whose first table tells the device and type of the weights.</param>
    public static string Guards(ModelSpec spec, Module network)
    {
        var weights = network.Members.OfType<Member.Table>().FirstOrDefault() is { } table ? $", {table.Name}" : "";
        var shape = Description.PlacesOf(network) is null ? "ModelName, nameof(x), x, Card.Input" : "Card, nameof(x), x";
        var common = $"Guard.Input({shape}{weights});\nGuard.Timesteps(ModelName, t, x);";
        return ConditionGuard(spec, "x") is { } guard ? $"{common}\n{guard}" : common;
    }

    // One condition for each sample of the batch.
    private static string? ConditionGuard(ModelSpec spec, string batch) => spec.Condition.Match<string?>(
        static _ => null,
        _ => $"Guard.Labels(Card, labels, {batch});",
        text => TextEmitter.Guard(text, batch));
}
