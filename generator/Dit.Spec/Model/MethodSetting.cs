namespace Dit.Spec;

/// <summary>A setting of a sampling method.</summary>
/// <param name="Name">Its key in a spec: <c>eta</c>.</param>
/// <param name="Argument">The parameter of the method's class in the runtime: <c>Eta</c>.</param>
/// <param name="Value">An <see cref="int"/>, a <see cref="double"/> or a case of an enum.</param>
/// <param name="Default">The value where the key is absent.</param>
public sealed record MethodSetting(string Name, string Argument, object Value, object Default)
{
    /// <summary>Whether it is shown even where it has its default.</summary>
    public bool IsAlwaysShown { get; init; }

    /// <summary>Whether it has its default.</summary>
    public bool IsDefault => Equals(Value, Default);
}

/// <summary>The values of a method's settings, by the names of their keys.</summary>
internal sealed class SettingValues(IReadOnlyDictionary<string, object> values)
{
    /// <summary>A value of a known kind.</summary>
    public T Of<T>(string name) => (T)values[name];
}

/// <summary>The keys of settings.</summary>
internal static class SettingName
{
    public const string Eta = "eta";
    public const string Order = "order";
    public const string Variant = "variant";
    public const string Spacing = "spacing";
    public const string Shift = "shift";
    public const string Churn = "churn";
    public const string ChurnMin = "churn_min";
    public const string ChurnMax = "churn_max";
    public const string ChurnNoise = "churn_noise";
    public const string RelativeTolerance = "rtol";
    public const string AbsoluteTolerance = "atol";
    public const string Form = "form";
    public const string Norm = "norm";
    public const string LastStep = "last_step";
    public const string LastStepSize = "last_step_size";
}
