namespace Dit.Spec;

/// <summary>The change of one tensor of the state dict.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
/// <param name="Name">The tensor's name.</param>
public abstract record ParameterChange(string Name)
{
    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Kept, R> kept, Func<Reshaped, R> reshaped, Func<Appeared, R> appeared, Func<Gone, R> gone) => this switch
    {
        Kept same => kept(same),
        Reshaped other => reshaped(other),
        Appeared late => appeared(late),
        Gone early => gone(early),
        _ => throw new InvalidOperationException("ParameterChange has four cases."),
    };

    /// <summary>In both, with the same shape.</summary>
    /// <param name="Name">The tensor's name.</param>
    /// <param name="Shape">Its shape.</param>
    public sealed record Kept(string Name, EquatableArray<long> Shape) : ParameterChange(Name);

    /// <summary>In both, with different shapes.</summary>
    /// <param name="Name">The tensor's name.</param>
    /// <param name="From">Its shape in the first.</param>
    /// <param name="To">Its shape in the second.</param>
    /// <param name="IsPositionTable">Whether it is the fixed position table, which can be recomputed.</param>
    public sealed record Reshaped(string Name, EquatableArray<long> From, EquatableArray<long> To, bool IsPositionTable)
        : ParameterChange(Name);

    /// <summary>In the second only.</summary>
    /// <param name="Name">The tensor's name.</param>
    /// <param name="Shape">Its shape.</param>
    public sealed record Appeared(string Name, EquatableArray<long> Shape) : ParameterChange(Name);

    /// <summary>In the first only.</summary>
    /// <param name="Name">The tensor's name.</param>
    /// <param name="Shape">Its shape.</param>
    public sealed record Gone(string Name, EquatableArray<long> Shape) : ParameterChange(Name);
}
