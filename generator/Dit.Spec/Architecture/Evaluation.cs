namespace Dit.Spec;

/// <summary>
/// A value of an evaluation: what made it, of what, and its shape. Two are the same when they are the same object.
/// </summary>
public sealed class Traced
{
    internal Traced(
        Value? operation,
        EquatableArray<Dim> shape,
        IReadOnlyList<Traced> operands,
        Member? member = null,
        Evaluation? inside = null,
        string path = "") => (Operation, Shape, Operands, Member, Inside, Path) = (operation, shape, operands, member, inside, path);

    /// <summary>The operation; null for an argument of the network.</summary>
    public Value? Operation { get; }

    /// <summary>The shape.</summary>
    public EquatableArray<Dim> Shape { get; }

    /// <summary>What the operation was given.</summary>
    public IReadOnlyList<Traced> Operands { get; }

    /// <summary>The layer or submodule, where one was applied.</summary>
    public Member? Member { get; }

    /// <summary>What happened in the submodule.</summary>
    public Evaluation? Inside { get; }

    internal Traced As(EquatableArray<Dim> shape) => new(Operation, shape, Operands, Member, Inside, Path);

    /// <summary>The full name of the module in which, or of the member by which it was made.</summary>
    public string Path { get; }
}

/// <summary>A statement of an evaluation.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Values">
/// The values that it named: one, the parts of a split, the streams of a loop, or the results.
/// </param>
/// <param name="Inside">What happened in each module of a loop, in their order.</param>
public sealed record TracedStatement(Statement Statement, IReadOnlyList<Traced> Values, IReadOnlyList<Evaluation> Inside);

/// <summary>What a module does with arguments of certain shapes, statement by statement.</summary>
/// <param name="Module">The module.</param>
/// <param name="Path">Its full name in the network; empty for the network itself.</param>
/// <param name="Arguments">The values that it was given.</param>
/// <param name="Statements">What it did.</param>
public sealed record Evaluation(Module Module, string Path, IReadOnlyList<Traced> Arguments, IReadOnlyList<TracedStatement> Statements)
{
    /// <summary>What it gave.</summary>
    public IReadOnlyList<Traced> Results => Statements.Count == 0 ? [] : Statements[Statements.Count - 1].Values;

    /// <summary>The evaluation of a module whose shapes fit.</summary>
    /// <exception cref="InvalidOperationException">
    /// A shape does not fit: the description is wrong, whatever the spec.
    /// </exception>
    public static Evaluation Fitting(Module module)
    {
        var (evaluation, errors) = Of(module);
        return errors.Count == 0
            ? evaluation
            : throw new InvalidOperationException($"The description does not fit: {string.Join("; ", errors)}.");
    }

    /// <summary>Evaluates a module on the shapes that it declares.</summary>
    /// <returns>The evaluation as far as it goes, and every statement at which a shape does not fit.</returns>
    public static (Evaluation Evaluation, IReadOnlyList<ShapeError> Errors) Of(Module module)
    {
        var evaluator = new Evaluator();
        return (
            evaluator.Run(module, "", [.. module.Arguments.Select(static argument => new Traced(null, argument.Shape, []))]),
            evaluator.Errors);
    }
}

/// <summary>A statement whose shapes do not fit.</summary>
/// <param name="Module">The class of the module: <c>Block</c>.</param>
/// <param name="Path">Its full name in the network: <c>blocks.0</c>; empty for the network itself.</param>
/// <param name="Statement">What the statement names: <c>h</c>; <c>the result</c> for the last one.</param>
/// <param name="Because">Why, in a sentence without a period.</param>
public sealed record ShapeError(string Module, string Path, string Statement, string Because)
{
    /// <summary>All of it in one sentence.</summary>
    public override string ToString() => $"{Module}{(Path.Length == 0 ? "" : $" ({Path})")}, {Statement}: {Because}";
}
