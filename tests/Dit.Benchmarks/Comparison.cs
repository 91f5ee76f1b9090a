using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>Measures all that was asked for.</summary>
internal static class Comparison
{
    /// <summary>Runs the parts one after the other; when asked to stop, or when one fails, gives what there is.</summary>
    /// <returns>What was measured, and why that is not all, if something failed.</returns>
    public static (BenchReport Report, Exception? Failure) Run(Bench bench)
    {
        var options = bench.Options;
        var malloc = options.TuneMalloc && Malloc.Tune() ? "tuned" : "default";
        var rows = new List<BenchRow>();
        MatrixPeak? peak = null;
        Exception? failure = null;
        try
        {
            if (options.Parts.Any(static part => part is "forward" or "ddim" or "training")) peak = MatrixPeak.Measure(bench);
            foreach (var part in options.Parts)
            {
                bench.Cancellation.ThrowIfCancellationRequested();
                foreach (var row in Rows(part, bench)) rows.Add(row);
            }
            peak = peak?.Or(MatrixPeak.Measure(bench));
        }
        catch (OperationCanceledException) when (bench.Cancellation.IsCancellationRequested)
        {
            // What was measured until now is reported as a part.
        }
        catch (Exception e)
        {
            failure = e; // after minutes of measuring, what was measured is not to be lost
        }
        finally
        {
            bench.Status.Clear();
        }
        var partial = failure is not null || bench.Cancellation.IsCancellationRequested;
        return (new(BenchReport.CurrentVersion, partial, Machine.Here(), new(options.Device, options.Arithmetic, malloc, BenchPart.BaselineName), peak, [.. rows.Select(row => row.Of(peak))]), failure);
    }

    private static IEnumerable<BenchRow> Rows(string part, Bench bench)
    {
        var models = bench.Options.Models;
        return part switch
        {
            "forward" => models.SelectMany(model => model.Accept(new ForwardPart(bench))),
            "ddim" => models[0].Accept(new SamplingPart(bench)),
            "training" => models[0].Accept(new TrainingPart(bench)),
            "load" => models[^1].Accept(new LoadPart(bench)),
            "generator" => new GeneratorPart(bench).Measure(),
            _ => throw new InvalidOperationException($"There is no part '{part}'."),
        };
    }

    /// <summary>The device of a word, with the arithmetic that was asked for.</summary>
    /// <exception cref="DitException">It is no such word, this machine has no such device, or the device has no such arithmetic.</exception>
    public static Device ParseDevice(string word, bool tensorFloat32)
    {
        var device = ParseDevice(word);
        if (tensorFloat32 && device.type != DeviceType.CUDA) throw new DitException($"--tf32 is an arithmetic of CUDA devices, and the device is {word}.");
        if (tensorFloat32) TensorFloat32.IsAllowed = true;
        return device;
    }

    /// <summary>The device of a word.</summary>
    /// <exception cref="DitException">It is no such word, or this machine has no such device.</exception>
    public static Device ParseDevice(string word)
    {
        if (word == "cpu") return CPU;
        var index = 0;
        if (word.Split(':') is not ["cuda", .. var rest] || rest.Length > 1 || (rest is [var number] && !(int.TryParse(number, out index) && index >= 0)))
            throw new DitException($"There is no device '{word}': it is cpu, cuda or cuda:N, N from 0.");
        if (!cuda.is_available()) throw new DitException($"The device '{word}' cannot be used: this libtorch sees no CUDA device.");
        if (index >= cuda.device_count()) throw new DitException($"The device '{word}' does not exist: there are {cuda.device_count()} CUDA devices, counted from 0.");
        return new Device(DeviceType.CUDA, index);
    }
}
