namespace Dit.Checkpoints;

/// <summary>A safetensors file, open for reading.</summary>
public sealed class SafeTensorsFile : TensorFile
{
    private SafeTensorsFile(SourceFile file, TensorTable table) : base(file, table) { }

    /// <summary>Opens a file and checks its header in full; no tensor is read yet.</summary>
    /// <param name="path">The file; its name does not matter.</param>
    /// <exception cref="DitException">There is no such file, or it is not a valid safetensors file.</exception>
    public static SafeTensorsFile Open(string path) => Open(SourceFile.Open(path));

    internal static SafeTensorsFile Open(SourceFile file)
    {
        try
        {
            return new SafeTensorsFile(file, SafeTensorsHeader.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
