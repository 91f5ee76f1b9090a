using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>A member of a module in C#.</summary>
/// <param name="Fields">Its fields, a line each.</param>
/// <param name="Construct">The statements that make it.</param>
/// <param name="Register">The statement that registers it under its name.</param>
/// <param name="Initialize">The statements that set its parameters.</param>
internal sealed record MemberCode(string[] Fields, string[] Construct, string[] Register, string[] Initialize)
{
    // TorchSharp has a class of that name as well.
    private const string Convolution = "global::Dit.Runtime.Convolution";

    private static readonly MemberCode None = new([], [], [], []);

    /// <summary>The code of a member; none for one without parameters, which the operations have built in.</summary>
    public static MemberCode Of(Member member) => member switch
    {
        Member.Linear linear => Module(linear.Name, "Linear", New(linear), Set(linear.Name, linear.Start)),
        Member.Convolution convolution => Module(
            convolution.Name,
            Convolution,
            $"new {Convolution}({convolution.In}, {convolution.Out}, kernel: {convolution.Kernel}, device, dtype, "
                + $"padding: {convolution.Kernel / 2})",
            Set(convolution.Name, convolution.Start)),
        Member.Embedding embedding => Module(
            embedding.Name,
            "EmbeddingTable",
            $"new EmbeddingTable(rows: {embedding.Rows}, width: {embedding.Width.Size}, device, dtype)",
            Set(embedding.Name, embedding.Start)),
        Member.Norm { IsAffine: true } norm => Module(
            norm.Name,
            Type(norm),
            $"new {Type(norm)}({norm.Width.Size}, device, dtype{Eps(norm)})",
            $"{norm.Name}.Initialize();"),
        Member.Table table => Of(table),
        Member.Chain chain => Of(chain),
        Member.Child child => Module(
            child.Name,
            ReadyModules.Type(child.Module),
            ReadyModules.New(child.Module),
            $"{child.Name}.Initialize({Random(child.Module)});"),
        Member.Repeated list => new(
            [$"private readonly ModuleList<{list.Module.Type}> {list.Name} = new();"],
            [$"for (var i = 0; i < {list.Count}; i++)", $"    {list.Name}.Add({ReadyModules.New(list.Module)});"],
            [RegisterModule(list.Name)],
            [$"foreach (var {Each(list.Name)} in {list.Name})", $"    {Each(list.Name)}.Initialize({Random(list.Module)});"]),
        _ => None,
    };

    /// <summary>The variable of a loop over a list: <c>block</c> of <c>blocks</c>.</summary>
    public static string Each(string list) => list.TrimEnd('s');

    /// <summary>The field of the linear layer in a chain: <c>mlp</c> in <c>text_mlp</c>.</summary>
    public static string Link(Member.Chain chain, int link) =>
        chain.Links[link].Name is { Length: > 0 } own ? own
        : chain.Links.Count(static one => one is Member.Linear) == 1
            ? chain.Name.Substring(chain.Name.LastIndexOf('_') + 1)
            : $"{chain.Name}_{link}";

    private static MemberCode Of(Member.Table table)
    {
        var sides = string.Join(", ", table.Sides.Select(static side => side.Size));
        var set = table.Start is Initialization.SinCosTable grid
            ? $"Init.SinCosPositions({table.Name}, Positions.Rows, Positions.Columns{Places(grid.Positions)});"
            : Set(table.Name, table.Start);
        if (table.IsBuffer) return new(
            [$"private readonly Tensor {table.Name}; // {Shape.Text(table.Sides)}, a buffer"],
            [$"{table.Name} = Layer.Buffer([{sides}], device, dtype);"],
            [$"register_buffer(nameof({table.Name}), {table.Name});"],
            [set]);
        return new(
            [$"private readonly Parameter {table.Name}; // {Shape.Text(table.Sides)}{(table.IsTrained ? "" : ", fixed")}"],
            [$"{table.Name} = Layer.Unset([{sides}], device, dtype{(table.IsTrained ? "" : ", trained: false")});"],
            [$"register_parameter(nameof({table.Name}), {table.Name});"],
            [set]);
    }

    // Where patches are counted, nothing is said.
    private static string Places(PositionSpec positions) =>
        positions == PositionSpec.Default ? "" : ", Positions.Scale, Positions.Base";

    private static MemberCode Of(Member.Chain chain)
    {
        var layers = chain
            .Links.Select((link, i) => (Link: link as Member.Linear, Field: Link(chain, i)))
            .Where(static one => one.Link is not null)
            .ToArray();
        var links = chain.Links.Select(
            (link, i) => $"(\"{i}\", {(link is Member.Activate activate ? New(activate.Kind) : Link(chain, i))})");
        return new(
            [.. layers.Select(static one => $"private readonly Linear {one.Field};"), $"private readonly Sequential {chain.Name};"],
            [
                .. layers.Select(static one => $"{one.Field} = {New(one.Link!)};"),
                $"{chain.Name} = nn.Sequential({string.Join(", ", links)});",
            ],
            [RegisterModule(chain.Name)],
            [.. layers.Select(static one => Set(one.Field, one.Link!.Start))]);
    }

    private static MemberCode Module(string name, string type, string made, string set) =>
        new([$"private readonly {type} {name};"], [$"{name} = {made};"], [RegisterModule(name)], [set]);

    private static string RegisterModule(string name) => $"register_module(nameof({name}), {name});";

    private static string New(Member.Linear linear) =>
        $"Layer.Linear({linear.In.Size}, {linear.Out.Size}, device, dtype{(linear.HasBias ? "" : ", hasBias: false")})";

    private static string New(Activation activation) => activation switch
    {
        Activation.Silu => "nn.SiLU()",
        Activation.GeluTanh => "nn.GELU(GELU.Approximate.tanh)",
        _ => "nn.GELU()",
    };

    private static string Type(Member.Norm norm) => norm.Kind == NormKind.Rms ? "RmsNorm" : "AffineLayerNorm";

    private static string Eps(Member.Norm norm) => BodyCode.IsOfficial(norm.Eps) ? "" : $", eps: {Code.Literal(norm.Eps)}";

    private static string Set(string field, Initialization start) => start switch
    {
        Initialization.Zero => $"Init.Zero({field});",
        Initialization.One => $"Init.One({field});",
        Initialization.XavierUniform => $"Init.XavierUniform({field}, random);",
        Initialization.Normal normal => $"Init.Normal({field}, {Code.Literal(normal.Std)}, random);",
        Initialization.RotaryTable grid => $"Init.Rotary{(grid.IsSine ? "Sines" : "Cosines")}({field}, {grid.Rows}, {grid.Columns});",
        _ => throw new InvalidOperationException($"{field} cannot start from {start}."),
    };

    private static string Random(Module module) => module.IsRandom ? "random" : "";
}
