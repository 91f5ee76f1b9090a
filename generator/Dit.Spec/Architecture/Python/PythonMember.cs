namespace Dit.Spec;

/// <summary>A member of a module in Python.</summary>
/// <param name="Construct">The statements of <c>__init__</c>.</param>
/// <param name="Initialize">The statements that set its parameters.</param>
internal sealed record PythonMember(string[] Construct, string[] Initialize)
{
    /// <summary>The code of a member.</summary>
    public static PythonMember Of(Member member, PythonSizes sizes) =>
        new([Construction(member, sizes)], [.. Initial(member, $"self.{member.Name}", sizes)]);

    /// <summary>The variable of a loop over a list: <c>block</c> of <c>blocks</c>.</summary>
    public static string Each(string list) => list.TrimEnd('s');

    private static string Construction(Member member, PythonSizes sizes) => member is Member.Table { IsBuffer: true } buffer
        ? $"self.register_buffer(\"{buffer.Name}\", torch.zeros({string.Join(", ", buffer.Sides.Select(sizes.Of))}))"
        : $"self.{member.Name} = {New(member, sizes)}";

    private static string New(Member member, PythonSizes sizes) => member switch
    {
        Member.Linear linear => $"nn.Linear({sizes.Of(linear.In)}, {sizes.Of(linear.Out)}{(linear.HasBias ? "" : ", bias=False")})",
        Member.Convolution convolution =>
            $"nn.Conv2d({convolution.In}, {convolution.Out}, kernel_size={convolution.Kernel}, padding={convolution.Kernel / 2})",
        Member.Patches patches =>
            $"nn.Conv2d({patches.Channels}, {sizes.Of(patches.Width)}, kernel_size={patches.Patch}, stride={patches.Patch})",
        Member.Norm norm => $"nn.{(norm.Kind == NormKind.Rms ? "RMSNorm" : "LayerNorm")}({sizes.Of(norm.Width)}"
            + $"{(norm.IsAffine ? "" : ", elementwise_affine=False")}, eps={PythonText.Literal(norm.Eps)})",
        Member.Embedding embedding => $"nn.Embedding({embedding.Rows}, {sizes.Of(embedding.Width)})",
        Member.Table table =>
            $"nn.Parameter(torch.zeros({string.Join(", ", table.Sides.Select(sizes.Of))})"
                + (table.IsTrained ? ")" : ", requires_grad=False)"),
        Member.Activate { Kind: Activation.Silu } => "nn.SiLU()",
        Member.Activate { Kind: Activation.GeluTanh } => "nn.GELU(approximate=\"tanh\")",
        Member.Activate => "nn.GELU()",
        Member.Chain chain => $"nn.Sequential({string.Join(", ", chain.Links.Select(link => New(link, sizes)))})",
        Member.Child child => $"{child.Module.Type}()",
        Member.Repeated list => $"nn.ModuleList({list.Module.Type}() for _ in range({list.Count}))",
        _ => throw new InvalidOperationException($"Unknown member {member}."),
    };

    private static IEnumerable<string> Initial(Member member, string name, PythonSizes sizes) => member switch
    {
        Member.Linear { HasBias: false } linear => [Set($"{name}.weight", linear.Start)],
        Member.Linear linear => Layer(name, linear.Start),
        Member.Convolution convolution => Layer(name, convolution.Start),
        Member.Patches patches => Layer(name, patches.Start),
        Member.Norm { IsAffine: true } => [$"{name}.reset_parameters()"], // one and zero
        Member.Embedding embedding => [Set($"{name}.weight", embedding.Start)],
        Member.Table { Start: Initialization.SinCosTable grid } table =>
            [$"{name}.data.copy_({SinCos(grid)}({sizes.Of(table.Sides.Last())}, rows={grid.Rows}, columns={grid.Columns}{Places(grid.Positions)}))"],
        Member.Table { Start: Initialization.RotaryTable grid } table =>
        [
            $"{name}.copy_(rotary_angles({sizes.Of(table.Sides.Last())}, rows={grid.Rows}, columns={grid.Columns})"
                + $".{(grid.IsSine ? "sin" : "cos")}())",
        ],
        Member.Table table => [Set(name, table.Start)],
        Member.Chain chain => chain.Links.SelectMany((link, i) => Initial(link, $"{name}[{i}]", sizes)),
        Member.Child child when Parameters.Of(child.Module).Any() => [$"{name}.initialize_weights()"],
        Member.Repeated list when Parameters.Of(list.Module).Any() =>
            [$"for {Each(list.Name)} in {name}:", $"    {Each(list.Name)}.initialize_weights()"],
        _ => [],
    };

    private static string SinCos(Initialization.SinCosTable grid) =>
        grid.Positions == PositionSpec.Default ? "sincos_positions" : "scaled_sincos_positions";

    private static string Places(PositionSpec positions) => positions == PositionSpec.Default
        ? ""
        : $", base={(positions.Base is { } size ? FormattableString.Invariant($"{size}") : "None")}, "
            + $"scale={PythonText.Literal(positions.Scale)}";

    private static string[] Layer(string name, Initialization start) => [Set($"{name}.weight", start), $"nn.init.zeros_({name}.bias)"];

    private static string Set(string parameter, Initialization start) => start switch
    {
        Initialization.Zero => $"nn.init.zeros_({parameter})",
        Initialization.One => $"nn.init.ones_({parameter})",
        Initialization.XavierUniform => $"xavier_uniform({parameter})",
        Initialization.Normal normal => $"nn.init.normal_({parameter}, std={PythonText.Literal(normal.Std)})",
        _ => throw new InvalidOperationException($"{parameter} cannot start from {start}."),
    };
}
