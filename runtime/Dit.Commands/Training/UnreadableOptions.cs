using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What to do about images that cannot be read.</summary>
/// <param name="LargestPart">
/// The largest part of the images that is left out; with more, the run ends. Null leaves out none.
/// </param>
internal sealed record UnreadableChoice(double? LargestPart);

/// <summary>The options for images that cannot be read, of the commands that read folders of images.</summary>
internal sealed class UnreadableOptions
{
    private readonly Option<bool> skip = new("--skip-unreadable")
    {
        Description = $"Leave out images that cannot be read, however many there are. By default up to {Usual} are left out. They are listed "
            + $"at the end and in {TrainingFolder.UnreadableName}.",
    };

    private readonly Option<bool> strict = new("--strict") { Description = "Stop at the first image that cannot be read." };

    private static string Usual => FormattableString.Invariant($"{100 * ImageFolder.UsualUnreadablePart:0.##} %");

    /// <summary>The options.</summary>
    public IEnumerable<Option> All => [skip, strict];

    /// <summary>What was chosen.</summary>
    /// <exception cref="DitException">Both were given.</exception>
    public UnreadableChoice Read(ParseResult parsed) => (parsed.GetValue(skip), parsed.GetValue(strict)) switch
    {
        (true, true) => throw new DitException(
            "--strict stops at the first image that cannot be read, and --skip-unreadable leaves out all of them: give one of them."),
        (true, false) => new(1),
        (false, true) => new(LargestPart: null),
        _ => new(ImageFolder.UsualUnreadablePart),
    };
}
