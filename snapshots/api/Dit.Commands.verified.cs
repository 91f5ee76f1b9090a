namespace Dit.Commands;

public static class DitTool
{
    public static Task<int> Run(IReadOnlyList<string> args, IReadOnlyList<ModelDefinition> models, DitToolOptions? options = null);
}

public sealed record DitToolOptions
{
    public DitToolOptions();
    public CancellationToken Cancellation { get; init; }
    public IReadOnlyList<Command> Commands { get; init; }
    public Action<RootCommand>? Configure { get; init; }
    public string? Description { get; init; }
    public TextWriter? Error { get; init; }
    public string? Name { get; init; }
    public TextWriter? Output { get; init; }
}
