using System.Runtime.InteropServices;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A model that was traced or scripted elsewhere, called with (x, t, y).</summary>
internal sealed class TorchScript : IDisposable
{
    private readonly jit.ScriptModule<Tensor> module;
    private readonly string file;

    private TorchScript(jit.ScriptModule<Tensor> module, string file) => (this.module, this.file) = (module, file);

    /// <summary>Loads a file.</summary>
    /// <exception cref="DitException">It cannot be loaded.</exception>
    public static TorchScript Load(string file, Device device)
    {
        try
        {
            var module = jit.load<Tensor>(file, device);
            module.eval();
            return new(module, file);
        }
        catch (Exception e) when (e is ExternalException or IOException)
        {
            throw new DitException($"'{file}' cannot be loaded as TorchScript: {FirstLine(e)}", e);
        }
    }

    /// <summary>The prediction.</summary>
    /// <exception cref="DitException">The script does not take these inputs.</exception>
    public Tensor Forward(BenchInput input)
    {
        var labels = BenchPart.Labels(input);
        try
        {
            return module.call(input.X, input.T, labels);
        }
        catch (ExternalException e)
        {
            throw new DitException(
                $"'{file}' cannot be called with x {input.X.shape[0]} x ..., t and labels of that many; give the batch that it was traced "
                    + $"with by --batch: {FirstLine(e)}",
                e);
        }
    }

    public void Dispose() => module.Dispose();

    private static string FirstLine(Exception e) => e.Message.Trim().Split('\n')[0].Trim();
}
