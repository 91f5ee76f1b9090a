namespace Dit.Spec;

/// <summary>A YAML node with its place in the file: what the binder reads.</summary>
/// <param name="At">Where the node stands.</param>
internal abstract record SpecNode(TextRange At)
{
    /// <summary>What the node is, for messages: <c>a mapping</c>.</summary>
    public abstract string Kind { get; }
}

/// <summary>A single value.</summary>
/// <param name="Text">Its text, without quotes.</param>
/// <param name="Quoted">Whether it was quoted, and so is a text even if it looks like a number.</param>
/// <param name="At">Where the node stands.</param>
internal sealed record ScalarNode(string Text, bool Quoted, TextRange At) : SpecNode(At)
{
    /// <summary>Whether it stands for no value: <c>width:</c>, <c>width: ~</c> and <c>width: null</c>.</summary>
    public bool IsNull => !Quoted && Text is ("" or "~" or "null" or "Null" or "NULL");

    public override string Kind => IsNull ? "nothing" : Quoted ? $"the text '{Shown.Text(Text)}'" : $"'{Shown.Text(Text)}'";
}

/// <summary>A list.</summary>
/// <param name="Items">Its items in order.</param>
/// <param name="At">Where the node stands.</param>
internal sealed record ListNode(IReadOnlyList<SpecNode> Items, TextRange At) : SpecNode(At)
{
    public override string Kind => "a list";
}

/// <summary>Keys and values, in the order of the file; duplicates are still there.</summary>
/// <param name="Entries">Key and value pairs.</param>
/// <param name="At">Where the node stands.</param>
internal sealed record MappingNode(IReadOnlyList<SpecEntry> Entries, TextRange At) : SpecNode(At)
{
    public override string Kind => "a mapping";

    /// <summary>Where a key that is absent would have stood; the first key unless something better is known.</summary>
    public TextRange Place { get => place ?? (Entries.Count > 0 ? Entries[0].Key.At : At); init => place = value; }

    private readonly TextRange? place;

    public SpecNode? this[string key] => Entries.FirstOrDefault(entry => entry.Key.Text == key)?.Value;
}

/// <summary>One line of a mapping.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
internal sealed record SpecEntry(ScalarNode Key, SpecNode Value);
