namespace Dit.Spec;

/// <summary>A sampling method with its settings.</summary>
/// <remarks>
/// Closed. A method is one file: its settings and the process that it integrates. The
/// class in the runtime has the same name.
/// </remarks>
public abstract partial record SamplerMethod
{
    private SamplerMethod() { }

    /// <summary>Every method with its default settings, in the order of the reference.</summary>
    internal static IReadOnlyList<SamplerMethod> All { get; } =
    [
        new Ddpm(), new Ddim(Eta: 0), new DpmSolverPlusPlus(), new SdeDpmSolverPlusPlus(), new DpmSolver(), new UniPc(), new Deis(),
        new Lms(), new Euler(), new EulerAncestral(), new Heun(), new Edm(), new Dopri5(), new Consistency(), new EulerMaruyama(),
        new StochasticHeun(),
    ];

    /// <summary>The word in a spec: <c>ddim</c>.</summary>
    public abstract string Word { get; }

    /// <summary>The number of steps is chosen by the caller; otherwise by the method, step by step.</summary>
    public virtual bool TakesSteps => true;

    /// <summary>The name of its class in the runtime: <c>Ddim</c>.</summary>
    public string Type => GetType().Name;

    /// <summary>What it is, in a few words and with its source.</summary>
    internal abstract string Meaning { get; }

    /// <summary>What it is, for the comment of a generated property: <c>DDPM sampling</c>.</summary>
    public abstract string Title { get; }

    /// <summary>The process that it integrates; any process where only the scales of data and noise are used.</summary>
    public virtual MethodProcess Process => MethodProcess.Any;

    /// <summary>Whether the predicted data can be clipped at each step.</summary>
    public virtual bool TakesClipping => true;

    /// <summary>
    /// Its settings besides the number of steps, in the order of a spec and of the class's parameters.
    /// </summary>
    public virtual IReadOnlyList<MethodSetting> Options => [];

    /// <summary>The method with other settings.</summary>
    /// <param name="values">A value for each of <see cref="Options"/>.</param>
    internal virtual SamplerMethod With(SettingValues values) => this;
}

/// <summary>Which processes a method integrates.</summary>
public enum MethodProcess
{
    /// <summary>Every process.</summary>
    Any,

    /// <summary>Gaussian diffusions.</summary>
    Gaussian,

    /// <summary>Flows.</summary>
    Flow,
}
