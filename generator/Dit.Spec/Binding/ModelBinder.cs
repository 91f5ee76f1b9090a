namespace Dit.Spec;

/// <summary>One mapping to one model: independent checks first, all of them, then the checks that look at several values.</summary>
internal static class ModelBinder
{
    private static readonly string[] Keys =
    [
        "backbone", "depth", "width", "heads", "patch_size", "mlp_ratio", "input", "conditioning", "diffusion", "autoencoder", "samplers",
    ];

    private static readonly (string, bool?)[] Backbones = [("dit", true), ("u-vit", null), ("unidiffuser", null)];

    private static readonly (string, Autoencoder?)[] Autoencoders = [("none", Autoencoder.None), ("kl-f8", Autoencoder.KlF8)];

    /// <param name="node">The mapping, a family's matrix already put in.</param>
    /// <param name="nameKey">The key that holds the name: <c>model</c>, or <c>family</c> for a family's member.</param>
    public static Result<DeclaredModel> Bind(MappingNode node, string nameKey)
    {
        var top = new Fields(node, "", [nameKey, .. Keys]);
        var diffusion = DiffusionBinder.Bind(top);
        var samplers = diffusion.Match(
            process => SamplerBinder.Bind(top, process),
            _ => SamplerBinder.Bind(top, null));
        return ((top.OnlyAllowed(), top.Choice("backbone", Backbones, true), Name(top, nameKey)).Apply(static (_, _, name) => name),
                Transformer(top),
                Input(top).Then(input => PatchDividesInput(top, input)),
                (ConditioningBinder.Bind(top), diffusion).Apply(static (conditioning, process) => (conditioning, process)),
                (top.Choice<Autoencoder>("autoencoder", Autoencoders, Autoencoder.None), samplers).Apply(static (autoencoder, list) => (autoencoder, list)))
            .Apply((name, transformer, input, condition, rest) => new DeclaredModel(
                new ModelSpec(name, transformer.Depth, transformer.Width, transformer.Heads, transformer.PatchSize, transformer.HiddenWidth,
                    input, condition.conditioning, condition.process, rest.autoencoder, rest.list),
                top.At(nameKey)));
    }

    private sealed record TransformerShape(int Depth, int Width, int Heads, int PatchSize, int HiddenWidth);

    private static Result<string> Name(Fields top, string key) => top.Text(key, "a name such as DiT-XL/2").Then(name =>
        Identifier.OfModel(name) is var identifier && Identifier.IsFreeForModel(identifier)
            ? Result.Of(name)
            : Result.Fail<string>(new(Rule.BadName, Identifier.IsValid(identifier)
                ? $"'{name}' gives the class name {identifier}, which generated code uses already; choose another, such as My{identifier}"
                : $"'{name}' gives no C# class name; start it with a letter, as in DiT-XL/2, and avoid C# keywords", top.At(key))));

    private static Result<TransformerShape> Transformer(Fields top) =>
        (top.Int("depth", 1, 1000), Width(top), top.Int("patch_size", 1, 1024)).Apply(static (depth, width, patch) =>
            new TransformerShape(depth, width.Width, width.Heads, patch, width.Hidden));

    private static Result<(int Width, int Heads, int Hidden)> Width(Fields top) =>
        (top.Int("width", 1, 65536), top.Int("heads", 1, 1024), top.Number("mlp_ratio", 0.01, 64, fallback: 4))
        .Apply(static (width, heads, ratio) => (width, heads, ratio))
        .Ensure(w => WidthErrors(top, w.width, w.heads, w.ratio))
        .Select(static w => (w.width, w.heads, (int)Math.Round(w.width * w.ratio)));

    private static IEnumerable<SpecError> WidthErrors(Fields top, int width, int heads, double ratio)
    {
        if (width % heads != 0)
            yield return new(Rule.HeadsDivideWidth, $"Width {width} is not divisible by {heads} heads; {Nearest(width, heads)}", top.At("width"));
        if (width % 4 != 0)
            yield return new(Rule.WidthMultipleOfFour, $"Width {width} is not a multiple of 4, which the 2-D sin-cos positions need; {Nearest(width, 4)}", top.At("width"));
        if (Math.Abs(width * ratio - Math.Round(width * ratio)) > 1e-6 || width * ratio < 1)
            yield return new(Rule.HiddenWidthIsWhole, FormattableString.Invariant(
                $"Width {width} times mlp_ratio {ratio} is {width * ratio}, not a whole number of hidden channels; {Math.Max(1, Math.Round(ratio))} would be"), top.At("mlp_ratio"));
    }

    private static Result<InputSpec> Input(Fields top) => top.Nested("input", required: true, keys: ["channels", "size"]).Then(static input =>
        (input.OnlyAllowed(), input.Int("channels", 1, 4096), input.Parse("size", "a number of (latent) pixels or [height, width]", static node => Size(node)))
        .Apply(static (_, channels, size) => new InputSpec(channels, size.Height, size.Width)));

    private static Result<(int Height, int Width)> Size(SpecNode node)
    {
        return node switch
        {
            ListNode { Items.Count: 2 } list => (Side(list.Items[0]), Side(list.Items[1])).Apply(static (height, width) => (height, width)),
            ScalarNode => Side(node).Select(static side => (side, side)),
            _ => Result.Fail<(int, int)>(new(Rule.WrongType, $"'input.size' must be one number, or [height, width]; it is {node.Kind}", node.At)),
        };

        static Result<int> Side(SpecNode node) => Fields.ToInt(node, "input.size").Then(side => side is >= 1 and <= 16384
            ? Result.Of(side)
            : Result.Fail<int>(new(Rule.OutOfRange, $"'input.size' is {side}; it must be from 1 to 16384", node.At)));
    }

    private static Result<InputSpec> PatchDividesInput(Fields top, InputSpec input) => top.Int("patch_size", 1, 1024).Match(
        patch => Result.Of(input).Ensure(_ => new[] { (side: input.Height, what: "height"), (side: input.Width, what: "width") }
            .Where(s => s.side % patch != 0)
            .Take(input.Height == input.Width ? 1 : 2)
            .Select(s => new SpecError(
                Rule.PatchDividesInput, $"Input {s.what} {s.side} is not divisible by patch size {patch}; {Nearest(s.side, patch)}", top.At("patch_size")))),
        _ => Result.Of(input)); // the patch size's own error is reported with the transformer's

    /// <summary>The multiple of <paramref name="unit"/> that a reader would take instead.</summary>
    private static string Nearest(int value, int unit)
    {
        var below = value / unit * unit;
        return below > 0 && value - below <= unit / 2 ? $"{below} is" : $"{below + unit} is";
    }
}
