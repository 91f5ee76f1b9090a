using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The names and shapes of a model's checkpoint.</summary>
internal static class CheckpointEmitter
{
    /// <summary>The network's parameters; equal modules are written once, in a loop.</summary>
    public static string Map(Description description)
    {
        var lists = description.Network.Members.OfType<Member.Repeated>().ToArray();
        return string.Join("\n\n",
        [
            $$"""
            /// <summary>Every tensor of a checkpoint in the order of the state dict, {{description.Checkpoints}}.</summary>
            public static IReadOnlyList<CheckpointEntry> CheckpointMap { get; } =
            [
            {{Code.Indent(string.Join("\n", Parameters.Ordered(description.Network).SelectMany(member => Lines(description.Network, member, lists))))}}
            ];
            """,
            .. lists.Select(list => Entries(list, lists)),
        ]);
    }

    private static IEnumerable<string> Lines(Module network, Member member, Member.Repeated[] lists) => member is Member.Repeated list
        ? [$".. {Method(list, lists)}(),"]
        : Parameters.Of(network with { Members = EquatableArray.Of(member) }).Select(static p => $"{Entry($"\"{p.Name}\"", p)},");

    private static string Entries(Member.Repeated list, Member.Repeated[] lists)
    {
        var entries = Parameters.Of(list.Module).Select(p => $"yield return {Entry($"$\"{list.Name}.{{i}}.{p.Name}\"", p)};");
        return $$"""
            private static IEnumerable<CheckpointEntry> {{Method(list, lists)}}()
            {
                for (var i = 0; i < {{list.Count}}; i++)
                {
            {{Code.Indent(string.Join("\n", entries), 2)}}
                }
            }
            """;
    }

    // One list needs no name of its own.
    private static string Method(Member.Repeated list, Member.Repeated[] lists) =>
        lists.Length == 1 ? "RepeatedEntries" : $"{Pascal(list.Name)}Entries";

    private static string Pascal(string name) =>
        string.Concat(name.Split('_').Select(static word => char.ToUpperInvariant(word[0]) + word.Substring(1)));

    private static string Entry(string name, ModelParameter parameter) =>
        $"new CheckpointEntry({name}, {string.Join(", ", parameter.Shape)})";
}
