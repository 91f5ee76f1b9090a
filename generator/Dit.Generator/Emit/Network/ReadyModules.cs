using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>
/// The modules that the runtime has ready. One that differs from the runtime's in anything is generated instead.
/// </summary>
internal static class ReadyModules
{
    /// <summary>Whether the runtime has this module.</summary>
    public static bool Has(Module module) => Arguments(module) is not null;

    /// <summary>The class of a module: sizes are embedded as timesteps are.</summary>
    public static string Type(Module module) => module.Type == "SizeEmbedder" && Has(module) ? "TimestepEmbedder" : module.Type;

    /// <summary>The expression that makes a module.</summary>
    public static string New(Module module) =>
        $"new {Type(module)}({(Arguments(module) is { } arguments ? $"{arguments}, " : "")}device, dtype{Tail(module)})";

    private static string? Arguments(Module module) => module switch
    {
        { Type: "PatchEmbedding", Members: [Member.Patches patches], Arguments: [{ Shape: { Count: 4 } image }] }
            when module == StandardParts.PatchEmbedding(
                new InputSpec(patches.Channels, (int)image[2].Size, (int)image[3].Size), patches.Patch, patches.Tokens, patches.Width) =>
            $"channels: {patches.Channels}, width: {patches.Width.Size}, patch: {patches.Patch}",
        { Type: "TimestepEmbedder" } when Sinusoid(module) is { Features: 256 } time && Width(module) is { } width
            && module == StandardParts.TimestepEmbedder(time.Features, time.Intervals, width) => $"width: {width.Size}",
        { Type: "SizeEmbedder" } when Width(module) is { } width && module == StandardParts.SizeEmbedder(256, width) =>
            $"width: {width.Size}",
        { Type: "CaptionEmbedder", Arguments: [{ Shape: { Count: 3 } text }] }
            when CaptionWidth(module) is { } width
                && module.Members is [Member.Table, ..] is var hasNull
                && module == StandardParts.CaptionEmbedder((int)text[1].Size, (int)text[2].Size, hasNull, width) =>
            $"tokens: {text[1].Size}, textWidth: {text[2].Size}, width: {width.Size}, hasNull: {(hasNull ? "true" : "false")}",
        { Type: "LabelEmbedder", Members: [Member.Embedding table] } when module == StandardParts.LabelEmbedder(table.Rows, table.Width) =>
            $"rows: {table.Rows}, width: {table.Width.Size}",
        { Type: "TextEmbedder", Arguments: [{ Shape: { Count: 3 } text }] }
            when Width(module) is { } width
                && module.Members is [Member.Table, ..] is var hasNull
                && module == StandardParts.TextEmbedder((int)text[1].Size, (int)text[2].Size, hasNull, width) =>
            $"tokens: {text[1].Size}, textWidth: {text[2].Size}, width: {width.Size}, hasNull: {(hasNull ? "true" : "false")}",
        { Type: "RotaryPositions", Members: [Member.Table { Start: Initialization.RotaryTable grid } table, _] }
            when module == StandardParts.RotaryPositions(grid.Rows, grid.Columns, table.Sides[0], table.Sides.Last()) =>
            $"rows: {grid.Rows}, columns: {grid.Columns}, headWidth: {table.Sides.Last().Size}",
        _ => null,
    };

    // The official code takes 128 steps between time frequencies; nothing is written for them.
    private static string Tail(Module module) =>
        Has(module) && Sinusoid(module) is { Intervals: not 128 } time ? $", intervals: {time.Intervals}" : "";

    private static Value.Sinusoid? Sinusoid(Module module) =>
        module.Body is [Statement.Return { Values: [Value.Call { Arguments: [Value.Sinusoid sinusoid] }] }] ? sinusoid : null;

    private static Dim? CaptionWidth(Module module) =>
        module.Members.OfType<Member.Child>().FirstOrDefault()?.Module.Members.OfType<Member.Linear>().LastOrDefault()?.Out;

    private static Dim? Width(Module module) =>
        module.Members.OfType<Member.Chain>().LastOrDefault()?.Links.OfType<Member.Linear>().LastOrDefault()?.Out;
}
