using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>The classes of a network's modules.</summary>
internal static class ModuleEmitter
{
    /// <summary>Every module below a network that the runtime does not have, each after those that hold it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="session">The steps of each module, by its class; null where sessions call the model.</param>
    public static string[] All(Module network, SessionNetwork? session) => [.. Below(network)
        .GroupBy(static module => module.Type)
        .Select(same =>
            same.Distinct().Count() == 1
                ? Emit(same.First(), session)
                : throw new InvalidOperationException($"Two modules are called {same.Key}.")),
];

    private static IEnumerable<Module> Below(Module module) => module.Members
        .Select(static member => member switch { Member.Child child => child.Module, Member.Repeated list => list.Module, _ => null })
        .Where(static below => below is not null && !ReadyModules.Has(below))
        .SelectMany(static below => new[] { below! }.Concat(Below(below!)));

    private static string Emit(Module module, SessionNetwork? session)
    {
        var (evaluation, _) = Evaluation.Of(module);
        var code = module.Members.Select(MemberCode.Of).ToArray();
        var results = evaluation.Results.Count == 1 ? "Tensor" : $"({string.Join(", ", evaluation.Results.Select(static _ => "Tensor"))})";
        return Code.AlignComments($$"""
            /// <summary>{{module.Summary}}.</summary>
            private sealed class {{module.Type}} : {{Base(module, results)}}
            {
            {{Code.Indent(Lines(code, static one => one.Fields))}}

                public {{module.Type}}(Device device, ScalarType dtype) : base(nameof({{module.Type}}))
                {
            {{Code.Indent(Lines(code, static one => one.Construct), 2)}}

            {{Code.Indent(Lines(code, static one => one.Register), 2)}}
                }

            {{Code.Indent(Docs(module, evaluation))}}
                public {{Method(module, results)}}({{string.Join(", ", module.Arguments.Select(static argument => $"Tensor {argument.Name}"))}})
                {
                    using var scope = NewDisposeScope();
            {{Code.Indent(string.Join("\n", BodyCode.Lines(evaluation)), 2)}}
                }
            {{(session is null || !session.Modules.TryGetValue(module.Type, out var ops) ? "" : $"\n{Code.Indent(SessionEmitter.Steps(module, ops))}\n")}}
            {{Code.Indent(Initialize(module, code))}}

                protected override void RegisterComponents() { }
            }
            """);
    }

    // TorchSharp has no base class for modules without arguments: a method of the same name stands for that of others.
    private static string Base(Module module, string results) =>
        module.Arguments.Count == 0 ? "nn.Module" : $"nn.Module<{string.Concat(module.Arguments.Select(static _ => "Tensor, "))}{results}>";

    private static string Method(Module module, string results) =>
        module.Arguments.Count == 0 ? $"{results} call" : $"override {results} forward";

    /// <summary>Lines of all members.</summary>
    public static string Lines(IEnumerable<MemberCode> members, Func<MemberCode, string[]> of) => string.Join("\n", members.SelectMany(of));

    private static string Docs(Module module, Evaluation evaluation) => string.Join("\n",
    [
        .. module.Arguments.Select(static argument =>
            $"/// <param name=\"{argument.Name}\">{argument.Meaning}, {Shape.Text(argument.Shape)}.</param>"
        ),
        $"/// <returns>{module.Returns}, "
            + $"{string.Join(" and ", evaluation.Results.Select(static result => Shape.Text(result.Shape)))}.</returns>",
    ]);

    private static string Initialize(Module module, IEnumerable<MemberCode> code) => $$"""
        {{Code.LineIf(module.Start is { } start ? $"/// <summary>{start}.</summary>" : null)}}
        internal void Initialize({{(module.IsRandom ? "Generator random" : "")}})
        {
        {{Code.Indent(Lines(code, static one => one.Initialize))}}
        }
        """.Replace("\r\n", "\n").WithoutLeftOutLines();
}
