namespace Dit.Spec;

/// <summary>One setting that is not the same in two models.</summary>
/// <param name="Key">Its path in a spec: <c>diffusion.prediction</c>.</param>
/// <param name="From">What the first says; null where it has no such setting.</param>
/// <param name="To">What the second says; null where it has no such setting.</param>
/// <param name="Impact">What trained weights have to do with it.</param>
/// <param name="Remark">What the change does, where the values do not say it.</param>
public sealed record SettingChange(string Key, string? From, string? To, Impact Impact, string? Remark);

/// <summary>What trained weights have to do with a setting.</summary>
public enum Impact
{
    /// <summary>It is a name.</summary>
    Name,

    /// <summary>Names or shapes of tensors follow from it.</summary>
    Tensors,

    /// <summary>The grid of patches follows from it, and so the fixed position table.</summary>
    Positions,

    /// <summary>
    /// No shape follows from it, and yet it decides what the weights compute or what their output stands for.
    /// </summary>
    Meaning,

    /// <summary>It matters in training only.</summary>
    Training,

    /// <summary>It matters in sampling only.</summary>
    Sampling,
}
