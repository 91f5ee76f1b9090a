namespace Dit.Spec;

/// <summary>A value, or all errors that prevent it.</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <remarks>
/// <see cref="Result.Apply{A, B, R}"/> combines independent checks and collects all their errors; <see cref="Then{R}"/>
/// runs a check that needs the value.
/// </remarks>
public abstract record Result<T>
{
    private Result() { }

    /// <summary>A legal value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record Ok(T Value) : Result<T>;

    /// <summary>No value, with the reasons.</summary>
    /// <param name="Errors">
    /// All of them, in the order of the checks; empty where a different check reports the cause (a misspelled key).
    /// </param>
    public sealed record Failed(IReadOnlyList<SpecError> Errors) : Result<T>;

    /// <summary>The errors; none for a value.</summary>
    public IReadOnlyList<SpecError> ErrorsOrNone => Match(static _ => [], static errors => errors);

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<T, R> ok, Func<IReadOnlyList<SpecError>, R> failed) => this switch
    {
        Ok value => ok(value.Value),
        Failed failure => failed(failure.Errors),
        _ => throw new InvalidOperationException("Result has two cases."),
    };

    /// <summary>The value mapped.</summary>
    public Result<R> Select<R>(Func<T, R> map) => Then(value => Result.Of(map(value)));

    /// <summary>
    /// The value, or a failure without errors: for a check that needs a value whose errors are reported elsewhere.
    /// </summary>
    public Result<T> WithoutErrors() => Match(_ => this, static _ => new Failed([]));

    /// <summary>A check that needs the value.</summary>
    public Result<R> Then<R>(Func<T, Result<R>> next) => Match(next, static errors => new Result<R>.Failed(errors));

    /// <summary>The value, or the errors of checks on the complete value.</summary>
    public Result<T> Ensure(Func<T, IEnumerable<SpecError>> check) => Then(value =>
        check(value).ToArray() is { Length: > 0 } errors ? new Failed(errors) : this);
}

/// <summary>Ways to make and combine results.</summary>
public static class Result
{
    /// <summary>A value.</summary>
    public static Result<T> Of<T>(T value) => new Result<T>.Ok(value);

    /// <summary>One error.</summary>
    public static Result<T> Fail<T>(SpecError error) => new Result<T>.Failed([error]);

    /// <summary>All values, or all errors.</summary>
    public static Result<EquatableArray<T>> All<T>(IEnumerable<Result<T>> results)
        where T : IEquatable<T>
    {
        var all = results.ToArray();
        return all.SelectMany(static r => r.ErrorsOrNone).ToArray() is { Length: > 0 } errors
            ? new Result<EquatableArray<T>>.Failed(errors)
            : Of(all.OfType<Result<T>.Ok>().Select(static ok => ok.Value).ToEquatableArray());
    }

    /// <summary>Joins two independent results and collects their errors.</summary>
    public static Result<R> Apply<A, B, R>(this (Result<A> A, Result<B> B) both, Func<A, B, R> join) => both switch
    {
        (Result<A>.Ok a, Result<B>.Ok b) => Of(join(a.Value, b.Value)),
        _ => new Result<R>.Failed([.. both.A.ErrorsOrNone, .. both.B.ErrorsOrNone]),
    };

    /// <summary>Joins three independent results and collects their errors.</summary>
    public static Result<R> Apply<A, B, C, R>(this (Result<A> A, Result<B> B, Result<C> C) all, Func<A, B, C, R> join) =>
        ((all.A, all.B).Apply(static (a, b) => (a, b)), all.C).Apply((ab, c) => join(ab.a, ab.b, c));

    /// <summary>Joins four independent results and collects their errors.</summary>
    public static Result<R> Apply<A, B, C, D, R>(this (Result<A> A, Result<B> B, Result<C> C, Result<D> D) all, Func<A, B, C, D, R> join) =>
        ((all.A, all.B).Apply(static (a, b) => (a, b)), (all.C, all.D).Apply(static (c, d) => (c, d)))
        .Apply((ab, cd) => join(ab.a, ab.b, cd.c, cd.d));

    /// <summary>Joins five independent results and collects their errors.</summary>
    public static Result<R> Apply<A, B, C, D, E, R>(
        this (Result<A> A, Result<B> B, Result<C> C, Result<D> D, Result<E> E) all, Func<A, B, C, D, E, R> join) =>
        ((all.A, all.B).Apply(static (a, b) => (a, b)), (all.C, all.D, all.E).Apply(static (c, d, e) => (c, d, e)))
        .Apply((ab, cde) => join(ab.a, ab.b, cde.c, cde.d, cde.e));
}
