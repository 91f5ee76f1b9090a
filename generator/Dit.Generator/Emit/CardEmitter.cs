using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>What a model is, as constants.</summary>
internal static class CardEmitter
{
    public static string Card(ModelSpec spec, Module network, ModelLayout layout, ConditionCode condition) => $$"""
        /// <summary>The model's constants.</summary>
        public static ModelCard Card { get; } = new(
            Name: ModelName,
            Backbone: "{{spec.Backbone.Word}}",
            Conditioning: "{{spec.Backbone.ConditioningWord}}",
            Input: new ImageShape(Channels: {{spec.Input.Channels}}, Height: {{spec.Input.Height}}, Width: {{spec.Input.Width}}),
            OutputChannels: {{spec.OutputChannels}},
            Condition: {{condition.Card}},
            Depth: {{spec.Depth}},
            Width: {{spec.Width}},
            Heads: {{spec.Heads}},
            PatchSize: {{spec.PatchSize}},
            Tokens: {{spec.Tokens}},
            Parameters: {{layout.ParameterCount}},
            TrainableParameters: {{layout.TrainableCount}},
            Macs: {{layout.Macs}},
            Autoencoder: {{AutoencoderCard(spec)}},
            SpecHash: "{{spec.Hash}}"{{NumericsEmitter.Card(spec)}})
        {
            {{Code.LineIf(Block(spec))}}
            {{Code.LineIf(Positions(network))}}
            {{Code.LineIf(Places(spec))}}
            Activations = new(All: {{layout.Kept.All}}, Checkpointed: {{layout.Kept.Checkpointed}}, OfBlock: {{layout.Kept.OfBlock}}),
            Spec = {{Code.RawLiteral(SpecWriter.Write(spec), levels: 2)}},
        };
        """;

    private static string? Block(ModelSpec spec) =>
        SpecWriter.Block(spec.Backbone) is { } block ? $"Block = {Code.Literal(block)}," : null;

    private static string? Positions(Module network) => Description.PlacesOf(network) is not { } table ? null
        : $"PatchPositions = PositionKind.{(table.Start is Initialization.SinCosTable ? "SinCos" : "Learned")},"
            + (network.Members.Any(Description.IsRotary) ? " HasRotaryPositions = true," : "");

    private static string? Places(ModelSpec spec) => spec.Backbone.Match(
        static dit => dit.Positions == PositionSpec.Default
            ? null
            : $"PositionScale = {Code.Literal(dit.Positions.Scale)},"
                + (dit.Positions.Base is { } size ? FormattableString.Invariant($" PositionBase = {size},") : ""),
        static _ => null,
        static _ => null);

    private static string AutoencoderCard(ModelSpec spec) => spec.Autoencoder.Match(static _ => "null", static kl =>
        kl == Autoencoder.KlF8 ? "AutoencoderCard.KlF8"
        : kl == Autoencoder.VaVaeF16D32 ? "AutoencoderCard.VaVaeF16D32"
        : FormattableString.Invariant(
            $"new AutoencoderCard({Code.Literal(kl.Called)}, Channels: {kl.Channels}, {kl.Multipliers}, ResidualBlocks: {kl.ResidualBlocks}, LatentChannels: {kl.LatentChannels}, ")
            + $"Scale: {Code.Literal(kl.Scale)}, Shift: {Code.Literal(kl.Shift)}, QuantConvolutions: "
            + $"{(kl.QuantConvolutions ? "true" : "false")}"
            + $"{(kl.AttentionLevels.Count == 0 ? "" : $", AttentionLevels: {kl.AttentionLevels}")}"
            + $"{(kl.ChannelStatistics ? ", ChannelStatistics: true" : "")})");
}
