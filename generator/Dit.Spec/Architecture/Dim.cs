namespace Dit.Spec;

/// <summary>One side of a shape: letters of the shape notation and a number, added up.</summary>
/// <remarks>
/// Two sides are equal when their letters are, whatever the numbers behind these: a description that confuses T with D
/// is wrong even for a model in which both are 64.
/// </remarks>
/// <param name="Letters">The letters, in the order in which they were added.</param>
/// <param name="Constant">The number beside them.</param>
public sealed record Dim(EquatableArray<DimLetter> Letters, long Constant)
{
    /// <summary>N, the batch. Readings that count look at one sample.</summary>
    public static Dim Batch { get; } = Letter("N", 1);

    /// <summary>How long the side is in this model.</summary>
    public long Size => Letters.Sum(static letter => letter.Factor * letter.Size) + Constant;

    /// <summary>Whether the side is one letter.</summary>
    public bool IsLetter => Constant == 0 && Letters is { Count: 1 } && Letters[0].Factor == 1;

    /// <summary>A side that has a letter.</summary>
    /// <param name="name">The letter: <c>T</c>.</param>
    /// <param name="size">How long it is in this model.</param>
    public static Dim Letter(string name, long size) => new(EquatableArray.Of(new DimLetter(1, name, size)), 0);

    /// <summary>A side that is a number.</summary>
    public static implicit operator Dim(long size) => new(default, size);

    /// <summary>Two sides, one behind the other: <c>T + M</c>.</summary>
    public static Dim operator +(Dim left, Dim right) => new(
        left.Letters.Concat(right.Letters)
            .GroupBy(static letter => (letter.Name, letter.Size))
            .Select(static same => new DimLetter(same.Sum(static letter => letter.Factor), same.Key.Name, same.Key.Size))
            .ToEquatableArray(),
        left.Constant + right.Constant);

    /// <summary>A side several times: <c>3 D</c>.</summary>
    public static Dim operator *(int times, Dim side) =>
        new(side.Letters.Select(letter => letter with { Factor = times * letter.Factor }).ToEquatableArray(), times * side.Constant);

    /// <summary>One of several equal parts; null where the side does not divide.</summary>
    public Dim? Part(int parts) => Letters.All(letter => letter.Factor % parts == 0) && Constant % parts == 0
        ? new(Letters.Select(letter => letter with { Factor = letter.Factor / parts }).ToEquatableArray(), Constant / parts)
        : null;

    /// <summary>The side with other sides in the place of its letters.</summary>
    /// <param name="letters">What each letter stands for; a letter that is not in it stays.</param>
    public Dim With(IReadOnlyDictionary<string, Dim> letters) => Letters.Aggregate(
        new Dim(default, Constant),
        (sum, letter) => sum + letter.Factor * (letters.TryGetValue(letter.Name, out var side) ? side : Letter(letter.Name, letter.Size)));

    /// <summary><c>D</c>, <c>3 D</c>, <c>T + M</c>, <c>4608</c>.</summary>
    public override string ToString()
    {
        var letters = Letters.Select(static letter => letter.Factor == 1 ? letter.Name : $"{letter.Factor} {letter.Name}");
        return Letters.Count == 0 ? $"{Constant}" : string.Join(" + ", Constant == 0 ? letters : [.. letters, $"{Constant}"]);
    }
}

/// <summary>A letter of a side.</summary>
/// <param name="Factor">How many times it counts.</param>
/// <param name="Name">The letter.</param>
/// <param name="Size">How long it is in this model.</param>
public sealed record DimLetter(int Factor, string Name, long Size);

/// <summary>Shapes: sides from the batch on.</summary>
public static class Shape
{
    /// <summary>The shape of these sides.</summary>
    public static EquatableArray<Dim> Of(params Dim[] sides) => new(sides);

    /// <summary><c>(N, T, D)</c>.</summary>
    public static string Text(EquatableArray<Dim> shape) => shape.Count == 1 ? $"({shape[0]},)" : $"({string.Join(", ", shape)})";

    /// <summary>Elements of one sample: the batch counts once.</summary>
    public static long Count(EquatableArray<Dim> shape) => shape.Aggregate(1L, static (count, side) => count * side.Size);

    /// <summary>The shape with another last side.</summary>
    internal static EquatableArray<Dim> WithLast(this EquatableArray<Dim> shape, Dim last) =>
        shape.Take(shape.Count - 1).Append(last).ToEquatableArray();

    /// <summary>The last side.</summary>
    internal static Dim Last(this EquatableArray<Dim> shape) => shape[shape.Count - 1];
}
