using System.Diagnostics;
using System.Text;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>
/// What a shell can do to the program: close its streams, limit its files, set its environment, hand it words that
/// begin with an @.
/// </summary>
public sealed class StandardStreamTests : IDisposable
{
    private const string Closed = "dit: The standard output is closed, and there is nowhere to write to.\n";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    // $DIT is the program. The rest of the streams are files, so that nothing but the shell decides what a stream is.
    private (int Code, string Out, string Error) Shell(string script)
    {
        var start = new ProcessStartInfo("/bin/bash") { WorkingDirectory = folder.Root };
        foreach (var argument in new[] { "-c", $"exec >'{folder.Path("out")}' 2>'{folder.Path("error")}'\n{script}" })
            start.ArgumentList.Add(argument);
        start.Environment["DIT"] = $"{Environment.ProcessPath} exec {Path.Combine(AppContext.BaseDirectory, "dit.dll")}";
        if (!Path.GetFileNameWithoutExtension(Environment.ProcessPath ?? "").Equals("dotnet", StringComparison.Ordinal))
            start.Environment["DIT"] = Path.Combine(AppContext.BaseDirectory, "dit");
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // whose map of memory is a file, which a limit of files would refuse
        using var process = Process.Start(start) ?? throw new InvalidOperationException("There is no /bin/bash.");
        process.WaitForExit();
        return (process.ExitCode, File.ReadAllText(folder.Path("out")), File.ReadAllText(folder.Path("error")));
    }

    [UnixTheory("It runs the tool in bash.")]
    [InlineData("models")]
    [InlineData("models --json")]
    [InlineData("schema")]
    [InlineData("--help")]
    [InlineData("check small.dit.yaml")]
    public void A_closed_output_is_said_in_one_sentence(string command)
    {
        folder.File("small.dit.yaml", "model: A\n");
        Assert.Equal((2, "", Closed), Shell($"$DIT {command} >&-"));
    }

    [UnixTheory("It runs the tool in bash.")]
    [InlineData("models")]
    [InlineData("schema")]
    public void A_reader_that_has_gone_ends_the_command_in_silence(string command)
    {
        var (code, text, error) = Shell($"$DIT {command} | head -n 1; exit ${{PIPESTATUS[0]}}");
        Assert.Equal((0, ""), (code, error));
        Assert.Single(text, '\n');
    }

    [UnixFact("It runs the tool in bash.")]
    public void A_closed_error_stream_leaves_the_exit_code_to_say_it()
    {
        Assert.Equal((2, "", ""), Shell("$DIT check none.dit.yaml 2>&-"));
        Assert.Equal((2, "", ""), Shell("$DIT check none.dit.yaml >&- 2>&-"));
        Assert.Equal((2, "", ""), Shell("$DIT models >&- 2>&-"));
        Assert.Equal(0, Shell("$DIT models 2>&-").Code);
    }

    [Fact]
    public void A_full_output_is_called_the_standard_output()
    {
        if (!File.Exists("/dev/full")) return;
        Assert.Equal((2, "", "dit: Cannot write to the standard output: No space left on device.\n"), Shell("$DIT models >/dev/full"));
    }

    [Fact]
    public void The_environment_may_choose_other_kernels_and_a_word_that_is_none_is_a_mistake()
    {
        if (OperatingSystem.IsWindows()) return;
        const string sample = "$DIT sample --steps 2 --classes 1 --count 1 -o";
        var (code, text, error) = Shell($"DIT_KERNELS=off {sample} libtorch.png");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("libtorch", text.Split('\n')[^3], StringComparison.Ordinal);
        Assert.Equal(
            (2, "", "dit: DIT_KERNELS is '64': it may be off, on, 512, 256 or 128.\n"),
            Shell($"DIT_KERNELS=64 {sample} none.png"));
        Assert.False(File.Exists(folder.Path("none.png")));
    }

    // What a closed terminal sends ends a run as Ctrl-C does: after the step at hand, with its checkpoint saved.
    [LinuxTheory("It needs the options of GNU env.")]
    [InlineData("HUP")]
    [InlineData("TERM")]
    public void A_signal_ends_training_with_its_checkpoint_saved(string signal)
    {
        ShapesDataset.Write(folder.Path("data"), 10, 1, size: 32);
        // The tests themselves may have been started with the signal ignored, as by nohup. The last line is there so
        // that nothing waits forever.
        var (code, _, error) = Shell($"""
            env --default-signal={signal} $DIT train --data data --out run --steps 100000 --batch 2 --save-every 1 &
            for i in $(seq 600); do [ -f run/checkpoint.safetensors ] && break; sleep 0.2; done
            kill -{signal} $!
            for i in $(seq 600); do kill -0 $! 2>/dev/null || break; sleep 0.2; done
            kill -9 $! 2>/dev/null
            wait $!
            """);

        Assert.Equal(130, code);
        Assert.Matches(
            @"(?m)^dit: stopped after step \d+ of 100000; the checkpoint is in .*/run/checkpoint\.safetensors, and --resume goes on",
            error);
        Assert.True(File.Exists(folder.Path("run/checkpoint.safetensors")));
        Assert.False(File.Exists(folder.Path("run/weights.safetensors")));
    }

    // A limit of file sizes refuses a write in its middle as a full disk does, without one.
    [LinuxTheory("It needs a limit of the size of files, in the units of Linux.")]
    [InlineData("sample --steps 2 --classes 1 --count 4 -o big.png", "/big.png")]
    [InlineData("sample --steps 2 --classes 1 --count 4 -o big.safetensors", "/big.safetensors")]
    [InlineData("sample --steps 2 --classes 1,2 --count 1 -o small.png --gif big.gif", "/big.gif")]
    [InlineData("convert weights.safetensors big.pt --to official", "big.pt")]
    [InlineData("convert weights.safetensors big --to diffusers", "big/transformer/diffusion_pytorch_model.safetensors")]
    [InlineData("data shapes --out big --count 10 --size 1024", "big")]
    public void A_file_that_cannot_be_finished_is_named_as_it_was_asked_for_and_not_left_behind(string command, string named)
    {
        File.CreateSymbolicLink(
            folder.Path("weights.safetensors"),
            Path.Combine(AppContext.BaseDirectory, "weights", "shapes.safetensors"));
        var (code, _, error) = Shell($"ulimit -f {(command.Contains("gif", StringComparison.Ordinal) ? 8 : 2)}\n$DIT {command}");

        Assert.Equal(2, code);
        Assert.Contains(
            $"{named}': the file would be larger than the system "
                + $"allows{(command.StartsWith("sample", StringComparison.Ordinal) ? "; nothing was written" : "")}.\n",
            error,
            StringComparison.Ordinal);
        Assert.Single(error, '\n');
        Assert.DoesNotContain(".tmp", error, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Files(), static name =>
            name.StartsWith("big", StringComparison.Ordinal) || name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [UnixFact("It runs the tool in bash.")]
    public void A_name_that_is_too_long_is_found_before_the_work()
    {
        var name = new string('n', 300);
        foreach (
            var line in new[]
            {
                $"sample --steps 900 --count 100 -o {folder.Path(name)}.png",
                $"sample --steps 900 --count 100 -o {folder.Path(name)}",
                $"data shapes --out {folder.Path(name)}",
            })
        {
            var message = Cli.Run(line.Split(' ')).Mistake();
            Assert.EndsWith(": the path is longer than the file system allows, or a name in it is.", message, StringComparison.Ordinal);
            Assert.Equal(1, message.Split(name).Length - 1);
        }
    }

    [Theory]
    [InlineData("sample --classes @home", "Shapes has no class '@home'")]
    [InlineData("sample --classes @args.rsp", "Shapes has no class '@args.rsp'")]
    [InlineData("sample -c @none", "There is no file '@none'")]
    [InlineData("check @none.dit.yaml", "There is no file '@none.dit.yaml'.")]
    [InlineData("check @args.rsp", "There is no file '@args.rsp'.")]
    [InlineData("diff @a @b", "There is no file or folder '@a', and ")]
    [InlineData("inspect @none", "There is no file '@none'")]
    [InlineData("train --data @none --out x", "@none")]
    [InlineData("@args.rsp", "'@args.rsp' is not a command or option of dit; see --help.")]
    public void A_word_that_begins_with_an_at_sign_is_itself(string line, string words)
    {
        var args = folder.File("args.rsp", "models");
        Assert.Contains(
            words.Replace("args.rsp", args, StringComparison.Ordinal),
            Cli.Run(line.Replace("args.rsp", args, StringComparison.Ordinal).Split(' ')).Mistake(),
            StringComparison.Ordinal);
    }

    [UnixFact("It runs the tool in bash.")]
    public void An_output_may_begin_with_an_at_sign()
    {
        Assert.Equal((0, ""), Shell("$DIT data shapes --out @y --count 10") is var result ? (result.Code, result.Error) : default);
        Assert.Equal(10, folder.Files("@y").Length);
    }

    [Fact]
    public void Refusals_of_a_stream_are_sentences_or_nothing()
    {
        foreach (
            var refusal in new Exception[]
            {
                new IOException("Broken."),
                new UnauthorizedAccessException("Access to the path is denied."),
                new ObjectDisposedException("stream"),
            })
        {
            using var results = new ResultWriter(new Refusing(refusal));
            foreach (
                var write in new Action[]
                {
                    () => results.Write('a'),
                    () => results.Write("a"),
                    () => results.Write(['a'], 0, 1),
                    () => results.WriteLine(),
                    () => results.WriteLine("a"),
                    results.Flush,
                })
                Assert.Contains("standard output", Assert.Throws<DitException>(write).Message, StringComparison.Ordinal);
            using var messages = new MessageWriter(new Refusing(refusal), new ToolName("dit"));
            messages.WriteLine("nobody hears it");
            messages.Flush();
        }
    }

    private sealed class Refusing(Exception refusal) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw refusal;

        public override void Flush() => throw refusal;
    }
}
