using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What there is to know of a sampling method.</summary>
/// <param name="Word">Its name, as in a spec.</param>
/// <param name="Steps">Steps where none are asked for; null for a method that chooses them as it goes.</param>
/// <param name="Order">Order of its error.</param>
/// <param name="Determinism"><c>yes</c>, <c>no</c>, or when: whether the start determines the sample.</param>
/// <param name="Paper">Where it was published.</param>
/// <param name="Settings">Its settings.</param>
internal sealed record MethodCard(
    string Word, int? Steps, string Order, string Determinism, string Paper, params IReadOnlyList<MethodSetting> Settings);

/// <summary>A sampling method.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Card">What it is.</param>
/// <param name="Fits">The processes that it is for, in words.</param>
/// <param name="Create">Makes the solver; null for a method that does not fit the process.</param>
internal sealed record SamplingMethod<TProcess>(MethodCard Card, string Fits, Func<MethodSettings, Solver<TProcess>>? Create)
    where TProcess : IProcess;

/// <summary>Every sampling method: a line each.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
internal static class SamplingMethods<TProcess>
    where TProcess : IProcess
{
    private const string Yes = "yes", No = "no";

    private static readonly MethodSetting
        Eta = MethodSetting.Eta, Order = MethodSetting.Order, Variant = MethodSetting.Variant, Spacing = MethodSetting.Spacing,
        Shift = MethodSetting.Shift, Churn = MethodSetting.Churn, ChurnMin = MethodSetting.ChurnMin, ChurnMax = MethodSetting.ChurnMax,
        ChurnNoise = MethodSetting.ChurnNoise, Relative = MethodSetting.RelativeTolerance, Absolute = MethodSetting.AbsoluteTolerance,
        Form = MethodSetting.Form, Norm = MethodSetting.Norm, Last = MethodSetting.LastStep, LastSize = MethodSetting.LastStepSize;

    /// <summary>All methods, those for other processes included.</summary>
    public static IReadOnlyList<SamplingMethod<TProcess>> All { get; } =
    [
        Only<GaussianDiffusion>(new("ddpm", 250, "1", No, "arXiv 2006.11239, algorithm 2"), s => new Ddpm(s.Steps, s.Clip)),
        Only<GaussianDiffusion>(
            new("ddim", 50, "1", "with eta 0", "arXiv 2010.02502", Eta), s => new Ddim(s.Steps, s.Of(MethodSetting.Eta), s.Clip)),
        Any(
            new("dpm-solver++", 20, "1 to 3", Yes, "arXiv 2211.01095, algorithm 2", Order, Spacing, Shift),
            s => new DpmSolverPlusPlus<TProcess>(s.Steps, s.Of(MethodSetting.Order), s.Spacing, s.Clip)),
        Any(
            new("sde-dpm-solver++", 20, "1 to 3", No, "arXiv 2211.01095, appendix B.6", Order, Spacing, Shift),
            s => new SdeDpmSolverPlusPlus<TProcess>(s.Steps, s.Of(MethodSetting.Order), s.Spacing, s.Clip)),
        Any(
            new("dpm-solver", 20, "1 to 3", Yes, "arXiv 2206.00927", Order, Spacing, Shift),
            s => new DpmSolver<TProcess>(s.Steps, s.Of(MethodSetting.Order), s.Spacing, s.Clip)),
        Any(
            new("unipc", 20, "1 to 3", Yes, "arXiv 2302.04867", Order, Variant, Spacing, Shift),
            s => new UniPc<TProcess>(s.Steps, s.Of(MethodSetting.Order), s.Of(MethodSetting.Variant), s.Spacing, s.Clip)),
        Any(
            new("deis", 20, "1 to 3", Yes, "arXiv 2204.13902", Order, Spacing, Shift),
            s => new Deis<TProcess>(s.Steps, s.Of(MethodSetting.Order), s.Spacing, s.Clip)),
        Any(
            new("lms", 20, "1 to 3", Yes, "arXiv 2204.13902, rho-AB-DEIS", Order, Spacing, Shift),
            s => new Lms<TProcess>(s.Steps, s.Of(MethodSetting.Order), s.Spacing, s.Clip)),
        Any(
            new("euler", 50, "1", Yes, "arXiv 2206.00364, algorithm 1; flows: arXiv 2401.08740", Spacing, Shift),
            s => new Euler<TProcess>(s.Steps, s.Spacing, s.Clip)),
        Only<GaussianDiffusion>(
            new("euler-ancestral", 50, "1", No, "arXiv 2211.01095, appendix B.6", Spacing),
            s => new EulerAncestral(s.Steps, s.Spacing, s.Clip)),
        Any(
            new("heun", 25, "2", Yes, "arXiv 2206.00364, algorithm 1; flows: arXiv 2401.08740", Spacing, Shift),
            s => new Heun<TProcess>(s.Steps, s.Spacing, s.Clip)),
        Only<GaussianDiffusion>(
            new("edm", 25, "2", No, "arXiv 2206.00364, algorithm 2", Churn, ChurnMin, ChurnMax, ChurnNoise, Spacing),
            s => new Edm(
                s.Steps,
                s.Of(MethodSetting.Churn),
                s.Of(MethodSetting.ChurnMin),
                s.Of(MethodSetting.ChurnMax),
                s.Of(MethodSetting.ChurnNoise),
                s.Spacing,
                s.Clip)),
        Any(
            new("dopri5", null, "5", Yes, "Dormand and Prince 1980; arXiv 2401.08740", Relative, Absolute),
            s => new Dopri5<TProcess>(s.Of(MethodSetting.RelativeTolerance), s.Of(MethodSetting.AbsoluteTolerance), s.Clip)),
        Any(
            new("consistency", 4, "", No, "arXiv 2303.01469, algorithm 1", Spacing, Shift),
            s => new Consistency<TProcess>(s.Steps, s.Spacing, s.Clip)),
        Only<Flow>(
            new("sde-euler", 250, "1", No, "arXiv 2401.08740, section 2.3", Form, Norm, Last, LastSize),
            s => new EulerMaruyama(
                s.Steps,
                s.Of(MethodSetting.Form),
                s.Of(MethodSetting.Norm),
                s.Of(MethodSetting.LastStep),
                s.Of(MethodSetting.LastStepSize))),
        Only<Flow>(
            new("sde-heun", 125, "2", No, "arXiv 2401.08740, section 2.3", Form, Norm, Last, LastSize),
            s => new StochasticHeun(
                s.Steps,
                s.Of(MethodSetting.Form),
                s.Of(MethodSetting.Norm),
                s.Of(MethodSetting.LastStep),
                s.Of(MethodSetting.LastStepSize))),
    ];

    /// <summary>The methods that fit the process.</summary>
    public static IEnumerable<SamplingMethod<TProcess>> Fitting => All.Where(static method => method.Create is not null);

    /// <summary>The method of a name, whether it fits or not; null where there is none.</summary>
    public static SamplingMethod<TProcess>? Find(string word) =>
        All.FirstOrDefault(method => string.Equals(method.Card.Word, word, StringComparison.OrdinalIgnoreCase));

    /// <summary>What a process is, in words.</summary>
    public static string Named<TOther>()
        where TOther : IProcess =>
        typeof(TOther) == typeof(GaussianDiffusion) ? "a Gaussian diffusion"
        : typeof(TOther) == typeof(Flow) ? "a flow"
        : typeof(TOther).Name;

    private static SamplingMethod<TProcess> Any(MethodCard card, Func<MethodSettings, Solver<TProcess>> create) =>
        new(card, "any process", create);

    private static SamplingMethod<TProcess> Only<TOwn>(MethodCard card, Func<MethodSettings, Solver<TOwn>> create)
        where TOwn : IProcess => new(card, Named<TOwn>(), (object)create as Func<MethodSettings, Solver<TProcess>>);
}
