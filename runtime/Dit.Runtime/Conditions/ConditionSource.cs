namespace Dit.Runtime;

/// <summary>What a user said the samples should be of, for instance on a command line.</summary>
/// <param name="Names">The names of the model's classes; called only for a model that is conditioned on
/// classes.</param>
public sealed record ConditionSource(Func<IClassNames> Names)
{
    /// <summary>Class names or numbers, as they were given; empty where none were.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>A file of embedded texts; null where none was given.</summary>
    public string? TextFile { get; init; }
}

/// <summary>What the classes of a model are called.</summary>
public interface IClassNames
{
    /// <summary>The labels that words name; for no words, those that are drawn by default.</summary>
    /// <param name="words">Each a list of class names and numbers.</param>
    /// <exception cref="DitException">A word names no class, or more than one.</exception>
    IReadOnlyList<int> Labels(IEnumerable<string> words);

    /// <summary>The usual name of a label, or its number.</summary>
    string NameOf(int label);

    /// <summary><c>207 golden retriever</c>, or the number alone.</summary>
    string Describe(int label);
}

/// <summary>Conditions with their names, as they were read: a picture of samples has a row for each.</summary>
/// <typeparam name="TCondition">The kind of condition.</typeparam>
/// <param name="Values">The conditions, one for each name. Where there are no names, all samples have the same
/// condition.</param>
/// <param name="Names">What each is called.</param>
/// <param name="Noun">What one of them is: <c>class</c>, <c>text</c>; empty where there are no names.</param>
public sealed record NamedConditions<TCondition>(TCondition Values, IReadOnlyList<ConditionName> Names, string Noun) : IDisposable
    where TCondition : ICondition<TCondition>
{
    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}

/// <summary>What a condition is called.</summary>
/// <param name="Name">Its name: <c>golden retriever</c>.</param>
/// <param name="Title">The name with its number: <c>207 golden retriever</c>.</param>
/// <param name="Description">The same in a sentence: <c>class 207, golden retriever</c>.</param>
/// <param name="Label">The class; null for a condition that is no class.</param>
public sealed record ConditionName(string Name, string Title, string Description, int? Label);
