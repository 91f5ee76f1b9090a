using System.CommandLine;
using Dit.Definitions;
using Dit.Runtime;
using TorchSharp;

namespace Dit.Benchmarks;

/// <summary><c>compare</c>: ours against the plain operator sequence, by turns, in this process.</summary>
internal static class CompareCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        var models = new Option<string>("--models") { Description = "models of the forward passes, each with a batch size", DefaultValueFactory = static _ => "DiT-S/2:8,DiT-B/2:4,DiT-XL/2:1" };
        var only = new Option<string>("--only") { Description = $"parts: {string.Join(", ", CompareOptions.AllParts)}", DefaultValueFactory = static _ => string.Join(',', CompareOptions.AllParts) };
        var device = new Option<string>("--device") { Description = "cpu or cuda:0", DefaultValueFactory = static _ => "cpu" };
        var rounds = new Option<int>("--rounds") { Description = "rounds of what takes about a second", DefaultValueFactory = static _ => 11 };
        var steps = new Option<int>("--steps") { Description = "steps of the trajectory", DefaultValueFactory = static _ => 50 };
        var script = new Option<string?>("--script") { Description = "a TorchScript file of (x, t, labels) to compare with as well" };
        var scriptModel = new Option<string?>("--script-model") { Description = "the model that it is of" };
        var malloc = new Option<string>("--malloc") { Description = "tuned: freed memory is kept, for both sides; default: glibc's own settings", DefaultValueFactory = static _ => "tuned" };
        var json = new Option<string?>("--json") { Description = "writes the result to a file, or to standard output for -" };
        var command = new Command("compare", "Times this library against the plain operator sequence on the same libtorch.") { models, only, device, rounds, steps, script, scriptModel, malloc, json };
        command.SetAction(parsed =>
        {
            var options = new CompareOptions(
                CompareOptions.ParseModels(parsed.GetValue(models) ?? "", DitModels.All),
                Parts(parsed.GetValue(only) ?? ""),
                Device(parsed.GetValue(device) ?? "cpu"),
                AtLeast(1, "--rounds", parsed.GetValue(rounds)),
                AtLeast(2, "--steps", parsed.GetValue(steps)),
                parsed.GetValue(script),
                parsed.GetValue(scriptModel),
                static text => Console.Error.WriteLine(text),
                cancellation);
            if (options.Script is { } file && !File.Exists(file)) throw new DitException($"'{file}' does not exist: --script takes a TorchScript file.");
            var report = Run(options, Allocator(parsed.GetValue(malloc) ?? "tuned"));
            if (parsed.GetValue(json) is not "-") report.Print(Console.Out);
            if (parsed.GetValue(json) is { } path) report.Save(path);
            return report.Complete ? 0 : 130;
        });
        return command;
    }

    private static Report Run(CompareOptions options, string allocator)
    {
        var onCpu = options.Device.type == DeviceType.CPU;
        var threads = torch.get_num_threads();
        var facts = new MachineFacts(
            Machine.Processor(), threads, options.Device.ToString(), torch.__version__, allocator,
            onCpu ? Machine.RegisterPeak(threads) : 0, onCpu ? Machine.MatrixPeak() : 0);
        var rows = new List<Row>();
        try
        {
            foreach (var row in Rows(options)) rows.Add(row);
        }
        catch (OperationCanceledException)
        {
            // what there is is shown
        }
        return new(facts, rows, !options.Cancellation.IsCancellationRequested);
    }

    private static IEnumerable<Row> Rows(CompareOptions options)
    {
        IEnumerable<Func<IEnumerable<Row>>> parts =
        [
            .. options.Parts.Contains("forward") ? options.Models.Select(item => (Func<IEnumerable<Row>>)(() => item.Model.Accept(new ForwardComparison(item.Batch, options)))) : [],
            .. options.Parts.Contains("ddim") ? [() => [SamplingComparison.Run(options)]] : Array.Empty<Func<IEnumerable<Row>>>(),
            .. options.Parts.Contains("training") ? [() => [TrainingComparison.Run(options)]] : Array.Empty<Func<IEnumerable<Row>>>(),
            .. options.Parts.Contains("load") ? [() => LoadComparison.Run(options)] : Array.Empty<Func<IEnumerable<Row>>>(),
            .. options.Parts.Contains("generator") ? [() => GeneratorComparison.Run(options)] : Array.Empty<Func<IEnumerable<Row>>>(),
        ];
        return parts.SelectMany(part =>
        {
            options.Cancellation.ThrowIfCancellationRequested();
            return part();
        });
    }

    private static HashSet<string> Parts(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet();
        return parts.FirstOrDefault(static part => !CompareOptions.AllParts.Contains(part)) is { } unknown
            ? throw new DitException($"There is no part '{unknown}': --only takes {string.Join(", ", CompareOptions.AllParts)}.")
            : parts;
    }

    private static torch.Device Device(string text)
    {
        if (text == "cpu") return torch.CPU;
        if (!text.StartsWith("cuda", StringComparison.Ordinal)) throw new DitException($"There is no device '{text}': --device takes cpu or cuda:0.");
        return torch.cuda_is_available() ? torch.device(text) : throw new DitException($"--device {text} needs CUDA, and this libtorch or machine has none.");
    }

    private static int AtLeast(int least, string option, int value) => value >= least ? value : throw new DitException($"{option} is {value}: it must be at least {least}.");

    private static string Allocator(string wish) => wish switch
    {
        "default" => "default",
        "tuned" => Machine.TuneAllocator() ? "tuned" : "default",
        _ => throw new DitException($"--malloc is '{wish}': it may be tuned or default."),
    };
}
