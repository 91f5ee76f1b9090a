namespace Dit.Spec;

/// <summary>A setting that differs between two models.</summary>
/// <param name="Key">Its path in a spec: <c>diffusion.prediction</c>.</param>
/// <param name="From">Value in the first; null where it has no such setting.</param>
/// <param name="To">Value in the second; null where it has no such setting.</param>
/// <param name="Impact">What the change affects.</param>
/// <param name="Remark">The effect of the change, where the values alone do not show it.</param>
public sealed record SettingChange(string Key, string? From, string? To, Impact Impact, string? Remark);

/// <summary>What a change of a setting affects.</summary>
public enum Impact
{
    /// <summary>Names only.</summary>
    Name,

    /// <summary>Names or shapes of tensors.</summary>
    Tensors,

    /// <summary>The grid of patches, and with it the fixed position table.</summary>
    Positions,

    /// <summary>
    /// No shape, but what the weights compute or what their output means.
    /// </summary>
    Meaning,

    /// <summary>Training only.</summary>
    Training,

    /// <summary>Sampling only.</summary>
    Sampling,
}
