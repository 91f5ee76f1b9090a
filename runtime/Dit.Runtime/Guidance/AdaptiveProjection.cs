namespace Dit.Runtime;

/// <summary>
/// Adaptive projected guidance (Sadat et al., arXiv 2410.02416, section 4): high scales without oversaturated colors.
/// </summary>
/// <remarks>
/// It works on the predicted data, D. The difference of the conditional and the unconditional prediction gets momentum,
/// <c>d = D_c - D_u + momentum d_before</c>, is shortened to a length of at most the radius, and is split into a part
/// along D_c and one orthogonal to it. The guided data is <c>D_c + (scale - 1) (orthogonal + eta parallel)</c>, with
/// the scale of DiT's convention. All lengths are those of one sample's guided channels.
/// <para>The momentum belongs to a run: it begins anew with each call of a sampler, counts every call of the network at
/// which guidance acts, and an interval passes over the others.</para>
/// </remarks>
public sealed record AdaptiveProjection
{
    /// <summary>The settings.</summary>
    /// <param name="eta">Weight of the part along the conditional prediction, which saturates colors; 1 keeps all of
    /// it.</param>
    /// <param name="radius">The longest difference, above 0; infinity, the default, for any. It is chosen for a model:
    /// lengths grow with the number of values in a sample.</param>
    /// <param name="momentum">Weight of the difference before, between -1 and 1; the paper's are negative.</param>
    /// <exception cref="DitException">A number is out of its range.</exception>
    public AdaptiveProjection(double eta = 0, double radius = double.PositiveInfinity, double momentum = 0)
    {
        if (!double.IsFinite(eta) || eta < 0) throw Bad("eta", eta, "a number of at least 0");
        if (!(radius > 0)) throw Bad("radius", radius, "a number above 0, or infinity");
        if (!(Math.Abs(momentum) < 1)) throw Bad("momentum", momentum, "a number between -1 and 1");
        (Eta, Radius, Momentum) = (eta, radius, momentum);
    }

    /// <summary>Weight of the part along the conditional prediction.</summary>
    public double Eta { get; }

    /// <summary>The longest difference; infinity for any.</summary>
    public double Radius { get; }

    /// <summary>Weight of the difference before.</summary>
    public double Momentum { get; }

    /// <summary><c>eta 0, radius 2.5, momentum -0.75</c>.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"eta {Eta}{(double.IsInfinity(Radius) ? "" : FormattableString.Invariant($", radius {Radius}"))}{(Momentum == 0 ? "" : FormattableString.Invariant($", momentum {Momentum}"))}");

    private static DitException Bad(string what, double value, string wanted) =>
        new(FormattableString.Invariant($"Adaptive projected guidance with {what} {value} was asked for: it must be {wanted}."));
}
