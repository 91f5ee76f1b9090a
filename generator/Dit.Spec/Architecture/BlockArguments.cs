namespace Dit.Spec;

/// <summary>What the blocks of a network take beside the tokens and rotary positions.</summary>
/// <param name="Condition">The name of what embeds timestep and condition.</param>
/// <param name="Shared">The layer of it that all blocks share (adaLN-single); null for none.</param>
/// <param name="Context">The tokens that they attend to beside that; null for none.</param>
internal sealed record BlockArguments(string Condition, Member.Chain? Shared, SessionContext? Context)
{
    /// <summary>The arguments by what they are; null where a session cannot give them.</summary>
    /// <param name="evaluation">The network.</param>
    /// <param name="given">The arguments.</param>
    /// <param name="needed">The statements that make a value.</param>
    public static BlockArguments? Of(
        Evaluation evaluation, IReadOnlyList<Value> given, Func<string, EquatableArray<Statement>> needed)
    {
        string[] names = [.. given.OfType<Value.Name>().Select(static name => name.Text)];
        if (names.Length != given.Count || names.Length == 0) return null;
        var (condition, shared) = Shares(evaluation.Module, names[0]);
        if (names.Length == 1) return new(condition, shared, null);
        var (masks, others) = (names.Where(IsFlag).ToArray(), names.Skip(1).Where(name => !IsFlag(name)).ToArray());
        if (Rank(names[0]) != 2 || masks.Length > 1 || others is not [var context] || Rank(context) != 3) return null;
        var statements = needed(context);
        return statements.SelectMany(static let => ((Statement.Let)let).Value.Names).Contains(evaluation.Module.Arguments[1].Name)
            ? null // they change with the time
            : new(condition, shared, new(context, Shape(context)[1].Size, masks.FirstOrDefault(), statements));

        bool IsFlag(string name) =>
            evaluation.Module.Arguments.Any(argument => argument.Name == name && argument.Kind == ValueKind.Flag);

        int Rank(string name) => Shape(name).Count;

        EquatableArray<Dim> Shape(string name) =>
            evaluation.Statements.FirstOrDefault(one => one.Statement.Label == name)?.Values[0].Shape
            ?? evaluation.Module.Arguments.First(argument => argument.Name == name).Shape;
    }

    // A SiLU and a linear layer of the condition stand for it.
    private static (string Condition, Member.Chain? Shared) Shares(Module network, string name) =>
        network.Body.OfType<Statement.Let>().FirstOrDefault(let => let.Name == name)?.Value
            is Value.Call { Arguments: [Value.Name condition] } call
        && network.Find(call.Member) is Member.Chain chain && BlockReader.IsRegression(chain)
            ? (condition.Text, chain)
            : (name, null);
}
