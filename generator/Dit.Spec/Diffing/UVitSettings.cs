namespace Dit.Spec;

/// <summary>The settings of a U-ViT at the top of a spec.</summary>
internal static class UVitSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        Switch("qkv_bias", static uVit => uVit.QkvBias),
        Switch("time_mlp", static uVit => uVit.TimeMlp),
        Switch("final_convolution", static uVit => uVit.FinalConvolution),
    ];

    private static Settings.Setting Switch(string key, Func<Backbone.UVit, bool> value) => new(
        key, m => m.Backbone is Backbone.UVit uVit ? Settings.Text(value(uVit)) : null, static (_, _) => (Impact.Tensors, null));
}
