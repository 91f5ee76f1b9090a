namespace Dit.Spec.Tests.Diffing;

/// <summary>What a checkpoint of one spec is to another: the cases that a reviewer of a model change meets.</summary>
public class LoadVerdictTests
{
    private const string Table = "y_embedder.embedding_table.weight";

    private const string Texts = "classes: 10 => text: { tokens: 7, width: 5 }";

    /// <summary>
    /// A title, edits of the tiny spec (several with a bar between them) before and after, and the verdict.
    /// </summary>
    public static TheoryData<string, string, string, string> Cases => new()
    {
        { "nothing", "", "", "as it is" },
        { "the model's name", "", "model: Tiny/2 => model: Other", "as it is" },
        { "a sampler's steps", "", "steps: 250 => steps: 100", "as it is" },
        { "a sampler less", "", "  ddim-50: { method: ddim, steps: 50, eta: 0.5 } => ", "as it is" },
        { "label dropout", "", "dropout: 0.1 => dropout: 0.2", "as it is" },
        { "one fixed variance for the other", "learned-range => fixed-small", "learned-range => fixed-large", "as it is" },
        { "heads", "", "heads: 4 => heads: 8", "means something else: heads" },
        { "whose arithmetic", "", "mlp_ratio: 4 => numerics: diffusers", "means something else: numerics" },
        { "the form of GELU", "", "mlp_ratio: 4 => block: { mlp: gelu }", "means something else: block.mlp" },
        { "a gated MLP", "", "mlp_ratio: 4 => block: { mlp: swiglu }",
            "no: gone blocks.*.mlp.fc1.weight, gone blocks.*.mlp.fc1.bias, gone blocks.*.mlp.fc2.weight, gone blocks.*.mlp.fc2.bias, "
                + "appeared blocks.*.mlp.w12.weight, appeared blocks.*.mlp.w12.bias, appeared blocks.*.mlp.w3.weight, "
                + "appeared blocks.*.mlp.w3.bias" },
        { "a larger input with rotary positions", "mlp_ratio: 4 => block: { position: rope-2d }",
            "mlp_ratio: 4 => block: { position: rope-2d }|size: 8 => size: 16", "recompute positions, loading notices" },
        { "what is predicted", "", "prediction: epsilon => prediction: start-x", "means something else: diffusion.prediction" },
        { "the schedule", "", "schedule: linear => schedule: squared-cosine", "means something else: diffusion.schedule" },
        { "the timesteps", "", "timesteps: 1000 => timesteps: 500", "means something else: diffusion.timesteps" },
        { "the autoencoder", "", "autoencoder: none => autoencoder: kl-f8", "means something else: autoencoder" },
        { "several meanings", "", "heads: 4 => heads: 2|prediction: epsilon => prediction: start-x",
            "means something else: heads, diffusion.prediction" },
        { "a class in the null class's row", "", "classes: 10 => classes: 11|dropout: 0.1 => dropout: 0",
            "means something else: conditioning.classes, conditioning.dropout" },
        { "a larger input", "", "size: 8 => size: 16", "recompute positions, loading notices" },
        { "an input of another form with as many patches", "", "size: 8 => size: [4, 16]", "recompute positions, loading does not notice" },
        { "a rectangle turned", "size: 8 => size: [4, 16]", "size: 8 => size: [16, 4]", "recompute positions, loading does not notice" },
        { "a larger input and another prediction", "", "size: 8 => size: 16|prediction: epsilon => prediction: start-x",
            "recompute positions, loading notices: diffusion.prediction" },
        { "a larger input and label dropout", "", "size: 8 => size: 16|dropout: 0.1 => dropout: 0.2",
            "recompute positions, loading notices" },
        { "no learned variance", "", "learned-range => fixed-small",
            "no: reshaped final_layer.linear.weight, reshaped final_layer.linear.bias" },
        { "classes", "", "classes: 10 => classes: 12", $"no: reshaped {Table}" },
        { "no null class", "", "dropout: 0.1 => dropout: 0", $"no: reshaped {Table}" },
        { "a null class", "dropout: 0.1 => dropout: 0", "", $"no: reshaped {Table}" },
        { "a larger input and classes", "", "size: 8 => size: 16|classes: 10 => classes: 12", $"no: reshaped pos_embed, reshaped {Table}" },
        { "the patch size", "", "patch_size: 2 => patch_size: 4",
            "no: reshaped pos_embed, reshaped x_embedder.proj.weight, reshaped final_layer.linear.weight, reshaped final_layer.linear.bias"
        },
        { "patch size and input, one grid", "", "patch_size: 2 => patch_size: 4|size: 8 => size: 16",
            "no: reshaped x_embedder.proj.weight, reshaped final_layer.linear.weight, reshaped final_layer.linear.bias" },
        { "the input's channels", "", "channels: 4 => channels: 3",
            "no: reshaped x_embedder.proj.weight, reshaped final_layer.linear.weight, reshaped final_layer.linear.bias" },
        { "the width of the MLP", "", "mlp_ratio: 4 => mlp_ratio: 6",
            "no: reshaped blocks.*.mlp.fc1.weight, reshaped blocks.*.mlp.fc1.bias, reshaped blocks.*.mlp.fc2.weight" },
        { "blocks more", "", "depth: 2 => depth: 3", "no: appeared blocks.2" },
        { "adaLN without gates", "", "adaln-zero => adaln",
            "no: reshaped blocks.*.adaLN_modulation.1.weight, reshaped blocks.*.adaLN_modulation.1.bias" },
        { "no condition", "", "classes: 10 => none: true|  dropout: 0.1 => ", $"no: gone {Table}" },
        { "another length of texts", Texts, $"{Texts}|tokens: 7 => tokens: 9", "no: reshaped y_embedder.null_text" },
        { "another length of texts without a null text", $"{Texts}|dropout: 0.1 => dropout: 0",
            $"{Texts}|tokens: 7 => tokens: 9|dropout: 0.1 => dropout: 0", "means something else: conditioning.text.tokens" },
        { "no null text", Texts, $"{Texts}|dropout: 0.1 => dropout: 0", "no: gone y_embedder.null_text" },
        { "another text encoder", Texts, $"{Texts}|width: 5 => width: 6",
            "no: reshaped y_embedder.null_text, reshaped y_embedder.mlp.0.weight" },
        { "blocks less", "", "depth: 2 => depth: 1", "no: gone blocks.1" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_change_has_its_verdict(string title, string before, string after, string verdict)
    {
        var diff = ModelDiff.Between(Edited(before), Edited(after));

        Assert.True(verdict == Words(diff), $"{title}: {Words(diff)}");
    }

    [Fact]
    public void Another_width_leaves_one_tensor_alone()
    {
        var diff = ModelDiff.Between(Edited(""), Edited("width: 32 => width: 64"));

        var refused = Assert.IsType<LoadVerdict.DoesNotLoad>(diff.Verdict);
        Assert.Equal("final_layer.linear.bias", Assert.Single(diff.Layout.Changes, static c => c is ParameterChange.Kept).Name);
        Assert.Equal(diff.Layout.Changes.Count - 1, refused.Because.Count);
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_verdict_is_what_strict_loading_would_do(string title, string before, string after, string verdict)
    {
        _ = title;
        var (a, b) = (Tensors(Edited(before)), Tensors(Edited(after)));

        Assert.Equal(
            a.SequenceEqual(b),
            !verdict.StartsWith("no:", StringComparison.Ordinal) && !verdict.Contains("loading notices", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Tensors(ModelSpec spec) =>
        ModelLayout.Of(spec).Parameters.Select(static p => $"{p.Name} {p.Shape}").Order(StringComparer.Ordinal);

    private static string Words(ModelDiff diff) => diff.Verdict.Match(
        static _ => "as it is",
        static other => $"means something else: {Keys(other.Because)}",
        static recompute =>
            $"recompute positions, {(recompute.LoadingNotices ? "loading notices" : "loading does not notice")}{(recompute.AlsoMeans.Count == 0 ? "" : ": " + Keys(recompute.AlsoMeans))}",
        _ =>
            "no: "
            + string.Join(
                ", ",
                ParameterGroup.Of(diff.Layout).Select(static g => $"{g.Members[0].GetType().Name.ToLowerInvariant()} {g.Name}")));

    private static string Keys(EquatableArray<SettingChange> settings) => string.Join(", ", settings.Select(static s => s.Key));

    internal static ModelSpec Edited(string edits) =>
        Specs.Model(
            edits
                .Split('|', StringSplitOptions.RemoveEmptyEntries)
                .Aggregate(Specs.Tiny, static (text, edit) =>
                {
                    var sides = edit.Split("=>");
                    var (from, to) = (sides[0][..^1], sides[1][1..]);
                    Assert.Contains(from, text, StringComparison.Ordinal);
                    return text.Replace(from, to, StringComparison.Ordinal);
                }));
}
