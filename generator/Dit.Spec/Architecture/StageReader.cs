namespace Dit.Spec;

/// <summary>Reads the statements of a network behind its tokens: blocks, the last layer, and the image.</summary>
/// <param name="network">The network.</param>
/// <param name="tokens">What the tokens are called, whatever they have passed through.</param>
/// <param name="image">How they are made.</param>
/// <param name="condition">The name of what embeds timestep and condition.</param>
/// <param name="arguments">What each block takes besides.</param>
/// <param name="contextTokens">M, where the condition is tokens.</param>
/// <param name="rotary">Names of rotary positions.</param>
internal sealed class StageReader(
    Module network, string tokens, SessionImage image, string condition, EquatableArray<Value> arguments, long contextTokens,
    EquatableArray<string> rotary)
{
    private string? patches; // what the last layer gives

    public List<SessionStage> Stages { get; } = [];

    /// <summary>The modules that they are of.</summary>
    public List<Module> Modules { get; } = [];

    /// <summary>Reads all statements; null, or why one of them cannot be a stage.</summary>
    public string? Read() => network.Body
        .SkipWhile(statement => statement is not Statement.Let let || let.Name != tokens)
        .Skip(1)
        .Select(Read)
        .FirstOrDefault(static because => because is not null);

    private string? Read(Statement statement) => statement switch
    {
        Statement.ForEach { Streams: [var stream] } loop
            when stream == tokens && loop.Arguments == arguments && network.Find(loop.List) is Member.Repeated list =>
            Then(new SessionStage.Each(loop.List, loop.Skip == Skip.Push), list.Module),
        Statement.Let { Value: Value.Call call } let when let.Name == tokens
            && call.Arguments == new EquatableArray<Value>([tokens, .. arguments])
            && network.Find(call.Member) is Member.Child block =>
            Then(new SessionStage.One(call.Member), block.Module),
        Statement.Let let when rotary.Contains(let.Name) => null,
        Statement.Let { Value: Value.Call last } let when patches is null && let.Name != tokens => Last(let.Name, last),
        Statement.Return { Values: [var result] } => Result(result),
        _ => $"{statement.Label} is neither blocks nor a last layer",
    };

    // The last layer may be a module, or a norm and a linear layer of the network itself.
    private string? Last(string name, Value.Call last)
    {
        patches = name;
        return network.Find(last.Member) switch
        {
            Member.Child final when IsImage(last.Arguments[0]) && last.Arguments.Skip(1).All(IsCondition) => Then(
                new SessionStage.One(final.Name), final.Module),
            Member.Linear output when last.Arguments is [Value.Call { Arguments: [var x] } call] && IsImage(x)
                && network.Find(call.Member) is Member.Norm { IsAffine: true } norm =>
                Then(new SessionStage.Own(new SessionOp.LearnedNorm(norm))) ?? Then(new SessionStage.Own(new SessionOp.Output(output))),
            _ => "what follows the blocks is not one final layer",
        };
    }

    private bool IsCondition(Value value) => value is Value.Name name && name.Text == condition;

    // All tokens, or those of the image where the condition's are among them.
    private bool IsImage(Value value) => image.Joined is null
        ? value is Value.Name all && all.Text == tokens
        : value is Value.Tokens { X: Value.Name some } part && some.Text == tokens
            && part.First.Size == (image.IsContextFirst ? contextTokens : 0);

    private string? Result(Value value) => value switch
    {
        Value.Unpatchify { X: Value.Name x } when x.Text == patches => null,
        Value.Call { Arguments: [Value.Unpatchify { X: Value.Name x }] } call
            when x.Text == patches && network.Find(call.Member) is Member.Convolution layer =>
            Then(new SessionStage.Own(new SessionOp.Convolution(layer))),
        _ => "the result is not an image of what the last layer gives",
    };

    private string? Then(SessionStage stage, Module? module = null)
    {
        Stages.Add(stage);
        if (module is not null) Modules.Add(module);
        return null;
    }
}
