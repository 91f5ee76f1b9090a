using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The command line of Dit.Gen over the models of any program.</summary>
/// <example>
/// A whole <c>Program.cs</c>:
/// <code>
/// using Dit.Commands;
/// using MyModels;
///
/// return await DitTool.Run(args, DitModels.All);
/// </code>
/// </example>
public static class DitTool
{
    /// <summary>
    /// Runs one command line. The first Ctrl-C asks the command to stop, and the second one ends the process.
    /// </summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="models">
    /// The models that the commands know by name, such as the generated <c>DitModels.All</c>.
    /// </param>
    /// <param name="options">What the program changes about the tool.</param>
    /// <returns>
    /// The exit code: 0, or 2 for a mistake of the user's, 1 for one of this program's, 130 when stopped; 3 when
    /// <c>diff --exit-code</c> finds a difference.
    /// </returns>
    public static async Task<int> Run(IReadOnlyList<string> args, IReadOnlyList<ModelDefinition> models, DitToolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(models);
        var given = options ?? new DitToolOptions();
        using var signals = new StopSignals(given.Cancellation);
        // mpirun gives a process a terminal that it reads itself.
        var interactive = given.Output is null && !Console.IsOutputRedirected && !ProcessGroup.IsLaunched;
        if (interactive) Console.OutputEncoding = System.Text.Encoding.UTF8;
        var output = given.Output ?? Console.Out;
        return await DitCommand.Run(args, new CommandContext(
            models, interactive ? output : new ResultWriter(output), given.Error ?? Console.Error, interactive, signals.Token)
        { Options = given }).ConfigureAwait(false);
    }
}
