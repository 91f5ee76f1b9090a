using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>The tool as a part of a program of the user's.</summary>
public sealed class DitToolTests
{
    private static async Task<CliResult> Run(DitToolOptions options, params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var code = await DitTool.Run(args, Tiny.DitModels.All, options with { Output = output, Error = error });
        return new(code, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task A_program_has_its_own_models_and_no_others()
    {
        var models = (await Run(new(), "models")).Succeeds();
        Assert.Contains("Latents-Classes", models, StringComparison.Ordinal);
        Assert.DoesNotContain("DiT-XL/2", models, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_and_messages_call_the_program_by_its_name()
    {
        var options = new DitToolOptions { Name = "digits", Description = "Draws digits." };
        Assert.Contains("Draws digits.", (await Run(options, "--help")).Succeeds(), StringComparison.Ordinal);
        var help = (await Run(options, "train", "--help")).Succeeds();
        Assert.Contains("'digits sample'", help, StringComparison.Ordinal);
        Assert.DoesNotContain("'dit ", help, StringComparison.Ordinal);
        Assert.Equal(
            "digits: There is no model 'none'; 'digits models' lists them, and a spec is named by its path.\n",
            (await Run(options, "sample", "--model", "none")).Error);
        Assert.Equal("digits: 'trian' is not a command or option of digits; did you mean 'train'?\n", (await Run(options, "trian")).Error);
        // A program called like a word of the texts, or with signs that mean something elsewhere.
        Assert.Equal(
            "a$0 b: There is no model 'x'; 'a$0 b models' lists them, and a spec is named by its path.\n",
            (await Run(options with { Name = "a$0 b" }, "sample", "--model", "x")).Error);
    }

    [Fact]
    public async Task Commands_of_the_program_stand_beside_those_of_the_tool()
    {
        var serve = new Command("serve", "Serves images.");
        serve.SetAction(async (parsed, cancellation) =>
        {
            await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
            throw new DitException("The port is taken.");
        });
        var models = new Command("models", "Another list.");
        models.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine("mine"));
        var options = new DitToolOptions { Commands = [serve, models] };
        Assert.Contains("Serves images.", (await Run(options, "--help")).Succeeds(), StringComparison.Ordinal);
        var refused = await Run(options, "serve");
        Assert.Equal(2, refused.Code);
        Assert.EndsWith(": The port is taken.\n", refused.Error, StringComparison.Ordinal);
        Assert.Equal("mine", (await Run(options, "models")).Succeeds().Trim());

        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        Assert.Equal(130, (await Run(options with { Cancellation = stop.Token }, "serve")).Code);
    }

    [Fact]
    public async Task Anything_about_the_commands_can_be_changed()
    {
        var options = new DitToolOptions
        {
            Configure = static root =>
            {
                root.Subcommands.Single(static command => command.Name == "sample").Description = "Draws a digit.";
                root.Subcommands.Remove(root.Subcommands.Single(static command => command.Name == "convert"));
            },
        };
        var help = (await Run(options, "--help")).Succeeds();
        Assert.Contains("Draws a digit.", help, StringComparison.Ordinal);
        Assert.DoesNotContain("convert", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Null_is_refused()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(static () => DitTool.Run(null!, []));
        await Assert.ThrowsAsync<ArgumentNullException>(static () => DitTool.Run([], null!));
    }
}
