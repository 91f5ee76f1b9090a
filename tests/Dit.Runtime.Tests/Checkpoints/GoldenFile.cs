namespace Dit.Runtime.Tests;

internal static class GoldenFile
{
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "golden", name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(Path(name));
}
