namespace Dit.Spec;

/// <summary>One tensor of the state dict, a parameter or a buffer.</summary>
/// <param name="Name">Its name, which is the official checkpoint's.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Initialization">What a new model starts from.</param>
public sealed record ModelParameter(string Name, EquatableArray<long> Shape, Initialization Initialization)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, static (count, side) => count * side);

    /// <summary>Whether training changes it; a fixed position table it does not.</summary>
    public bool IsTrained => !Initialization.IsFixed && !IsBuffer;

    /// <summary>Whether it is a buffer, which counts as no parameter.</summary>
    public bool IsBuffer { get; init; } = Initialization is Initialization.RotaryTable;
}

/// <summary>The reading of a description that lists its parameters.</summary>
public static class Parameters
{
    /// <summary>Every tensor of a module, in the order of its state dict.</summary>
    /// <param name="module">The module.</param>
    /// <param name="prefix">What the names begin with: empty, or a name and a dot.</param>
    public static IEnumerable<ModelParameter> Of(Module module, string prefix = "") =>
        Ordered(module).SelectMany(member => Of(member, prefix + member.Name));

    /// <summary>
    /// A module's members in the order of its state dict: its own tensors come before those of its submodules.
    /// </summary>
    public static IEnumerable<Member> Ordered(Module module) => module.Members.OrderBy(static member => member is Member.Table ? 0 : 1);

    private static IEnumerable<ModelParameter> Of(Member member, string name) => member switch
    {
        Member.Linear { HasBias: false } linear => [Weight(name, linear.Start, linear.Out, linear.In)],
        Member.Linear linear => [Weight(name, linear.Start, linear.Out, linear.In), Bias(name, linear.Out)],
        Member.Convolution convolution =>
        [
            Weight(name, convolution.Start, convolution.Out, convolution.In, convolution.Kernel, convolution.Kernel),
            Bias(name, convolution.Out),
        ],
        Member.Patches patches =>
        [
            Weight(name, patches.Start, patches.Width, patches.Channels, patches.Patch, patches.Patch),
            Bias(name, patches.Width),
        ],
        Member.Norm { IsAffine: true, Kind: NormKind.Layer } norm =>
        [
            Weight(name, new Initialization.One(), norm.Width),
            Bias(name, norm.Width),
        ],
        Member.Norm { IsAffine: true } norm => [Weight(name, new Initialization.One(), norm.Width)],
        Member.Embedding embedding => [Weight(name, embedding.Start, embedding.Rows, embedding.Width)],
        Member.Table table => [new(name, Sizes(table.Sides), table.Start) { IsBuffer = table.IsBuffer }],
        Member.Chain chain => chain.Links.SelectMany((link, i) => Of(link, $"{name}.{i}")),
        Member.Child child => Of(child.Module, $"{name}."),
        Member.Repeated list => Enumerable.Range(0, list.Count).SelectMany(i => Of(list.Module, $"{name}.{i}.")),
        _ => [],
    };

    private static ModelParameter Weight(string name, Initialization start, params Dim[] sides) =>
        new($"{name}.weight", Sizes(sides), start);

    private static ModelParameter Bias(string name, Dim width) => new($"{name}.bias", Sizes([width]), new Initialization.Zero());

    private static EquatableArray<long> Sizes(IEnumerable<Dim> sides) => sides.Select(static side => side.Size).ToEquatableArray();
}
