using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>Classifier-free guidance: the same method for every condition that can be hidden.</summary>
internal static class GuidanceEmitter
{
    public static string Guidance(
        ModelSpec spec,
        Condition condition,
        string guards,
        string type,
        string argument,
        string doc,
        string passes,
        string nothing,
        string doubled,
        string doubledName)
    {
        var docs = $"""
            /// <summary>The prediction under classifier-free guidance: one pass over the batch twice, {passes}.</summary>
            /// <param name="x">Noised inputs, as for <see cref="forward"/>; the batch is given once.</param>
            /// <param name="t">Timesteps, (N,).</param>
            /// <param name="{argument}">{doc}</param>
            /// <param name="scale">Guidance scale; 1 is no guidance.</param>
            /// <param name="channels">The channels to guide.</param>
            /// <returns>As <see cref="forward"/>.</returns>
            """;
        var signature =
            $"public Tensor ForwardWithGuidance(Tensor x, Tensor t, {type} {argument}, double scale, GuidanceChannels channels = "
                + $"GuidanceChannels.FirstThree)";
        return condition.HasNull
            ? Code.AlignComments($$"""
                {{docs}}
                {{signature}}
                {
                {{Code.Indent(guards)}}

                    using var scope = NewDisposeScope();
                    {{doubled}}
                    var both = call(cat([x, x]), cat([t, t]), {{doubledName}}).chunk(2); // 2 x (N, {{spec.OutputChannels}}, {{spec.Input.Height}}, {{spec.Input.Width}})
                    return Guidance.Combine(conditional: both[0], unconditional: both[1], scale, channels, inputChannels: {{spec.Input.Channels}}).MoveToOuterDisposeScope();
                }
                """)
            : $$"""
                {{docs}}
                /// <exception cref="DitException">Always: the spec has no dropout, so the model knows no {{nothing}}.</exception>
                [global::System.Obsolete({{Code.Literal($"{spec.Name} has no {nothing} to guide away from: its spec has conditioning.dropout 0")}}, error: true)]
                {{signature}} =>
                    throw new DitException($"{ModelName} has no {{nothing}} to guide away from: its spec has conditioning.dropout 0. Call forward, or train with dropout.");
                """;
    }
}
