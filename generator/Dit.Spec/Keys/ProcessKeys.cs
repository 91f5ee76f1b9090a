namespace Dit.Spec;

/// <summary>
/// The keys of one kind of process below <c>diffusion</c>, their words, and the methods that integrate it.
/// </summary>
/// <remarks>
/// Closed: a new case breaks every <see cref="Match{R}"/>. A process of the language without code in this version is a
/// case, too.
/// </remarks>
internal abstract partial record ProcessKeys
{
    private ProcessKeys() { }

    /// <summary>All of the language, in its order.</summary>
    public static IReadOnlyList<ProcessKeys> All { get; } = [new Gaussian(), new Flow()];

    /// <summary>In a sentence: <c>a flow</c>.</summary>
    public abstract string Singular { get; }

    /// <summary>Several of them, in a sentence: <c>flow processes</c>.</summary>
    public abstract string Plural { get; }

    /// <summary>Its keys below <c>diffusion</c>.</summary>
    public abstract IReadOnlyList<SpecKey> Keys { get; }

    /// <summary>Where the variance of a reverse step comes from.</summary>
    public abstract IReadOnlyList<SpecWord<Variance>> Variances { get; }

    /// <summary>Its schedules.</summary>
    public abstract IReadOnlyList<SpecWord<Schedule>> Schedules { get; }

    /// <summary>Whether the word names a schedule of this kind, known or not.</summary>
    public abstract bool HasSchedule(string word);

    /// <summary>The methods that integrate it, besides those for every process.</summary>
    public abstract MethodProcess Process { get; }

    /// <summary>The methods to recommend, in a sentence.</summary>
    public abstract string Advice { get; }

    /// <summary>The method that fixes a wrong one.</summary>
    public abstract string UsualMethod { get; }

    /// <summary>The keys of a process.</summary>
    public static ProcessKeys Of(ProcessSpec process) => process.Match<ProcessKeys>(static _ => new Gaussian(), static _ => new Flow());

    /// <summary>The process that a schedule belongs to; a Gaussian diffusion where the file names none.</summary>
    public static ProcessKeys OfSchedule(string? word) =>
        word is null ? new Gaussian() : All.First(process => process.HasSchedule(word));

    /// <summary>
    /// The process that a method belongs to; null for unknown words and for methods that fit every process.
    /// </summary>
    public static ProcessKeys? OfMethod(string word) =>
        SamplerMethod.All.FirstOrDefault(method => method.Word == word) is { } known
            ? All.FirstOrDefault(process => process.Process == known.Process)
            : null;

    /// <summary>Whether a method integrates it.</summary>
    public bool Fits(SamplerMethod method) => method.Process == MethodProcess.Any || method.Process == Process;

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<Gaussian, R> gaussian, Func<Flow, R> flow) => this switch
    {
        Gaussian keys => gaussian(keys),
        Flow keys => flow(keys),
        _ => throw new InvalidOperationException("ProcessKeys has two cases."),
    };
}
