namespace Dit.Spec;

/// <summary>One mapping to one model: independent checks first, all of them, then the checks that look at several values.</summary>
internal static class ModelBinder
{
    /// <summary>Attention looks at tokens by tokens; beyond this a model is a slip of the pen.</summary>
    private const int MaxTokens = 65536;

    private static readonly (string, bool?)[] Backbones = [("dit", true), ("u-vit", null), ("unidiffuser", null)];

    private static readonly (string, Autoencoder?)[] Autoencoders = [("none", Autoencoder.None), ("kl-f8", Autoencoder.KlF8)];

    /// <summary>The keys of a model besides its name.</summary>
    public static IReadOnlyList<string> Keys { get; } =
        ["backbone", "depth", "width", "heads", "patch_size", "mlp_ratio", "input", "conditioning", "diffusion", "autoencoder", "samplers"];

    /// <param name="node">The mapping, a family's matrix already put in.</param>
    /// <param name="nameKey">The key that holds the name: <c>model</c>, or <c>family</c> for a family's member.</param>
    public static Result<DeclaredModel> Bind(MappingNode node, string nameKey)
    {
        var top = new Fields(node, "", [nameKey, .. Keys]);
        var diffusion = DiffusionBinder.Bind(top);
        return ((top.OnlyAllowed(), top.Choice("backbone", Backbones, true), Name(top, nameKey)).Apply(static (_, _, name) => name),
                Transformer(top),
                (Input(top), PatchFitsInput(top)).Apply(static (input, _) => input),
                (ConditioningBinder.Bind(top), diffusion).Apply(static (conditioning, process) => (conditioning, process)),
                (top.Choice<Autoencoder>("autoencoder", Autoencoders, Autoencoder.None), SamplerBinder.Bind(top, diffusion)).Apply(static (autoencoder, samplers) => (autoencoder, samplers)))
            .Apply((name, transformer, input, condition, rest) => new DeclaredModel(
                new ModelSpec(name, transformer.Depth, transformer.Width, transformer.Heads, transformer.PatchSize, transformer.HiddenWidth,
                    input, condition.conditioning, condition.process, rest.autoencoder, rest.samplers),
                top.At(nameKey)));
    }

    private sealed record TransformerShape(int Depth, int Width, int Heads, int PatchSize, int HiddenWidth);

    private static Result<string> Name(Fields top, string key) => top.Text(key, "a name such as DiT-XL/2").Then(name =>
        Result.Of(name).Ensure(_ => NameErrors(name, Identifier.OfModel(name), top.At(key))));

    private static IEnumerable<SpecError> NameErrors(string name, string identifier, TextRange at)
    {
        if (name.Any(Identifier.IsUnprintable))
            yield return new(Rule.BadName, "The name holds a line break or another character that cannot be printed; write it on one line, as in DiT-XL/2", at);
        else if (!Identifier.IsValid(identifier))
            yield return new(Rule.BadName, $"'{name}' gives no C# class name; start it with a letter, as in DiT-XL/2, and avoid C# keywords", at);
        else if (!Identifier.IsFreeForModel(identifier))
            yield return new(Rule.BadName, $"'{name}' gives the class name {identifier}, which generated code uses already; choose another, such as My{identifier}", at);
    }

    private static Result<int> Patch(Fields top) => top.Int("patch_size", 1, 256);

    private static Result<TransformerShape> Transformer(Fields top)
    {
        var (width, heads, ratio) = (top.Int("width", 1, 16384), top.Int("heads", 1, 1024), top.Number("mlp_ratio", 0.01, 16, fallback: 4));
        var split = (width, heads).Apply(static (w, h) => (w, h)).Ensure(x => HeadsDivideWidth(top, x.w, x.h));
        var hidden = (width, ratio).Apply(static (w, r) => (w, r)).Ensure(x => HiddenIsWhole(top, x.w, x.r)).Select(static x => (int)Math.Round(x.w * x.r));
        // A value's own error comes with each check that needs it; the file reports it once.
        return (top.Int("depth", 1, 1000), split, width.Ensure(w => MultipleOfFour(top, w, heads)), Patch(top), hidden)
            .Apply(static (depth, x, _, patch, hiddenWidth) => new TransformerShape(depth, x.w, x.h, patch, hiddenWidth));
    }

    private static IEnumerable<SpecError> HeadsDivideWidth(Fields top, int width, int heads) => width % heads == 0 ? [] :
        [new(Rule.HeadsDivideWidth, $"Width {width} is not divisible by {heads} heads; {Nearest(width, FourTimes(heads))}", top.At("width"))];

    private static IEnumerable<SpecError> MultipleOfFour(Fields top, int width, Result<int> heads) => width % 4 == 0 ? [] :
        [new(
            Rule.WidthMultipleOfFour,
            $"Width {width} is not a multiple of 4, which the 2-D sin-cos positions need; {Nearest(width, FourTimes(heads.Match(static h => h, static _ => 1)))}",
            top.At("width"))];

    private static IEnumerable<SpecError> HiddenIsWhole(Fields top, int width, double ratio)
    {
        var hidden = Math.Max(1, Math.Round(width * ratio));
        return Math.Abs(width * ratio - hidden) <= 1e-6 ? [] :
            [new(Rule.HiddenWidthIsWhole, FormattableString.Invariant($"Width {width} times mlp_ratio {ratio} is {width * ratio}, not a whole number of hidden channels; mlp_ratio {hidden / width} gives {hidden}"), top.At("mlp_ratio"))];
    }

    private static readonly string[] InputKeys = ["channels", "size"];

    private static Result<InputSpec> Input(Fields top) => top.Nested("input", required: true, InputKeys).Then(static input =>
        (input.OnlyAllowed(), input.Int("channels", 1, 1024), Size(input)).Apply(static (_, channels, size) => new InputSpec(channels, size.Height, size.Width)));

    private static Result<(int Height, int Width)> Size(Fields input) => input.Required("size", "a number of (latent) pixels or [height, width]", static node =>
    {
        return node switch
        {
            ListNode { Items.Count: 2 } list => (Side(list.Items[0]), Side(list.Items[1])).Apply(static (height, width) => (height, width)),
            ScalarNode => Side(node).Select(static side => (side, side)),
            _ => Result.Fail<(int, int)>(new(Rule.WrongType, $"'input.size' must be one number, or [height, width]; it is {node.Kind}", node.At)),
        };

        static Result<int> Side(SpecNode node) => Fields.ToInt(node, "input.size").Then(side => side is >= 1 and <= 16384
            ? Result.Of(side)
            : Result.Fail<int>(new(Rule.OutOfRange, FormattableString.Invariant($"'input.size' is {side}; it must be from 1 to 16384"), node.At)));
    });

    private static Result<bool> PatchFitsInput(Fields top) =>
        (Patch(top), top.Nested("input", required: true, InputKeys).Then(Size)).Apply(static (patch, size) => (patch, size))
        .Ensure(x => PatchErrors(top.At("patch_size"), x.patch, x.size.Height, x.size.Width))
        .Select(static _ => true);

    private static IEnumerable<SpecError> PatchErrors(TextRange at, int patch, int height, int width)
    {
        if (height % patch != 0)
            yield return new(Rule.PatchDividesInput, $"Input height {height} is not divisible by patch size {patch}; {Nearest(height, patch)}", at);
        if (width % patch != 0 && width != height)
            yield return new(Rule.PatchDividesInput, $"Input width {width} is not divisible by patch size {patch}; {Nearest(width, patch)}", at);
        var tokens = (long)(height / patch) * (width / patch);
        if (tokens > MaxTokens)
            yield return new(Rule.TokensInRange, $"Patches of {patch} cut an input of {height} x {width} into {tokens} tokens; at most {MaxTokens} are possible, so take larger patches or a smaller input", at);
    }

    /// <summary>The multiple of <paramref name="unit"/> that a reader would take instead.</summary>
    private static string Nearest(int value, int unit)
    {
        var below = value / unit * unit;
        return below > 0 && value - below <= unit / 2 ? $"{below} is" : $"{below + unit} is";
    }

    // The least number that both four and the heads divide.
    private static int FourTimes(int heads) => heads % 4 == 0 ? heads : heads % 2 == 0 ? 2 * heads : 4 * heads;
}
