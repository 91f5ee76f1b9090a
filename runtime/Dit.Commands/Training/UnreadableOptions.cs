using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What to do about images that cannot be read.</summary>
/// <param name="LargestPart">
/// The largest part of the images that is left out; with more, the run ends. Null leaves out none.
/// </param>
internal sealed record UnreadableChoice(double? LargestPart)
{
    /// <summary>What <c>--skip-unreadable</c> does.</summary>
    public const string SkipHelp =
        "Leave out images that cannot be read, however many there are. By default up to 1 % are left out. They are listed at the end and "
            + "in " + TrainingFolder.UnreadableName + ".";

    /// <summary>What <c>--strict</c> does.</summary>
    public const string StrictHelp = "Stop at the first image that cannot be read.";

    /// <summary>What two switches say.</summary>
    /// <param name="skip">Whether all such images are left out.</param>
    /// <param name="strict">Whether none is.</param>
    /// <exception cref="DitException">Both are on.</exception>
    public static UnreadableChoice Of(bool skip, bool strict) => (skip, strict) switch
    {
        (true, true) => throw new DitException(
            "--strict stops at the first image that cannot be read, and --skip-unreadable leaves out all of them: give one of them."),
        (true, false) => new(1),
        (false, true) => new(LargestPart: null),
        _ => new(ImageFolder.UsualUnreadablePart),
    };
}

/// <summary>The options for images that cannot be read, of commands that read folders of images.</summary>
internal sealed class UnreadableOptions
{
    private readonly Option<bool> skip = new("--skip-unreadable") { Description = UnreadableChoice.SkipHelp };
    private readonly Option<bool> strict = new("--strict") { Description = UnreadableChoice.StrictHelp };

    /// <summary>The options.</summary>
    public IEnumerable<Option> All => [skip, strict];

    /// <summary>What was chosen.</summary>
    /// <exception cref="DitException">Both were given.</exception>
    public UnreadableChoice Read(ParseResult parsed) => UnreadableChoice.Of(parsed.GetValue(skip), parsed.GetValue(strict));
}
