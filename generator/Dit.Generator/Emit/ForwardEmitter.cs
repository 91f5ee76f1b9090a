using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The forward pass: how the condition travels is what tells the variants apart.</summary>
internal static class ForwardEmitter
{
    public static string Forward(ModelSpec spec, ConditionCode condition)
    {
        var path = Path(spec, condition);
        var shape = $"(N, {spec.OutputChannels}, {spec.Input.Height}, {spec.Input.Width})";
        return Code.AlignComments($$"""
            /// <summary>Predicts {{(spec.Diffusion.Prediction == Prediction.Epsilon ? "the noise" : "the clean input")}}{{(spec.Diffusion.Variance == Variance.LearnedRange ? " and, in the second half of the channels, the variance" : "")}}.</summary>
            /// <param name="x">Noised inputs, (N, {{spec.Input.Channels}}, {{spec.Input.Height}}, {{spec.Input.Width}}).</param>
            /// <param name="t">Timesteps from 0 to {{spec.Diffusion.Timesteps - 1}}, whole or fractional, (N,).</param>{{(condition.Argument is { } argument ? $"\n/// <param name=\"{argument.Name}\">{argument.Doc}</param>" : "")}}
            /// <returns>{{shape}}.</returns>
            public override Tensor forward(Tensor x, Tensor t{{condition.Parameter}})
            {
            {{Code.Indent(Guards(spec))}}

                using var scope = NewDisposeScope();
                {{path.Condition}}
                {{path.Tokens}}
                foreach (var block in blocks)
                {
                    var previous = tokens;
                    tokens = block.call(previous{{path.BlockArgument}}); // {{path.Shape}}
                    previous.Dispose();
                }
                var patches = {{path.FinalCall}}; // (N, T, {{spec.PatchSize}} x {{spec.PatchSize}} x {{spec.OutputChannels}})
                return Functional.Unpatchify(patches, rows: {{spec.GridHeight}}, columns: {{spec.GridWidth}}, patch: {{spec.PatchSize}}, channels: {{spec.OutputChannels}}).MoveToOuterDisposeScope();
            }
            """);
    }

    /// <summary>An inference session: the same condition and blocks, in steps that an engine may fuse.</summary>
    public static string Session(ModelSpec spec, ConditionCode condition)
    {
        var path = Path(spec, condition);
        var name = condition.Unwrap is null ? condition.Argument?.Name ?? "nothing" : "condition";
        return Code.AlignComments($$"""
            /// <summary>The prediction for inference: the same to float rounding, without gradients, with packed weights and fused steps where the processor computes in float32.</summary>
            /// <remarks>A snapshot of the current weights: create a new one after changing them. Samplers create their own. While the model has forward hooks, it calls the model.</remarks>
            /// <returns>A session, the caller's to dispose.</returns>
            public InferenceSession<{{condition.Type}}> CreateSession()
            {
                var session = new SessionBuilder(Card, x_embedder, pos_embed){{path.Context}};
                foreach (var block in blocks)
                    block.AddTo(session);
                final_layer.AddTo(session);
                return session.Build<{{condition.Type}}>((t, {{name}}) =>
                {
                    {{Code.LineIf(condition.Unwrap)}}
                    {{Code.LineIf(ConditionGuard(spec, "t"))}}
                    {{path.Condition}}
                    return {{path.Variable}};
                }, model: this, predict: Predict);
            }
            """.WithoutLeftOutLines());
    }

    /// <summary>The checks of the arguments.</summary>
    public static string Guards(ModelSpec spec)
    {
        const string common = "Guard.Input(ModelName, nameof(x), x, Card.Input, pos_embed);\nGuard.Timesteps(ModelName, t, x);";
        return ConditionGuard(spec, "x") is { } guard ? $"{common}\n{guard}" : common;
    }

    // One condition for each sample of the batch.
    private static string? ConditionGuard(ModelSpec spec, string batch) => spec.Conditioning.Condition.Match<string?>(
        static _ => null,
        _ => $"Guard.Labels(Card, labels, {batch});",
        text => TextEmitter.Guard(text, batch));

    private static ForwardPath Path(ModelSpec spec, ConditionCode condition)
    {
        const string image = "x_embedder.call(x) + pos_embed";
        var vector = $"var c = t_embedder.call(t){(condition.Vector is { } y ? $" + {y}" : "; // (N, D)")}";
        var context = condition.Sequence is { } tokens
            ? $"var context = cat([t_embedder.call(t).unsqueeze(1), {tokens}], dim: 1); // (N, M, D)"
            : "var context = t_embedder.call(t).unsqueeze(1); // (N, M, D)";
        return spec.Conditioning.Variant.Match(
            _ => new ForwardPath("context", Context(true), context, $"var tokens = cat([{image}, context], dim: 1); // (N, T + M, D)", "(N, T + M, D)", "", $"final_layer.call(tokens.narrow(1, 0, {spec.Tokens}))"),
            _ => new ForwardPath("context", Context(false), context, $"var tokens = {image}; // (N, T, D)", "(N, T, D)", ", context", "final_layer.call(tokens)"),
            _ => Adaptive(),
            _ => Adaptive());

        string Context(bool joined) => $".Context(tokens: {spec.ContextTokens}, joined: {(joined ? "true" : "false")})";

        ForwardPath Adaptive() => new("c", "", vector, $"var tokens = {image}; // (N, T, D)", "(N, T, D)", ", c", "final_layer.call(tokens, c)");
    }

    /// <param name="Variable">The variable that holds it.</param>
    /// <param name="Context">What the plan is told of it.</param>
    /// <param name="Condition">The statement that embeds the condition.</param>
    /// <param name="Tokens">The statement that makes the tokens.</param>
    /// <param name="Shape">Their shape in the blocks.</param>
    /// <param name="BlockArgument">What a block takes besides them.</param>
    /// <param name="FinalCall">The call of the final layer.</param>
    private sealed record ForwardPath(string Variable, string Context, string Condition, string Tokens, string Shape, string BlockArgument, string FinalCall);
}
