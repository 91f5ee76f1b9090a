using System.Runtime.InteropServices;

namespace Dit.Commands.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("schema --help", "dit schema > dit.schema.json", "dit schema --of run", "<run|spec>", "yaml-language-server")]
    [InlineData(
        "--help",
        "models",
        "check",
        "diff",
        "schema",
        "sample",
        "train",
        "plot",
        "encode",
        "decode",
        "reconstruct",
        "data",
        "convert",
        "inspect",
        "[suggest:")]
    [InlineData("models --help", "--json")]
    [InlineData("check --help", "SPEC", "--json")]
    [InlineData("diff --help", "A", "B", "REVISION:PATH", "--json", "--exit-code")]
    [InlineData(
        "sample --help",
        "--model",
        "[default: the one that --checkpoint is of, or Shapes]",
        "--checkpoint",
        "--weights",
        "<auto|ema|model>",
        "--classes",
        "all, or the first 16 of more",
        "--sampler",
        "--steps",
        "--cfg",
        "[default: 2, or 4 for latents, or 8 for a joint model, or 1 for a model without a null class or text]",
        "--cfg-interval",
        "LO,HI",
        "--vae",
        "--first",
        "--preview",
        "--gif",
        "--dtype",
        "<bf16|f16|f32>",
        "[default: f32]",
        "--cfg-channels",
        "<3|all>",
        "--seed",
        "--count",
        "[default: 8]",
        "--out",
        "[default: samples.png]",
        "--device",
        "[default: cpu]",
        "--batch",
        "--size",
        "width first, such as 384x256",
        "--text",
        "--recompute-positions",
        "--tf32")]
    [InlineData(
        "train --help",
        "RUN_FILE",
        "--data",
        "--model",
        "--out",
        "--recipe",
        "<auto|paper|short>",
        "--steps",
        "[default: 400000]",
        "--batch",
        "[default: 256]",
        "--lr",
        "[default: 0.0001]",
        "--weight-decay",
        "--decay-matrices",
        "--beta1",
        "--beta2",
        "--ema",
        "[default: 0.9999]",
        "--ema-warmup",
        "--post-hoc-ema",
        "--warmup", "--clip", "--resume", "--from", "--lora", "--lora-alpha", "--lora-targets", "--schedule", "--accumulate",
        "--activation-checkpointing", "--precision", "--min-snr", "--save-minutes", "--keep", "--seed",
        "--save-every", "--time-buckets", "[default: 4]", "--tensorboard", "--weights-dtype", "<bf16|f16|f32>", "--flip", "--no-flip",
        "--captions", "--workers", "--skip-unreadable", "--strict", "--time-sampling", "<loss-second-moment|uniform>", "--device",
        "--tf32", "--sample-every", "--vae", "--on-spike", "<ignore|skip|stop>", "[default: stop]", "--verify-resume")]
    [InlineData(
        "convert --help", "IN", "OUT", "--to", "<diffusers|dit|official>", "(REQUIRED)", "--model", "--weights", "--lora", "--dtype",
        "<bf16|f16|f32>")]
    [InlineData("plot --help", "RUN", "--out", "(REQUIRED)", "--metric", "<gradient-norm|images-per-second|", "[default: loss]")]
    [InlineData("report --help", "RUN", "--out", "report.html in the folder")]
    [InlineData("average --help", "RUN", "--length", "(REQUIRED)", "--out", "--dtype", "<bf16|f16|f32>")]
    [InlineData("inspect --help", "FILE", "--all", "--json")]
    [InlineData(
        "encode --help", "--data", "--vae", "(REQUIRED)", "--model", "--autoencoder", "--size", "--out", "--batch", "[default: 16]",
        "--flip", "--dtype", "<f16|f32>", "[default: f32]", "--shard-images", "--skip-unreadable", "--strict", "--tile", "--device")]
    [InlineData(
        "decode --help", "--in", "--vae", "(REQUIRED)", "--model", "--autoencoder", "--out", "[default: decoded.png]", "--count", "--tile",
        "--device")]
    [InlineData(
        "reconstruct --help", "IMAGE", "--vae", "(REQUIRED)", "--model", "--autoencoder", "--out", "[default: reconstruction.png]",
        "--size", "--tile", "--device")]
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
    [InlineData("train --out x", "Which data? Name the folder with --data, or as 'data' in a run file.")]
    [InlineData("train --sed 3", "'--sed' is not a command or option of dit train; did you mean '--seed'?")]
    [InlineData("train --nonsense", "'--nonsense' is not a command or option of dit train; see --help.")]
    [InlineData("train none.yaml", "There is no run file 'none.yaml'.")]
    [InlineData("train .", "'.' is a folder: name a run file.")]
    [InlineData("check", "Required argument missing for command: 'check'.")]
    [InlineData("sample --model Shape", "There is no model 'Shape'; did you mean 'Shapes'?")]
    [InlineData("train --data . --out x --model DiT-XL/3", "There is no model 'DiT-XL/3'; did you mean 'DiT-XL/2'?")]
    [InlineData(
        "sample --model zzzzzzzzzzzzz",
        "There is no model 'zzzzzzzzzzzzz'; 'dit models' lists them, and a spec is named by its path.")]
    [InlineData("train --data . --out x --lr 0,001", "--lr takes a number such as 0.5, not '0,001'.")]
    [InlineData(
        "train --data . --out x --ema 0.9,x",
        "--ema takes a number such as 0.5, or several with commas between them, not '0.9,x'.")]
    [InlineData("train --data . --out x --clip 1,5", "--clip takes a number such as 0.5, not '1,5'.")]
    [InlineData("train --data . --out x --weight-decay 1,5", "--weight-decay takes a number such as 0.5, not '1,5'.")]
    [InlineData("sample --cfg 1,5", "--cfg takes a number such as 0.5, not '1,5'.")]
    [InlineData("sample --cfg-interval 1", "--cfg-interval takes two noise levels such as 0.3,5, not '1'.")]
    [InlineData("sample --cfg-interval 1,x", "--cfg-interval takes two noise levels such as 0.3,5, not '1,x'.")]
    [InlineData("sample --cfg-interval NaN,5", "--cfg-interval takes two noise levels such as 0.3,5, not 'NaN,5'.")]
    [InlineData("sample --cfg-interval 5,1", "--cfg-interval takes two noise levels of at least 0, the lower first, not '5,1'.")]
    [InlineData("sample --cfg-interval -1,1", "--cfg-interval takes two noise levels of at least 0, the lower first, not '-1,1'.")]
    [InlineData("sample --cfg-interval inf,inf", "--cfg-interval takes two noise levels of at least 0, the lower first, not 'inf,inf'.")]
    [InlineData(
        "sample --cfg-interval 0,inf --cfg 1",
        "--cfg-interval says where guidance acts, and with a scale of 1 there is none: leave the interval out.")]
    [InlineData("sample --vae x", "Shapes draws pixels, with no autoencoder: leave --vae out.")]
    [InlineData("sample --first -1", "Images are counted from 0: --first -1 names none.")]
    [InlineData("sample --preview 0", "A preview can be written every 1 or more steps, not every 0.")]
    [InlineData("sample --gif a.png", "An animation is written to a .gif file, not to 'a.png'.")]
    [InlineData("sample --count 1,500", "--count takes a whole number of at most 2147483647, not '1,500'.")]
    [InlineData("sample --seed x", "--seed takes a whole number of at most 9223372036854775807, not 'x'.")]
    [InlineData("sample --steps 99999999999", "--steps takes a whole number of at most 2147483647, not '99999999999'.")]
    [InlineData("sample --steps 5000", "--steps 5000 is out of range: Shapes is sampled in 2 to 1000 steps.")]
    [InlineData("sample --steps 1001 --sampler ddim-50", "--steps 1001 is out of range: Shapes is sampled in 2 to 1000 steps.")]
    [InlineData("sample --steps 1", "--steps 1 is out of range: Shapes is sampled in 2 to 1000 steps.")]
    [InlineData("sample --steps 0", "--steps 0 is out of range: Shapes is sampled in 2 to 1000 steps.")]
    [InlineData("sample --steps -5", "--steps -5 is out of range: Shapes is sampled in 2 to 1000 steps.")]
    [InlineData(
        "sample --tf32",
        "TensorFloat-32 is an arithmetic of CUDA devices, and the device is cpu: leave --tf32 out, or choose a CUDA device.")]
    [InlineData(
        "train --data . --out x --tf32",
        "TensorFloat-32 is an arithmetic of CUDA devices, and the device is cpu: leave --tf32 out, or choose a CUDA device.")]
    [InlineData("sample --device cuda", "The device 'cuda' cannot be used: this libtorch sees no CUDA device.")]
    [InlineData("sample --device gpu", "There is no device 'gpu': it is cpu, cuda or cuda:N, N from 0.")]
    [InlineData("sample --device cuda:x", "There is no device 'cuda:x': it is cpu, cuda or cuda:N, N from 0.")]
    public void A_wrong_word_is_one_line(string line, string message) => Assert.Equal(message, Cli.Run(line.Split(' ')).Mistake());

    [Theory]
    [InlineData("sample --cfg-channels 4")]
    [InlineData("sample --weights best")]
    [InlineData("sample --dtype f8")]
    [InlineData("train --data . --out x --weights-dtype f8")]
    [InlineData("data")]
    public void Other_mistakes_of_the_line_are_one_line_too(string line) => Cli.Run(line.Split(' ')).Mistake();

    [Theory]
    [InlineData("sa", "sample", "samplers")]
    [InlineData("sample --model DiT-L", "DiT-L/2", "DiT-L/4", "DiT-L/8", "LightningDiT-L/2")]
    [InlineData("sample --sampler dd", "ddim", "ddim-50", "ddpm", "ddpm-100")]
    [InlineData("sample --sampler dpm-solver+", "dpm-solver++", "sde-dpm-solver++")]
    [InlineData("sample --model SiT-S/2 --sampler sde-e", "sde-euler")]
    [InlineData("train --device c", "cpu", "cuda", "cuda:0")]
    public void Words_complete(string line, params string[] words)
    {
        var lines = Cli.Run($"[suggest:{line.Length}]", line).Succeeds().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(words, lines.Select(l => l.TrimEnd()));
    }

    [Theory]
    [InlineData("dit sa", 6, "sample", "samplers")]
    [InlineData("./bin/dit  sa", 13, "sample", "samplers")]
    [InlineData("dit sa", 5, "sample", "samplers")]
    [InlineData("dit train --device c --out x", 20, "cpu", "cuda", "cuda:0")]
    public void The_line_that_bash_gives_completes(string line, int position, params string[] words)
    {
        var lines = Cli.Run($"[suggest:{position}]", line).Succeeds().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(words, lines.Select(l => l.TrimEnd()));
    }

    [Fact]
    public void Too_little_memory_is_a_mistake_and_other_native_errors_are_one_line()
    {
        Assert.Equal((2, "Not enough memory; a smaller --batch needs less."), DitCommand.Explain(new OutOfMemoryException()));
        Assert.Equal(
            (2, "Not enough memory (CUDA out of memory. Tried to allocate 20.00 MiB); a smaller --batch needs less."),
            DitCommand.Explain(
                new ExternalException("CUDA out of memory. Tried to allocate 20.00 MiB.\nException raised from malloc\nframe #0: ...")));
        Assert.Equal(
            2,
            DitCommand
                .Explain(
                    new ExternalException(
                        "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."))
                .Code);
        var (code, message) = DitCommand.Explain(new ExternalException("Sizes of tensors must match.\nframe #0: ..."));
        Assert.Equal(1, code);
        Assert.StartsWith("internal error: Sizes of tensors must match. Please report", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_for_more_memory_than_there_is_is_one_line()
    {
        var context = new CommandContext(
            new Broken(() => TorchSharp.torch.empty(1L << 60)),
            new StringWriter(),
            new StringWriter(),
            Interactive: false,
            CancellationToken.None);
        Assert.Equal(2, Cli.Run(["models"], context).Code);
        Assert.StartsWith("dit: Not enough memory (", context.Error.ToString(), StringComparison.Ordinal);
        Assert.Single(context.Error.ToString()?.TrimEnd().Split('\n') ?? []);
    }

    [Fact]
    public void A_defect_asks_to_be_reported_and_shows_no_trace()
    {
        var error = new StringWriter();
        var context = new CommandContext(
            new Broken(() => throw new AggregateException(new InvalidOperationException("Broken."))),
            new StringWriter(),
            error,
            Interactive: false,
            CancellationToken.None);
        Assert.Equal(1, Cli.Run(["models"], context).Code);
        Assert.StartsWith("dit: internal error: Broken. ", error.ToString(), StringComparison.Ordinal);
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
    }

    private sealed class Broken(Action act) : IReadOnlyList<Dit.Runtime.ModelDefinition>
    {
        public Dit.Runtime.ModelDefinition this[int index] => throw new NotSupportedException();

        public int Count => 1;

        public IEnumerator<Dit.Runtime.ModelDefinition> GetEnumerator()
        {
            act();
            throw new NotSupportedException();
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
