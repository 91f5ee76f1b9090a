namespace Dit.Cli.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("--help", "models", "check", "sample", "train", "data", "[suggest:")]
    [InlineData("models --help", "--json")]
    [InlineData("check --help", "SPEC", "--json")]
    [InlineData("sample --help", "--model", "[default: Shapes]", "--checkpoint", "--classes", "--sampler", "--steps", "--cfg", "--cfg-channels", "<3|all>", "--seed", "--count", "[default: 8]", "--out", "[default: samples.png]", "--device", "[default: cpu]", "--batch")]
    [InlineData("train --help", "--data", "--model", "--out", "--steps", "[default: 400000]", "--batch", "[default: 256]", "--lr", "[default: 0.0001]", "--ema", "[default: 0.9999]", "--warmup", "--seed", "--save-every", "--weights-dtype", "<bf16|f16|f32>", "--flip", "--no-flip", "--device")]
    [InlineData("data --help", "shapes")]
    [InlineData("data shapes --help", "--out", "--count", "[default: 40000]", "--seed", "--size", "[default: 32]")]
    [InlineData("", "models", "check", "sample", "train", "data")]
    public void Help_names_every_option_and_default(string line, params string[] words)
    {
        var help = Cli.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Succeeds();
        Assert.All(words, word => Assert.Contains(word, help, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("smaple", "'smaple' is not a command or option of dit; did you mean 'sample'?")]
    [InlineData("sample --sed 3", "'--sed' is not a command or option of dit sample; did you mean '--seed'?")]
    [InlineData("data shape --out x", "'shape' is not a command or option of dit data; did you mean 'shapes'?")]
    [InlineData("models nonsense", "'nonsense' is not a command or option of dit models; see --help.")]
    [InlineData("train --out x", "Option '--data' is required.")]
    [InlineData("check", "Required argument missing for command: 'check'.")]
    [InlineData("sample --model Shape", "There is no model 'Shape'; did you mean 'Shapes'?")]
    [InlineData("train --data . --out x --model DiT-XL/3", "There is no model 'DiT-XL/3'; did you mean 'DiT-XL/2'?")]
    [InlineData("sample --model zzzzzzzzzzzzz", "There is no model 'zzzzzzzzzzzzz'; 'dit models' lists them.")]
    [InlineData("sample --device gpu", "There is no device 'gpu': it is cpu, cuda or cuda:N, N from 0.")]
    [InlineData("sample --device cuda:x", "There is no device 'cuda:x': it is cpu, cuda or cuda:N, N from 0.")]
    public void A_wrong_word_is_one_line(string line, string message) => Assert.Equal(message, Cli.Run(line.Split(' ')).Mistake());

    [Theory]
    [InlineData("sample --seed x")]
    [InlineData("sample --cfg-channels 4")]
    [InlineData("train --data . --out x --weights-dtype f8")]
    [InlineData("data")]
    public void Other_mistakes_of_the_line_are_one_line_too(string line) => Cli.Run(line.Split(' ')).Mistake();

    [Theory]
    [InlineData("sa", "sample")]
    [InlineData("sample --model DiT-XL", "DiT-XL/2", "DiT-XL/4", "DiT-XL/8")]
    [InlineData("sample --sampler dd", "ddim-50", "ddpm-250")]
    [InlineData("train --device c", "cpu", "cuda", "cuda:0")]
    public void Words_complete(string line, params string[] words)
    {
        var lines = Cli.Run($"[suggest:{line.Length}]", line).Succeeds().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(words, lines.Select(l => l.TrimEnd()));
    }

    [Fact]
    public void A_defect_asks_to_be_reported_and_shows_no_trace()
    {
        var error = new StringWriter();
        var context = new CommandContext(new Broken(), new StringWriter(), error, Interactive: false, CancellationToken.None);
        Assert.Equal(1, DitCommand.Run(["models"], context));
        Assert.StartsWith("dit: internal error: Broken. ", error.ToString(), StringComparison.Ordinal);
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
    }

    private sealed class Broken : IReadOnlyList<Dit.Runtime.ModelDefinition>
    {
        public Dit.Runtime.ModelDefinition this[int index] => throw new InvalidOperationException("Broken.");

        public int Count => 1;

        public IEnumerator<Dit.Runtime.ModelDefinition> GetEnumerator() => throw new InvalidOperationException("Broken.");

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
