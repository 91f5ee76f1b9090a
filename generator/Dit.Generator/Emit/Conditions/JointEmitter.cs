using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>A model that denoises images and texts jointly, each at a time of its own.</summary>
internal static class JointEmitter
{
    private const string Result = "(Tensor Image, Tensor Clip, Tensor Text)";

    public static ConditionCode Emit(ModelSpec spec, JointSpec joint) => new(
        BaseType: $"nn.Module<{string.Concat(Arguments(joint).Select(static _ => "Tensor, "))}{Result}>",
        Type: ConditionCode.TypeOf(spec.Condition),
        Unwrap: null,
        Card: "new ModelCondition.None()",
        Argument: null,
        Guards: Guards(joint),
        Guidance: null);

    /// <summary>What it sees, in a sentence.</summary>
    public static string Sees(ModelSpec spec, JointSpec joint) =>
        $"It sees latents of images, {Image(spec)}, their CLIP embeddings, {Clip(joint)}, and texts, {Text(joint)}, and predicts "
            + $"{ProcessWords.Predicted(spec.Process)} of each.";

    /// <summary>Its shapes, the forward pass, and the same for a sampler.</summary>
    public static string?[] Members(ModelSpec spec, JointSpec joint, Evaluation network, ConditionCode condition) =>
        [Modalities(joint), Forward(spec, joint, network, condition), Predict(joint)];

    private static string Modalities(JointSpec joint) => $$"""
        /// <summary>The shapes of what the model denoises.</summary>
        public static JointShape Modalities { get; } =
            new(Card.Input, ClipWidth: {{joint.ClipWidth}}, TextTokens: {{joint.TextTokens}}, TextWidth: {{joint.TextWidth}}, DataTypes: {{DataTypes(joint)}});
        """;

    private static string Forward(ModelSpec spec, JointSpec joint, Evaluation network, ConditionCode condition) => Code.AlignComments($$"""
        /// <summary>Predicts {{ProcessWords.Predicted(spec.Process)}} of images and of texts.</summary>
        /// <remarks>A timestep is from 1 to the process's last; 0 is data without noise.</remarks>
        /// <param name="image">Noised latents of images, {{Image(spec)}}{{ForwardEmitter.AnySize(network.Module)}}.</param>
        /// <param name="clip">Noised CLIP embeddings of the same images, {{Clip(joint)}}.</param>
        /// <param name="text">Noised texts, {{Text(joint)}}.</param>
        /// <param name="t_image">Timesteps of the images, (N,).</param>
        /// <param name="t_text">Timesteps of the texts, (N,).</param>
        {{Code.LineIf(joint.HasDataType ? $"/// <param name=\"data_type\">Kinds of data, 0 or 1, (N,), int64.</param>" : null)}}
        /// <returns>{{Image(spec)}}, {{Clip(joint)}} and {{Text(joint)}}.</returns>
        public override {{Result}} forward({{Parameters(joint)}})
        {
        {{Code.Indent(condition.Guards)}}

            using var scope = NewDisposeScope();
        {{Code.Indent(string.Join("\n", [.. ForwardEmitter.GridOf(spec, network.Module, "image"), .. BodyCode.Lines(network)]))}}
        }
        """.Replace("\r\n", "\n").WithoutLeftOutLines());

    private static string Predict(JointSpec joint) => $"""
        /// <inheritdoc/>
        public {Result} Predict(Tensor image, Tensor clip, Tensor text, Tensor imageTimes, Tensor textTimes, Tensor dataTypes) =>
            call(image, clip, text, imageTimes, textTimes{(joint.HasDataType ? ", dataTypes" : "")});
        """;

    private static string Guards(JointSpec joint) => string.Join("\n",
    [
        "Guard.Input(Card, nameof(image), image, pos_embed);",
        $"Guard.Embeddings(ModelName, nameof(clip), clip, image, tokens: 1, width: {joint.ClipWidth});",
        $"Guard.Embeddings(ModelName, nameof(text), text, image, tokens: {joint.TextTokens}, width: {joint.TextWidth});",
        "Guard.Timesteps(ModelName, t_image, image);",
        "Guard.Timesteps(ModelName, t_text, image);",
        .. joint.HasDataType ? [$"Guard.DataTypes(ModelName, data_type, image, count: {DataTypes(joint)});"] : Array.Empty<string>(),
    ]);

    private static int DataTypes(JointSpec joint) => joint.HasDataType ? JointSpec.DataTypes : 0;

    private static string[] Arguments(JointSpec joint) =>
        ["image", "clip", "text", "t_image", "t_text", .. joint.HasDataType ? ["data_type"] : Array.Empty<string>()];

    private static string Parameters(JointSpec joint) => string.Join(", ", Arguments(joint).Select(static name => $"Tensor {name}"));

    private static string Image(ModelSpec spec) => $"(N, {spec.Input.Channels}, {spec.Input.Height}, {spec.Input.Width})";

    private static string Clip(JointSpec joint) => $"(N, 1, {joint.ClipWidth})";

    private static string Text(JointSpec joint) => $"(N, {joint.TextTokens}, {joint.TextWidth})";
}
