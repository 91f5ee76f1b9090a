namespace Dit.Spec;

/// <summary>What is written in the boxes of a diagram.</summary>
internal static class DiagramLabels
{
    /// <summary>A sum.</summary>
    public static DiagramLabel Sum { get; } = new("+", "", "", DiagramKind.Sum);

    /// <summary>What a norm is followed by.</summary>
    public static DiagramLabel Modulation(Value.Modulate modulate) =>
        new(modulate.Shift is null ? "Scale" : "Scale, shift", "", "", DiagramKind.Modulation);

    /// <summary>An argument.</summary>
    public static DiagramLabel Argument(Argument argument) => new(argument.Meaning, argument.Name, "", DiagramKind.Argument);

    /// <summary>A norm.</summary>
    public static DiagramLabel Of(Member.Norm norm) => new(
        norm.Kind == NormKind.Rms ? "RMSNorm" : "LayerNorm", norm.Name,
        !norm.IsAffine ? "" : norm.Kind == NormKind.Rms ? "with a learned scale" : "with a learned scale and shift", DiagramKind.Norm);

    /// <summary>What made a value.</summary>
    public static DiagramLabel Of(Traced value) =>
        value.Member is { } member and not Member.Activate ? Of(member, value) : OfOperation(value);

    /// <summary>The same in lines: what it is, and its name in the state dict.</summary>
    public static IEnumerable<string> Lines(Traced value) => Of(value) switch
    {
        { Kind: DiagramKind.Module } label => [label.Name],
        { Name: "", Note: "" } label => [label.Title],
        { Name: "" } label => [$"{label.Title}, {label.Note}"],
        { Note.Length: 0 } label => [label.Title, label.Name],
        var label => [$"{label.Title}, {label.Note}", label.Name],
    };

    private static DiagramLabel Of(Member member, Traced value) => member switch
    {
        Member.Norm norm => Of(norm),
        Member.Linear linear => new("Linear", value.Path, $"{linear.In} to {linear.Out}", DiagramKind.Operation),
        Member.Patches patches =>
            new("Patches", value.Path, $"{patches.Patch} x {patches.Patch} x {patches.Channels} to {patches.Width}", DiagramKind.Operation),
        Member.Convolution convolution => new(
            "Convolution", value.Path, $"{convolution.Kernel} x {convolution.Kernel}, {convolution.In} to {convolution.Out}",
            DiagramKind.Operation),
        Member.Embedding embedding => new("Embedding", value.Path, $"{embedding.Rows} rows", DiagramKind.Operation),
        Member.Table table when value.Operation is Value.FillDropped => new("Fill dropped", table.Name, "", DiagramKind.Operation),
        Member.Table table when value.Operation is Value.AddTable => new(
            "Add table", table.Name, $"{table.Sides[0]} rows", DiagramKind.Operation),
        Member.Table table => new(table.Name, "", "", DiagramKind.Operation),
        Member.Child child => new(child.Module.Type, child.Name, child.Module.Summary, DiagramKind.Module),
        _ => throw new InvalidOperationException($"Unknown member {member}."),
    };

    private static DiagramLabel OfOperation(Traced value) => value.Operation switch
    {
        Value.Add => Sum,
        Value.Activate activate =>
            Operation(activate.Kind switch { Activation.Silu => "SiLU", Activation.GeluTanh => "GELU (tanh)", _ => "GELU" }),
        Value.SwiGlu => Operation("SwiGLU"),
        Value.SelfAttention attention => Operation("Self-attention", Note(attention)),
        Value.CrossAttention attention =>
            Operation("Cross-attention", $"{attention.Heads} heads{(attention.Mask is null ? "" : ", masked")}"),
        Value.JoinTokens => Operation("Join tokens"),
        Value.JoinFeatures => Operation("Join features"),
        Value.Tokens tokens =>
            Operation(tokens.First.Size == 0 ? $"First {tokens.Count} tokens" : $"{tokens.Count} tokens from {tokens.First}"),
        Value.AsToken => Operation("As one token"),
        Value.MeanOfTokens => Operation("Mean of tokens"),
        Value.Sinusoid time => Operation("Sinusoids", $"{time.Features} features"),
        Value.FillDropped => Operation("Condition"),
        Value.Unpatchify => Operation("Unpatchify"),
        Value.Modulate modulate => Operation(Modulation(modulate).Title),
        Value.Gated => Operation("Gated sum"),
        _ => throw new InvalidOperationException($"Unknown operation {value.Operation}."),
    };

    private static string Note(Value.SelfAttention attention) =>
        $"{attention.Heads} heads{(attention.Norms.Any() ? ", normed queries and keys" : "")}"
            + $"{(attention.Rotary is null ? "" : ", rotary positions")}";

    private static DiagramLabel Operation(string title, string note = "") => new(title, "", note, DiagramKind.Operation);
}
