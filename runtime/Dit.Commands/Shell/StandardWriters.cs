using System.Text;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>A writer to a stream of the process, which may be closed or full.</summary>
/// <param name="inner">Where the text goes.</param>
internal abstract class StandardWriter(TextWriter inner) : TextWriter(inner.FormatProvider)
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void WriteLine() => Try(inner.WriteLine);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(inner.Flush);

    /// <summary>What becomes of a stream that does not take the text.</summary>
    protected abstract void Refused(Exception refusal);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Refused(e);
        }
    }
}

/// <summary>The standard output: without it a command has nowhere to put its results, and ends.</summary>
/// <remarks>
/// A reader that has gone, as head goes after its lines, is none of this: what is written for it is dropped, by .NET,
/// and the command ends as usual.
/// </remarks>
internal sealed class ResultWriter(TextWriter inner) : StandardWriter(inner)
{
    /// <inheritdoc/>
    protected override void Refused(Exception refusal) => throw new DitException(
        refusal is IOException { HResult: not ClosedDescriptor }
            ? $"Cannot write to the standard output: {refusal.Message.TrimEnd('.')}."
            : "The standard output is closed, and there is nowhere to write to.",
        refusal);

    private const int ClosedDescriptor = 9; // EBADF
}

/// <summary>
/// The standard error: what cannot be said there cannot be said at all, and the exit code says the rest.
/// </summary>
internal sealed class MessageWriter(TextWriter inner, ToolName name) : StandardWriter(inner)
{
    /// <inheritdoc/>
    public override void WriteLine(string? value) => base.WriteLine(value is null ? null : name.In(value));

    /// <inheritdoc/>
    protected override void Refused(Exception refusal) { }
}
