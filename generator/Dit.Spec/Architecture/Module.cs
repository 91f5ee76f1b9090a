namespace Dit.Spec;

/// <summary>A module of a network as data: what it takes, what it is made of, and what it does.</summary>
/// <remarks>
/// Pipeline value: immutable, structural equality. It holds names, shapes and sentences of documentation, and no text
/// of any programming language: readings print it.
/// </remarks>
/// <param name="Type">The name of the class: <c>Block</c>.</param>
/// <param name="Summary">What it is, in a sentence without a period.</param>
/// <param name="Arguments">What it takes. Letters of these shapes are bound by what it is given.</param>
/// <param name="Members">What it is made of, in state-dict order.</param>
/// <param name="Body">What it does. The last statement is a <see cref="Statement.Return"/>, and no other is.</param>
/// <param name="Returns">What it gives, in words: <c>Tokens</c>.</param>
/// <param name="Start">
/// How its parameters start, in a sentence without a period; null where there is nothing to say.
/// </param>
public sealed record Module(
    string Type,
    string Summary,
    EquatableArray<Argument> Arguments,
    EquatableArray<Member> Members,
    EquatableArray<Statement> Body,
    string Returns,
    string? Start = null)
{
    /// <summary>The member of this name; null for none.</summary>
    public Member? Find(string name) => Members.FirstOrDefault(member => member.Name == name);

    /// <summary>
    /// Whether a member is a block: like those of a list, such as the block in the middle of a U-ViT.
    /// </summary>
    public bool IsBlock(Member? member) =>
        member is Member.Child child && Members.OfType<Member.Repeated>().Any(list => list.Module.Equals(child.Module));

    /// <summary>Whether initial values are drawn for it or for a module below it.</summary>
    public bool IsRandom => Members.Any(IsDrawn);

    private static bool IsDrawn(Member member) => member switch
    {
        Member.Linear linear => IsDrawn(linear.Start),
        Member.Patches patches => IsDrawn(patches.Start),
        Member.Convolution convolution => IsDrawn(convolution.Start),
        Member.Embedding embedding => IsDrawn(embedding.Start),
        Member.Table table => IsDrawn(table.Start),
        Member.Chain chain => chain.Links.Any(IsDrawn),
        Member.Child child => child.Module.IsRandom,
        Member.Repeated list => list.Module.IsRandom,
        _ => false,
    };

    private static bool IsDrawn(Initialization start) => start is Initialization.XavierUniform or Initialization.Normal;
}

/// <summary>What a module takes.</summary>
/// <param name="Name">The argument's name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Meaning">What it is, in words: <c>Tokens</c>.</param>
/// <param name="Kind">What its elements are.</param>
public sealed record Argument(string Name, EquatableArray<Dim> Shape, string Meaning, ValueKind Kind = ValueKind.Real);

/// <summary>What the elements of a value are.</summary>
public enum ValueKind
{
    /// <summary>Real numbers.</summary>
    Real,

    /// <summary>Indices into a table.</summary>
    Index,

    /// <summary>Real numbers with a flag for each sample: whether its condition is dropped.</summary>
    Droppable,

    /// <summary>Truth values.</summary>
    Flag,
}
