using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>The options of <c>dit sample</c>.</summary>
internal sealed class SampleOptions
{
    private readonly Option<string?> checkpoint = new("--checkpoint", "-c")
    {
        Description = "Weights, .safetensors or .pt, or a folder of diffusers. [default: those that come with the program, if any do]",
        HelpName = "FILE",
    };
    private readonly Option<string> weights = CommonOptions.Weights();
    private readonly Option<string[]> lora = LoraChoice.Option();
    private readonly Option<string?> autoencoder = new("--vae")
    {
        Description =
            "For models of latents: the weights of the autoencoder, which makes pictures of them. [default: those in the checkpoint's "
                + "folder, where it is a pipeline's]",
        HelpName = "FILE",
    };
    private readonly Option<string[]> classes = new("--classes")
    {
        Description =
            $"Class names or numbers, separated by commas; a name in double quotes may hold commas. [default: all, or the first "
                + $"{ClassNames.DrawnWithoutAsking} of more]",
        HelpName = "LIST",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> text = new("--text")
    {
        Description =
            "For models of text, and joint models: a .safetensors file with one tensor named text, (N, tokens, width), of embedded texts.",
        HelpName = "FILE",
    };
    private readonly Option<string?> negative = new("--negative")
    {
        Description =
            "For models of text: a file as for --text, with the embedding of a negative or of the empty prompt, which guidance leads away "
                + "from; one for all texts, or one for each. [default: the model's null text]",
        HelpName = "FILE",
    };
    private readonly Option<string?> sampler;
    private readonly (MethodSetting Setting, Option<string?> Option)[] settings = [.. MethodSetting.All.Select(static s => (s, Of(s)))];
    private readonly Option<int?> steps = CommonOptions.Number<int>("--steps", "Sampling steps. [default: the sampler's]");
    private readonly Option<double?> guidance = CommonOptions.Number<double>(
        "--cfg",
        $"Guidance scale; 1 is no guidance. [default: {SampleRequest.UsualGuidance}]");
    private readonly Option<string> channels = new("--cfg-channels")
    {
        Description = "Channels that guidance changes: the first three, as the official sampler does, or all.",
        DefaultValueFactory = _ => "3",
    };
    private readonly Option<GuidanceInterval?> interval = new("--cfg-interval")
    {
        Description = "Guide only at noise levels above LO and up to HI, sigma = sqrt(1 / alpha bar - 1); HI may be inf. [default: at all]",
        HelpName = "LO,HI",
        CustomParser = ParseInterval,
    };
    private readonly Option<string> convention = new("--cfg-convention")
    {
        Description =
            "What the scale S counts from: "
                + string.Join("; ", GuidanceConventions.ByWord.Select(static pair => $"{pair.Key} is {pair.Value.Formula()}")) + ".",
        DefaultValueFactory = _ => GuidanceConvention.Dit.Word(),
    };
    private readonly Option<double?> rescale = CommonOptions.Number<double>(
        "--cfg-rescale",
        "How far guided outputs are brought back to the deviation of the conditional ones, 0 to 1 (arXiv 2305.08891). [default: 0]");
    private readonly Option<AdaptiveProjection?> projection = new("--cfg-apg")
    {
        Description =
            "Adaptive projected guidance (arXiv 2410.02416): weight of the part along the prediction, longest difference, momentum. "
                + "[default: off; without values 0,inf,0]",
        HelpName = "ETA,RADIUS,MOMENTUM",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = ParseProjection,
    };
    private readonly Option<long> seed = CommonOptions.Number("--seed", "The same seed gives the same images.", 0L);
    private readonly Option<int> first = CommonOptions.Number(
        "--first",
        "Number of the first image: image i is the same in every run of a seed, so that a later run can go on.",
        0);
    private readonly Option<int> count = CommonOptions.Number(
        "--count",
        "Images of each class or text; of a model of neither, images in all.",
        8);
    private readonly Option<int> batch = CommonOptions.Number(
        "--batch",
        "Images drawn at once; it changes the speed, and the images by no more than rounding.",
        SampleRequest.UsualBatch);
    private readonly Option<string> output = new("--out", "-o")
    {
        Description =
            "A .png or .jpg picture of all images, a .safetensors file with the samples as they are, or a folder (a name without an "
                + "ending) for single pictures and grid.png.",
        HelpName = "PATH",
        DefaultValueFactory = _ => "samples.png",
    };
    private readonly Option<int?> preview = CommonOptions.Number<int>(
        "--preview",
        "Every N steps, write what the images look like so far beside the output.");
    private readonly Option<string?> animation = new("--gif")
    {
        Description = "Write an animation of the drawing, too. [default file: named like the output]",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<ImageSize?> size = new("--size")
    {
        Description =
            "Width and height of the images in pixels, width first, such as 384x256; positions are computed or interpolated for it. "
                + "[default: the size the model was trained for]",
        HelpName = "WxH",
        CustomParser = ParseSize,
    };
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> tensorFloat32 = CommonOptions.TensorFloat32();
    private readonly Option<string> type = CommonOptions.RealType(
        "--dtype",
        "Type of the network's numbers; the process itself stays in f32.");
    private readonly Option<bool> recompute = new("--recompute-positions")
    {
        Description = "Take a checkpoint of another grid of patches (another image size) and compute the positions anew.",
    };

    public SampleOptions(CommandContext context)
    {
        Model = CommonOptions.Model(
            context,
            $"the one that --checkpoint is of{(context.Usual() is { } usual ? $", or {usual.Card.Name}" : "")}");
        sampler = new("--sampler", "-s")
        {
            Description =
                "A sampler of the model's spec, or a method such as dpm-solver++; 'dit samplers' lists them. [default: the first in its "
                    + "spec]",
            HelpName = "NAME",
            CompletionSources = { completion => context.SamplersOf(completion.ParseResult.GetValue(Model)) },
        };
        channels.AcceptOnlyFromAmong("3", "all");
        convention.AcceptOnlyFromAmong([.. GuidanceConventions.ByWord.Keys]);
    }

    /// <summary>The model's name.</summary>
    public Option<string?> Model { get; }

    /// <summary>The weights.</summary>
    public Option<string?> Checkpoint => checkpoint;

    /// <summary>All of them, in the order of the help.</summary>
    public IReadOnlyList<Option> All =>
        [
            Model,
            checkpoint,
            weights,
            lora,
            autoencoder,
            classes,
            text,
            negative,
            sampler,
            steps,
            .. settings.Select(static setting => setting.Option),
            guidance,
            channels,
            interval,
            convention,
            rescale,
            projection,
            seed,
            first,
            count,
            batch,
            size,
            output,
            preview,
            animation,
            device,
            tensorFloat32,
            type,
            recompute,
        ];

    /// <summary>What a command line asks for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="processes">The processes that draw together.</param>
    /// <exception cref="DitException">There is no such device.</exception>
    public SampleRequest Read(ParseResult parsed, ProcessGroup processes) => new(
        parsed.GetValue(checkpoint),
        CommonOptions.WeightsWords[parsed.GetRequiredValue(weights)],
        parsed.GetValue(classes) ?? [],
        parsed.GetValue(text),
        parsed.GetValue(sampler),
        parsed.GetValue(steps),
        parsed.GetValue(guidance),
        parsed.GetValue(channels) == "all" ? GuidanceChannels.All : GuidanceChannels.FirstThree,
        parsed.GetValue(interval),
        parsed.GetValue(seed),
        parsed.GetValue(first),
        parsed.GetValue(count),
        parsed.GetValue(batch),
        new SampleFiles(
            parsed.GetRequiredValue(output),
            parsed.GetValue(autoencoder),
            parsed.GetValue(preview),
            parsed.GetResult(animation) is null ? null : parsed.GetValue(animation) ?? ""),
        TorchDevice.Parse(processes.DeviceOf(parsed.GetRequiredValue(device)), parsed.GetValue(tensorFloat32)),
        CommonOptions.RealTypes[parsed.GetRequiredValue(type)],
        parsed.GetValue(recompute))
    {
        SpecFile = parsed.GetValue(Model) is { } word && ModelSource.SpecPath(word) is var (path, member)
            ? Path.GetFileName(path) + (member is null ? "" : $"#{member}")
            : null,
        Lora = LoraChoice.Of(parsed.GetValue(lora)),
        Negative = parsed.GetValue(negative),
        Size = parsed.GetValue(size),
        Convention = GuidanceConventions.ByWord[parsed.GetRequiredValue(convention)],
        Rescale = parsed.GetValue(rescale),
        Projection = parsed.GetResult(projection) is null ? null : parsed.GetValue(projection) ?? new(),
        Settings = new(settings.Where(setting => parsed.GetValue(setting.Option) is not null)
            .ToDictionary(static setting => setting.Setting, setting => parsed.GetRequiredValue(setting.Option) ?? "")),
    };

    private static Option<string?> Of(MethodSetting setting)
    {
        var option = new Option<string?>(setting.Option)
        {
            Description = $"{setting.Help} [default: {setting.Default}]",
            HelpName = setting.Wanted.Contains("number", StringComparison.Ordinal) ? "X" : "WORD",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., var last] && !setting.Takes(last.Value))
                result.AddError($"{setting.Option} takes {setting.Wanted}, not '{last.Value}'.");
        });
        return option;
    }

    private static ImageSize? ParseSize(ArgumentResult result)
    {
        var word = result.Tokens[^1].Value;
        if (ImageSize.Parse(word) is { } size) return size;
        result.AddError($"--size takes width and height in pixels, such as 384x256, not '{word}'.");
        return null;
    }

    private static GuidanceInterval? ParseInterval(ArgumentResult result)
    {
        var word = result.Tokens[^1].Value;
        var problem = $"--cfg-interval takes two noise levels such as 0.3,5, not '{word}'.";
        if (word.Split(',') is [var low, var high] && Level(low) is { } from && Level(high) is { } to)
        {
            if (from >= 0 && to >= from && double.IsFinite(from)) return new(from, to);
            problem = $"--cfg-interval takes two noise levels of at least 0, the lower first, not '{word}'.";
        }
        result.AddError(problem);
        return null;
    }

    private static AdaptiveProjection? ParseProjection(ArgumentResult result)
    {
        if (result.Tokens is not [.., { Value: var word }]) return new();
        double?[] values = [.. word.Split(',').Select(Level)];
        if (values.Length > 3 || values.Contains(null))
        {
            result.AddError($"--cfg-apg takes up to three numbers, ETA,RADIUS,MOMENTUM, such as 0,2.5,-0.75, not '{word}'.");
            return null;
        }
        double At(int i, double standard) => i < values.Length ? values[i] ?? standard : standard;
        try
        {
            return new(At(0, 0), At(1, double.PositiveInfinity), At(2, 0));
        }
        catch (DitException e)
        {
            result.AddError($"--cfg-apg {word}: {e.Message}");
            return null;
        }
    }

    private static double? Level(string word) =>
        word.Trim().ToLowerInvariant() is "inf" or "infinity" ? double.PositiveInfinity
        : double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var level) && double.IsFinite(level) ? level
        : null;
}
