namespace Dit.Spec;

/// <summary>The <c>input</c> mapping and its division into patches.</summary>
internal static class InputBinder
{
    /// <summary>Attention is quadratic in the tokens; more than this is certainly a typo.</summary>
    private const int MaxTokens = 65536;

    public static Result<InputSpec> Bind(Fields top)
    {
        var input = top.Read(SpecKeys.Input);
        var size = input.Then(static fields => fields.Read(SpecKeys.Size));
        var spec =
            input.Then(static fields => (fields.OnlyAllowed(), fields.Read(SpecKeys.Channels)).Apply(static (_, channels) => channels));
        var cut = (top.Read(TransformerKeys.PatchSize), size).Apply(static (patch, size) => (patch, size))
            .Ensure(x => PatchErrors(top, x.patch, x.size.Height, x.size.Width));
        return (spec, cut).Apply(static (channels, x) => new InputSpec(channels, x.size.Height.Value, x.size.Width.Value));
    }

    /// <summary>Location of the input's channels.</summary>
    public static TextRange AtChannels(Fields top) =>
        top.Read(SpecKeys.Input).Match(static fields => fields.At(SpecKeys.Channels), _ => top.At(SpecKeys.Input));

    private static IEnumerable<SpecError> PatchErrors(Fields top, int patch, Located height, Located width)
    {
        var at = top.At(TransformerKeys.PatchSize);
        var isSquare = height.At == width.At;
        if (height.Value % patch != 0)
            yield return Suggest("height", height, side => Tokens(side, isSquare ? side : width.Value, patch) <= MaxTokens);
        if (width.Value % patch != 0 && !isSquare)
            yield return Suggest("width", width, side => Tokens(height.Value, side, patch) <= MaxTokens);

        var tokens = Tokens(height.Value, width.Value, patch);
        if (tokens > MaxTokens)
            yield return TooMany(height.Value, width.Value, patch, tokens, at);

        SpecError Suggest(string what, Located side, Func<int, bool> isLegal)
        {
            var error = new SpecError(
                Rule.PatchDividesInput, FormattableString.Invariant($"Input {what} {side.Value} is not divisible by patch size {patch}"),
                at);
            return Multiples.Nearest(side.Value, patch, SpecKeys.Size.Max, isLegal) is { } near
                ? Multiples.Suggest(error, near, side.At)
                : error;
        }
    }

    private static SpecError TooMany(int height, int width, int patch, long tokens, TextRange at)
    {
        var error = new SpecError(
            Rule.TokensInRange,
            FormattableString.Invariant($"Patches of {patch} cut an input of {height} x {width} into {tokens} tokens; ")
                + FormattableString.Invariant($"at most {MaxTokens} are possible, so take larger patches or a smaller input"),
            at);
        var larger = Enumerable.Range(patch, TransformerKeys.PatchSize.Max - patch + 1)
            .FirstOrDefault(p => height % p == 0 && width % p == 0 && Tokens(height, width, p) <= MaxTokens);
        return larger == 0
            ? error
            : (error with
            {
                Message = FormattableString.Invariant($"{error.Message}; patches of {larger} give {Tokens(height, width, larger)}"),
            })
            .Replace(FormattableString.Invariant($"{larger}"));
    }

    private static long Tokens(int height, int width, int patch) => (long)(height / patch) * (width / patch);
}
