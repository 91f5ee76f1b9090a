namespace Dit.Tests;

/// <summary>A test that is skipped, and counted as skipped, on Windows.</summary>
/// <param name="reason">What Windows does not have.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFactAttribute(string reason) : FactAttribute
{
    /// <inheritdoc/>
    public override string? Skip => Platforms.Skip(!OperatingSystem.IsWindows(), reason);
}

/// <summary>A theory that is skipped, and counted as skipped, on Windows.</summary>
/// <param name="reason">What Windows does not have.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixTheoryAttribute(string reason) : TheoryAttribute
{
    /// <inheritdoc/>
    public override string? Skip => Platforms.Skip(!OperatingSystem.IsWindows(), reason);
}

/// <summary>A test that is skipped, and counted as skipped, on other systems than Linux.</summary>
/// <param name="reason">What only Linux has.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute(string reason) : FactAttribute
{
    /// <inheritdoc/>
    public override string? Skip => Platforms.Skip(OperatingSystem.IsLinux(), reason);
}

/// <summary>A theory that is skipped, and counted as skipped, on other systems than Linux.</summary>
/// <param name="reason">What only Linux has.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute(string reason) : TheoryAttribute
{
    /// <inheritdoc/>
    public override string? Skip => Platforms.Skip(OperatingSystem.IsLinux(), reason);
}

file static class Platforms
{
    public static string? Skip(bool runs, string reason) => runs ? null : reason;
}
