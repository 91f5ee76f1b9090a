namespace Dit.Spec;

/// <summary>A sampling method with its settings.</summary>
/// <remarks>
/// Closed. A method is one file: its settings, how they are read and written, and the process that it integrates. The
/// class in the runtime has the same name.
/// </remarks>
public abstract partial record SamplerMethod
{
    private SamplerMethod() { }

    /// <summary>Every method with its default settings, in the order of the reference.</summary>
    internal static IReadOnlyList<SamplerMethod> All { get; } =
    [
        new Ddpm(), new Ddim(Eta: 0), new DpmSolverPlusPlus(), new SdeDpmSolverPlusPlus(), new DpmSolver(), new UniPc(), new Euler(),
        new Heun(), new Dopri5(), new SdeEuler(), new SdeHeun(),
    ];

    /// <summary>The word in a spec: <c>ddim</c>.</summary>
    public abstract string Word { get; }

    /// <summary>The number of steps is chosen by the caller; otherwise by the method, step by step.</summary>
    public virtual bool TakesSteps => true;

    /// <summary>The name of its class in the runtime: <c>Ddim</c>.</summary>
    internal string Type => GetType().Name;

    /// <summary>What it is, in a few words and with its source.</summary>
    internal abstract string Meaning { get; }

    /// <summary>What it is, for the comment of a generated property: <c>DDPM sampling</c>.</summary>
    internal abstract string Title { get; }

    /// <summary>The process that it integrates; any process where only the scales of data and noise are used.</summary>
    internal virtual MethodProcess Process => MethodProcess.Any;

    /// <summary>Whether the predicted data can be clipped at each step.</summary>
    internal virtual bool TakesClipping => true;

    /// <summary>Its settings besides the number of steps, in the order of a spec and of the class's parameters.</summary>
    internal virtual IReadOnlyList<MethodSetting> Settings => [];

    /// <summary>The method with the settings of a mapping.</summary>
    internal virtual Result<SamplerMethod> Read(Fields fields) => Result.Of(this);
}

/// <summary>Which processes a method integrates.</summary>
internal enum MethodProcess
{
    /// <summary>Every process.</summary>
    Any,

    /// <summary>Gaussian diffusions.</summary>
    Gaussian,

    /// <summary>Flows.</summary>
    Flow,
}

/// <summary>A setting of a method.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Argument">The parameter of the class in the runtime.</param>
/// <param name="Value">A whole number, a number or a case of an enum.</param>
/// <param name="Text">The value, as a spec writes it.</param>
internal sealed record MethodSetting(SpecKey Key, string Argument, object Value, string Text)
{
    /// <summary>Whether generated code names it although it is the default.</summary>
    public bool IsAlwaysShown { get; init; }

    /// <summary>Whether it has the default of its key.</summary>
    public bool IsDefault => Text == Key.DefaultText;

    public static MethodSetting Of(IntKey key, string argument, int value) => new(key, argument, value, Settings.Text(value));

    public static MethodSetting Of(NumberKey key, string argument, double value) => new(key, argument, value, Numbers.Write(value));

    public static MethodSetting Of<T>(WordKey<T> key, string argument, T value) where T : struct, Enum => new(
        key, argument, value, key.Choices.First(word => word.Available && Equals(word.Value, value)).Text);
}
