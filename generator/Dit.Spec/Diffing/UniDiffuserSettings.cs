namespace Dit.Spec;

/// <summary>The settings of a UniDiffuser at the top of a spec.</summary>
internal static class UniDiffuserSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        Of("clip_width", static joint => Settings.Text(joint.ClipWidth)),
        Of("text_tokens", static joint => Settings.Text(joint.TextTokens)),
        Of("text_width", static joint => Settings.Text(joint.TextWidth)),
        Of("data_type", static joint => Settings.Text(joint.HasDataType)),
    ];

    private static Settings.Setting Of(string key, Func<JointSpec, string> value) =>
        new(key, m => m.Backbone.Joint is { } joint ? value(joint) : null, static (_, _) => (Impact.Tensors, null));
}
