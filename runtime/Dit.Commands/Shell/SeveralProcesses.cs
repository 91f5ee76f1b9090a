using Dit.Runtime;

namespace Dit.Commands;

/// <summary>Commands that mpirun or srun may have started several times, so that they work together.</summary>
/// <remarks>
/// The first process prints and writes what is of the whole. A mistake that all processes know of is said by the first
/// one; any other failure is said by the process that has it, and ends all.
/// </remarks>
internal static class SeveralProcesses
{
    /// <summary>Runs a command in this process as one of several, or as the only one.</summary>
    /// <param name="context">What the command sees of the world.</param>
    /// <param name="command">The command; it is given what its process sees, and the group.</param>
    /// <returns>The exit code.</returns>
    public static int Run(CommandContext context, Func<CommandContext, ProcessGroup, int> command)
    {
        if (Join() is not { } group) return DitCommand.Mistake;
        if (group.Size == 1) return command(context, group);
        using (group)
            try
            {
                return command(Seen(context, group), group);
            }
            catch (Exception e) when (!MayShare(e, group))
            {
                var (code, message) = DitCommand.Describe(e, context.Cancellation);
                context.Say(group.IsFirst ? message : $"process {group.Rank} of {group.Size}: {message}");
                group.Abort(code);
                return code;
            }
            catch (Exception e)
            {
                return Shared(e, group) is { } shared && group.IsFirst ? throw shared : DitCommand.Mistake;
            }
    }

    /// <summary>The word of a device, where each process has one of its own: <c>cuda</c> is one for each process of a
    /// machine.</summary>
    public static string DeviceOf(this ProcessGroup group, string word) =>
        group.Size > 1 && word.Equals("cuda", StringComparison.OrdinalIgnoreCase) ? $"cuda:{group.LocalRank}" : word;

    // All processes find the same mistake here, and the first one says it.
    private static ProcessGroup? Join()
    {
        try
        {
            return ProcessGroup.Start();
        }
        catch (DitException) when (ProcessGroup.LaunchedRank > 0)
        {
            return null;
        }
    }

    private static CommandContext Seen(CommandContext context, ProcessGroup group) =>
        group.IsFirst ? context : context with { Out = TextWriter.Null, Error = TextWriter.Null };

    private static bool MayShare(Exception e, ProcessGroup group) =>
        e is SharedMistakeException || (!group.HasAgreed && DitCommand.Describe(e).Code == DitCommand.Mistake);

    // Nothing was done together yet: the others come to their first agreement, or to a mistake of their own.
    private static SharedMistakeException? Shared(Exception mistake, ProcessGroup group)
    {
        if (mistake is SharedMistakeException known) return known;
        try
        {
            group.Agree(() => throw new DitException(DitCommand.Describe(mistake).Message, mistake));
            return null;
        }
        catch (SharedMistakeException shared)
        {
            return shared;
        }
    }
}
