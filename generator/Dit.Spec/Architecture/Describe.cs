namespace Dit.Spec;

/// <summary>The words that descriptions are written in.</summary>
/// <remarks>
/// They take lists as arrays and collection expressions, which the constructors of <see cref="EquatableArray{T}"/> do
/// not.
/// </remarks>
public static class Describe
{
    /// <summary>A module; see <see cref="Spec.Module"/>.</summary>
    public static Module Module(
        string type, string summary, Argument[] arguments, Member[] members, Statement[] body, string returns, string? start = null) =>
        new(type, summary, new(arguments), new(members), new(body), returns, start);

    /// <summary>A layer or submodule applied.</summary>
    public static Value Call(string member, params Value[] arguments) => new Value.Call(member, new(arguments));

    /// <summary>A name for a value.</summary>
    public static Statement Let(string name, Value value) => new Statement.Let(name, value);

    /// <summary>A name for a value, and letters for its sides.</summary>
    public static Statement Let(string name, Value value, params Dim[] sides) => new Statement.Let(name, value, new(sides));

    /// <summary>Names for the equal parts of a value.</summary>
    public static Statement Split(string name, Value value, params string[][] groups) =>
        new Statement.Split(name, value, groups.Select(static group => new EquatableArray<string>(group)).ToEquatableArray());

    /// <summary>The modules of a list, one after the other.</summary>
    public static Statement ForEach(string list, string[] streams, Value[] arguments, Skip skip = Skip.None) =>
        new Statement.ForEach(list, new(streams), new(arguments), skip);

    /// <summary>What the module gives.</summary>
    public static Statement Return(params Value[] values) => new Statement.Return(new(values));

    /// <summary>left + right.</summary>
    public static Value Add(Value left, Value right) => new Value.Add(left, right);

    /// <summary>Sequences of tokens, one behind the other.</summary>
    public static Value JoinTokens(params Value[] parts) => new Value.JoinTokens(new(parts));

    /// <summary>Features of the same tokens, side by side.</summary>
    public static Value JoinFeatures(params Value[] parts) => new Value.JoinFeatures(new(parts));

    /// <summary>A vector as a sequence of one token.</summary>
    public static Value AsToken(Value x) => new Value.AsToken(x);

    /// <summary>Layers one after the other, named by their numbers.</summary>
    public static Member Chain(string name, params Member[] links) => new Member.Chain(name, new(links));
}
