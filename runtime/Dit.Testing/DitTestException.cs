namespace Dit.Testing;

/// <summary>
/// What fails a test: a text that is not its snapshot, or a spec that cannot be read. The message is complete in
/// itself.
/// </summary>
/// <remarks>Test frameworks show any exception as a failure, so this package needs none of them.</remarks>
/// <param name="message">What was wrong, where, and what would be right.</param>
public sealed class DitTestException(string message) : Exception(message);
