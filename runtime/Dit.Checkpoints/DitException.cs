namespace Dit.Checkpoints;

/// <summary>A mistake in what the caller gave: a file, a shape, a name, a number.</summary>
/// <remarks>
/// The message stands alone: it says what was wrong, where, and what would be right, so that a program can print it
/// as it is and end with exit code 2. Every other exception is a defect of the library.
/// </remarks>
public class DitException : Exception
{
    /// <summary>A mistake described in full by <paramref name="message"/>.</summary>
    public DitException(string message) : base(message) { }

    /// <summary>
    /// A mistake described in full by <paramref name="message"/>, found because of <paramref name="inner"/>.
    /// </summary>
    public DitException(string message, Exception inner) : base(message, inner) { }
}
