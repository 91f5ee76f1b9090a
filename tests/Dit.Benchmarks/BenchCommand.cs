using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.ExceptionServices;
using BenchmarkDotNet.Running;
using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Benchmarks;

/// <summary>The command line, and what becomes of mistakes.</summary>
internal static class BenchCommand
{
    private const int InternalError = 1, Mistake = 2, Stopped = 130;
    private const string DefaultModels = "DiT-S/2,DiT-B/2,DiT-XL/2";

    /// <summary>Runs one command line.</summary>
    /// <returns>0, or 2 for a mistake of the user's, 1 for one of this program's, 130 when stopped.</returns>
    public static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellation) =>
        Guarded(error, cancellation, () =>
        {
            LibTorch.Load(); // before the models
            return Run(args, DitModels.All, output, error, cancellation);
        });

    /// <summary>As the other, over some models.</summary>
    internal static int Run(
        IReadOnlyList<string> args,
        IReadOnlyList<ModelDefinition> models,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellation) => Guarded(error, cancellation, () =>
        {
            var parsed = Tree(models, output, error, cancellation).Parse(args);
            if (parsed.Action is ParseErrorAction) throw new DitException($"{parsed.Errors[0].Message.TrimEnd('.')}; see --help.");
            return parsed.Invoke(
                new()
                {
                    Output = output,
                    Error = error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                });
        });

    private static int Guarded(TextWriter error, CancellationToken cancellation, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            error.WriteLine("bench: stopped.");
            return Stopped;
        }
        catch (Exception e)
        {
            var mistake = e is DitException or IOException or UnauthorizedAccessException;
            error.WriteLine($"bench: {(mistake ? "" : "internal error: ")}{e.Message.Trim().Split('\n')[0].TrimEnd()}");
            return mistake ? Mistake : InternalError;
        }
    }

    private static RootCommand Tree(
        IReadOnlyList<ModelDefinition> models,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellation)
    {
        var root = new RootCommand("Measures Dit.Gen: against a plain TorchSharp model in turns (compare), and kernel by kernel (kernels).")
        {
            Compare(models, output, error, cancellation),
            Kernels(),
            Solvers(models, error, cancellation),
            MemoryCommand.Create(models, output, cancellation),
        };
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        return root;
    }

    private static Command Compare(
        IReadOnlyList<ModelDefinition> known,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellation)
    {
        var models = new Option<string>("--models")
        {
            HelpName = "NAMES",
            DefaultValueFactory = _ => DefaultModels,
            Description = "Models: forward takes each, ddim, solvers and training the first, load the last.",
        };
        var only = new Option<string?>("--only")
        {
            HelpName = "PARTS",
            Description = $"What to measure, of {string.Join(",", CompareOptions.AllParts)}; all by default.",
        };
        var device = new Option<string>("--device")
        {
            HelpName = "DEVICE",
            DefaultValueFactory = _ => "cpu",
            Description = "Where to compute: cpu, cuda or cuda:N.",
        };
        var type = new Option<string>("--dtype")
        {
            HelpName = "TYPE",
            DefaultValueFactory = _ => "f32",
            Description = "Type of the models' numbers, f32, bf16 or f16, in forward and ddim; training is in f32.",
        };
        var tensorFloat32 = new Option<bool>("--tf32")
        {
            Description = "On a CUDA device, let both sides multiply f32 numbers in TensorFloat-32.",
        };
        var rounds = new Option<int?>("--rounds")
        {
            HelpName = "N",
            Description = "Rounds of each part; by default 7 of a forward pass, fewer of what takes long.",
        };
        var batch = new Option<int?>("--batch")
        {
            HelpName = "N",
            Description = "Samples at once; by default 8 for the smallest models to 1 for the largest.",
        };
        var steps = new Option<int>("--steps") { HelpName = "N", DefaultValueFactory = _ => 50, Description = "Steps of DDIM." };
        var script = new Option<string?>("--script")
        {
            HelpName = "FILE",
            Description = "A TorchScript file to compare with as well, called with (x, t, y).",
        };
        var scriptModel = new Option<string?>("--script-model") { HelpName = "NAME", Description = "The model that it is of." };
        var malloc = new Option<string>("--malloc")
        {
            DefaultValueFactory = _ => "tuned",
            Description = "glibc's allocator, for both sides: tuned keeps freed memory.",
        };
        var json = new Option<string?>("--json")
        {
            HelpName = "FILE",
            Description = "Write JSON to a file, or with - to the output in place of the tables.",
        };
        var command = new Command("compare", "Runs the baseline and ours in turns and compares each run with its neighbors.")
        {
            models,
            only,
            device,
            type,
            tensorFloat32,
            rounds,
            batch,
            steps,
            script,
            scriptModel,
            malloc,
            json,
        };
        command.SetAction(parsed =>
        {
            var options = new CompareOptions(
                CompareOptions.ParseModels(parsed.GetValue(models) ?? DefaultModels, known),
                CompareOptions.ParseParts(parsed.GetValue(only)),
                parsed.GetValue(device) ?? "cpu",
                CompareOptions.ParseType(parsed.GetValue(type)),
                parsed.GetValue(tensorFloat32),
                CompareOptions.AtLeast(1, parsed.GetValue(rounds), "--rounds"),
                CompareOptions.AtLeast(1, parsed.GetValue(batch), "--batch"),
                CompareOptions.AtLeast(2, parsed.GetValue(steps), "--steps") ?? 50,
                CompareOptions.ParseScript(parsed.GetValue(script), parsed.GetValue(scriptModel), known),
                CompareOptions.ParseMalloc(parsed.GetValue(malloc)),
                parsed.GetValue(json));
            return Compare(options.Checked(), output, error, cancellation);
        });
        return command;
    }

    private static int Compare(CompareOptions options, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        if (options.Json is { } file and not "-") AtomicFile.RequireWritable(file);
        var status = new Status(error, Rewrites: ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected);
        var (report, failure) = Comparison.Run(
            new(options, TorchDevice.Parse(options.Device, options.TensorFloat32), status, cancellation));
        if (options.Json is not null and not "-") AtomicFile.WriteText(options.Json, report.ToJson());
        if (options.Json == "-") output.Write(report.ToJson());
        else foreach (var line in ReportText.Lines(report)) output.WriteLine(line);
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        return report.Partial ? Stopped : 0;
    }

    private static Command Solvers(IReadOnlyList<ModelDefinition> known, TextWriter error, CancellationToken cancellation)
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Required = true, Description = "A class-conditional model." };
        var weights = new Option<string>("--checkpoint") { HelpName = "FILE", Required = true, Description = "Its weights." };
        var folder = new Option<string>("--out")
        {
            HelpName = "FOLDER",
            Required = true,
            Description = "Where the table and the picture go.",
        };
        var guidance = new Option<double>("--cfg") { DefaultValueFactory = static _ => 2, Description = "Scale of guidance." };
        var command = new Command("solvers", "Draws the same images with every solver and number of evaluations: a table and a picture.")
        {
            model, weights, folder, guidance,
        };
        command.SetAction(parsed =>
        {
            var name = parsed.GetValue(model) ?? "";
            var definition = known.FirstOrDefault(model => string.Equals(model.Card.Name, name, StringComparison.OrdinalIgnoreCase))
                ?? throw new DitException($"There is no model '{name}'.");
            return definition.Accept(new SolverTable(
                parsed.GetValue(weights) ?? "", parsed.GetValue(folder) ?? "", parsed.GetValue(guidance), error, cancellation));
        });
        return command;
    }

    private static Command Kernels()
    {
        var arguments = new Argument<string[]>("arguments")
        {
            Arity = ArgumentArity.ZeroOrMore,
            Description = "Arguments of BenchmarkDotNet, for instance --filter *Gelu* or --list flat.",
        };
        var command = new Command("kernels", "Measures single steps of a model with BenchmarkDotNet.") { arguments };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(parsed =>
        {
            string[] args = [.. parsed.GetValue(arguments) ?? [], .. parsed.UnmatchedTokens];
            BenchmarkSwitcher
                .FromAssembly(typeof(BenchCommand).Assembly)
                .Run(args.Length > 0 ? args : ["--filter", "*"], KernelConfig.Create());
        });
        return command;
    }
}
