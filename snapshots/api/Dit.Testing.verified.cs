namespace Dit.Testing;

public sealed class DitTestException : Exception
{
    public DitTestException(string message);
}

public static class Snapshot
{
    public static void Verify(string text, string? name = null, string extension = "txt", string source = "", string member = "");
}

public static class Spec
{
    public static ModelSpec Model(string path, string? name = null, string source = "");
    public static IReadOnlyList<ModelSpec> Models(string path, string source = "");
    public static SpecFile Read(string path, string source = "");
}
