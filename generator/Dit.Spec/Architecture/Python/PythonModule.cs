namespace Dit.Spec;

/// <summary>The class of a module in Python.</summary>
internal static class PythonModule
{
    private const int Indentation = 4;

    /// <summary>The classes of the modules below a network, each after those that it is made of.</summary>
    /// <exception cref="InvalidOperationException">
    /// Two different modules have one class name: the description is wrong.
    /// </exception>
    public static IEnumerable<string> Below(Module network, PythonSizes sizes) => Parts(network)
        .GroupBy(static module => module.Type)
        .Select(same => same.Distinct().Count() == 1
            ? Of(same.First(), sizes)
            : throw new InvalidOperationException($"Two modules are called {same.Key}."));

    /// <summary>The class of a module.</summary>
    public static string Of(Module module, PythonSizes sizes) =>
        Of(module, sizes, module.Type, module.Summary, module.Start, isNetwork: false);

    /// <summary>The class of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="sizes">How sizes are written.</param>
    /// <param name="name">The name of the class.</param>
    /// <param name="summary">What it is, without a period.</param>
    /// <param name="start">How it starts, without a period; null where there is nothing to say.</param>
    /// <param name="isNetwork">
    /// Whether it is the network itself, which sets the parameters of all modules below it.
    /// </param>
    public static string Of(Module module, PythonSizes sizes, string name, string summary, string? start, bool isNetwork)
    {
        var members = module.Members.Select(member => PythonMember.Of(member, sizes)).ToArray();
        string[] initialize = [.. members.SelectMany(static member => member.Initialize)];
        return string.Join("\n",
        [
            $"class {name}(nn.Module):",
            .. PythonText.Indent(PythonText.Docstring($"{summary}.", PythonText.MaxColumns - Indentation)),
            "",
            "    def __init__(self):",
            "        super().__init__()",
            .. PythonText.Indent(members.SelectMany(static member => member.Construct), 2),
            .. isNetwork ? new[] { "        self.initialize_weights()" } : [],
            "",
            .. PythonText.Indent(Forward(module, sizes)),
            .. initialize.Length == 0 ? [] : PythonText.Indent(
            [
                "",
                "def initialize_weights(self):",
                .. start is null ? [] : PythonText.Indent(PythonText.Docstring($"{start}.", PythonText.MaxColumns - 2 * Indentation)),
                .. PythonText.Indent(initialize),
            ]),
        ]);
    }

    private static IEnumerable<string> Forward(Module module, PythonSizes sizes)
    {
        var (evaluation, _) = Evaluation.Of(module);
        string[] dropped = [.. PythonBody.Dropped(module)];
        var names = module.Arguments.Select(static argument => argument.Name);
        var results = string.Join(" and ", evaluation.Results.Select(static result => Shape.Text(result.Shape)));
        return
        [
            $"def forward({string.Join(", ", ["self", .. names, .. dropped.Select(static one => $"{PythonBody.Flags(one)}=None")])}):",
            "    \"\"\"",
            .. module.Arguments.Select(static argument => $"    {argument.Name}: {argument.Meaning}, {Shape.Text(argument.Shape)}."),
            .. dropped.Select(static argument =>
                $"    {PythonBody.Flags(argument)}: The samples whose {argument} is dropped, (N,), bool; None for no sample."),
            $"    Returns: {module.Returns}{(module.Returns.Length == 0 ? "" : ", ")}{results}.",
            "    \"\"\"",
            .. PythonText.Indent(new PythonBody(module, sizes).Lines(evaluation)),
        ];
    }

    private static IEnumerable<Module> Parts(Module module) => module.Members
        .Select(static member => member switch { Member.Child child => child.Module, Member.Repeated list => list.Module, _ => null })
        .Where(static below => below is not null)
        .SelectMany(static below => Parts(below!).Append(below!));
}
