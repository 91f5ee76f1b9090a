using CsCheck;

namespace Dit.Generator.Tests;

public partial class PropertyTests
{
    private static readonly Gen<string> Word = Gen.OneOf(
        "DiT",
        "a",
        "Model X",
        "say \"hi\"",
        @"back\slash",
        "*/ x",
        "</summary>",
        "x {0}",
        "$name",
        "/// doc",
        "#if",
        "&amp;<T>",
        "ünï",
        "Modell 模型",
        "A\U0001F600",
        "null",
        "record",
        "Tensor",
        "it's",
        "a: b",
        "% @ `");

    private static Gen<string> Name(int index) => Word.Select(word => $"'{word.Replace("'", "''")} m{index}'");

    private static readonly Gen<string> Dropout = Gen.OneOf("", ", dropout: 0", ", dropout: 0.1", ", dropout: 0.999");

    private static readonly Gen<string> Conditioning =
        from variant in Gen.OneOf("", "variant: in-context, ", "variant: cross-attention, ", "variant: adaln, ", "variant: adaln-zero, ")
        from kind in Gen.Int[0, 9]
        from count in Gen.OneOf(Gen.Int[1, 20], Gen.Int[1, 4096])
        from width in Gen.Int[1, 2000]
        from dropout in Dropout
        from mask in Gen.OneOf("", ", mask: true", ", mask: false")
        from sizes in Gen.OneOf("", ", micro_conditions: true", ", micro_conditions: false")
        select kind switch
        {
            0 => "none",
            1 or 2 => $"{{ {variant}none: true }}",
            < 6 => $"{{ {variant}classes: {count}{dropout} }}",
            6 => $"{{ variant: adaln-zero+cross-attention, text: {{ tokens: {count}, width: {width}{mask} }}{sizes}{dropout} }}",
            _ => $"{{ {variant}text: {{ tokens: {count}, width: {width} }}{dropout} }}",
        };

    // The schedule, with steps enough for it.
    private static readonly Gen<(string Text, int Timesteps)> Diffusion =
        from prediction in Gen.OneOf("epsilon", "start-x", "velocity", "score")
        from variance in Gen.OneOf("learned-range", "fixed-small", "fixed-large")
        from schedule in Gen.OneOf("linear", "squared-cosine", "scaled-linear")
        from timesteps in Gen.Int[2, 4000]
        let steps = schedule == "linear" ? Math.Max(21, timesteps) : timesteps
        let legal = prediction is "velocity" or "score" && variance == "learned-range" ? "fixed-small" : variance
        select ($"{{ prediction: {prediction}, variance: {legal}, schedule: {schedule}, timesteps: {steps} }}", steps);

    private static readonly Gen<(string Text, int Timesteps)> FlowProcess =
        from prediction in Gen.OneOf("velocity", "epsilon", "start-x", "score")
        from variance in Gen.OneOf("", ", variance: none", ", variance: ignored")
        from path in Gen.OneOf("linear", "gvp", "vp")
        from loss in Gen.OneOf("velocity", "epsilon", "start-x", "score")
        from weight in Gen.OneOf("", ", weight: uniform", ", weight: velocity", ", weight: likelihood")
        from times in Gen.OneOf(
            "", ", times: uniform", ", times: { logit-normal: {} }", ", times: { logit-normal: { mean: -0.25, std: 0.8 } }")
        from shift in Gen.OneOf("", ", shift: 1", ", shift: 0.3", ", shift: 3.00005")
        from cosine in Gen.OneOf("", ", cosine_loss: true", ", cosine_loss: false")
        let weighed = loss is "epsilon" or "score" ? weight : ""
        select ($"{{ schedule: flow-{path}, prediction: {prediction}{variance}, loss: {loss}{weighed}{times}{shift}{cosine} }}", 0);

    private static readonly Gen<(string Text, int Timesteps)> Process = Gen.Frequency((3, Diffusion), (1, FlowProcess));

    // A flow has no timesteps, and no samplers yet.
    private static Gen<string> Samplers(int timesteps) => timesteps == 0 ? Gen.Const("") :
        from names in Gen.OneOf("ddpm-", "fast.", "a_b ", "\"é x", "Card", "no-", "ÿ s").Array[0, 4]
        from steps in Gen.Int[2, timesteps].Array[4]
        from methods in Method.Array[4]
        from clips in Gen.OneOf("", "", ", clip_denoised: true", ", clip_denoised: false").Array[4]
        select names.Length == 0 ? "" : "samplers:\n" + string.Concat(names.Select((name, i) =>
            $"  '{name}{i}': {{ method: {methods[i].Replace("STEPS", $"steps: {steps[i]}")}"
                + $"{(methods[i].Contains("STEPS") ? clips[i] : "")} }}\n"));

    // Orders up to 2, as there may be no more steps.
    private static readonly Gen<string> Method = Gen.OneOf(
        Gen.OneOf(
            "ddpm, STEPS", "ddim, STEPS", "ddim, STEPS, eta: 0", "ddim, STEPS, eta: 0.5", "ddim, STEPS, eta: 1", "euler-ancestral, STEPS",
            "edm, STEPS", "edm, STEPS, churn: 10, churn_min: 0, churn_max: 3, churn_noise: 1"),
        Gen.OneOf("dopri5", "dopri5, rtol: 0.01", "dopri5, atol: 0.0001, rtol: 0.5"),
        from method in Gen.OneOf(
            "dpm-solver++", "sde-dpm-solver++", "dpm-solver", "unipc", "unipc, variant: bh1", "deis", "lms", "euler", "heun", "consistency")
        from order in Gen.OneOf("", ", order: 1", ", order: 2")
        from spacing in Gen.OneOf("", ", spacing: time", ", spacing: logsnr", ", spacing: karras", ", spacing: trailing")
        select $"{method}, STEPS{(method is "euler" or "heun" or "consistency" ? "" : order)}{spacing}");

    // Sizes are embedded in thirds of the width.
    private static Gen<(string Text, int Channels)> Shape(bool family, bool thirds, bool skips) =>
        from groups in Gen.Int[1, thirds ? 8 : 24]
        let heads = thirds ? 3 * groups : groups
        from times in Gen.Int[1, 6]
        from depth in Gen.Frequency((30, Gen.Int[1, 30]), (1, Gen.Int[1, 1000]))
        from patch in Gen.Int[1, 16]
        from rows in Gen.Int[1, 12]
        from columns in Gen.Int[1, 12]
        from square in Gen.Bool
        from channels in Gen.OneOf(Gen.Int[1, 8], Gen.Int[1, 1024])
        from ratio in Gen.OneOf("", "mlp_ratio: 4\n", "mlp_ratio: 0.25\n", "mlp_ratio: 2.75\n", "mlp_ratio: 16\n")
        let width = heads * 4 * times
        let many = skips ? Math.Min(999, depth / 2 * 2 + 3) : depth // odd, where long skips join blocks
        let few = skips ? 3 : 1
        let size = square ? $"{patch * rows}" : $"[{patch * rows}, {patch * columns}]"
        let own = family
            ? $"matrix:\n  of:\n    S: {{ depth: {many}, width: {width}, heads: {heads} }}\n    'L \"1\"': {{ width: {2 * width}, depth: "
                + $"{few}, heads: {heads} }}\n  patch_size: [{patch}{(patch > 1 ? ", 1" : "")}]\n"
            : $"depth: {many}\nwidth: {width}\nheads: {heads}\npatch_size: {patch}\n"
        select (own + ratio + $"input: {{ channels: {channels}, size: {size} }}\n", channels);

    // The widths of shapes are multiples of four for each head, so that all heads can turn; the hidden width is two or
    // more.
    private static Gen<string> Block(string conditioning) =>
        from norm in Gen.OneOf("", "norm: layer", "norm: rms")
        from mlp in Gen.OneOf("", "mlp: gelu-tanh", "mlp: gelu", "mlp: swiglu")
        from queries in Gen.OneOf("", "qk_norm: none", "qk_norm: layer", "qk_norm: rms")
        from position in conditioning.Contains("in-context", StringComparison.Ordinal)
            ? Gen.OneOf("", "position: none")
            : Gen.OneOf("", "position: none", "position: rope-2d")
        from shift in conditioning.Contains("in-context", StringComparison.Ordinal)
            || conditioning.Contains("variant: cross-attention", StringComparison.Ordinal)
            ? Gen.OneOf("", "shift: true")
            : Gen.OneOf("", "shift: true", "shift: false")
        from modulation in conditioning.Contains("in-context", StringComparison.Ordinal)
            || conditioning.Contains("variant: cross-attention", StringComparison.Ordinal)
            ? Gen.OneOf("", "modulation: per-block")
            : Gen.OneOf("", "modulation: per-block", "modulation: shared")
        select $"block: {{ {string.Join(", ", new[] { norm, mlp, queries, position, shift, modulation }.Where(static key => key.Length > 0))} }}\n";

    // Whose latents have so many channels.
    private static Gen<string> Autoencoder(int channels) =>
        from groups in Gen.Int[1, 32]
        from multipliers in Gen.Int[1, 64].Array[1, 8]
        from blocks in Gen.Int[1, 16]
        from scale in Gen.OneOf("", ", scale_factor: 0.18215", ", scale_factor: 10000, shift_factor: -0.5", ", shift_factor: 0.1159")
        from bare in Gen.OneOf("", ", no_quant_conv: true", ", attn_levels: [0]", ", channel_statistics: true")
        from pixels in Gen.OneOf("", "autoencoder: none\n", "# kl-f8\n\n")
        from kind in Gen.Int[0, 2]
        select kind switch
        {
            0 => pixels,
            1 when channels == 4 => "autoencoder: kl-f8\n",
            _ =>
                $"autoencoder: {{ name: kl-a_1.b, ch: {32 * groups}, ch_mult: [{string.Join(", ", multipliers)}], num_res_blocks: "
                    + $"{blocks}, z_channels: {channels}{scale}{bare} }}\n",
        };

    /// <summary>A spec that is legal by construction; the index keeps its class to itself.</summary>
    private static Gen<string> Legal(int index) => Gen.Frequency((3, LegalDit(index)), (1, LegalUVit(index)));

    private static readonly Gen<string> UVitConditioning =
        from kind in Gen.Int[0, 5]
        from count in Gen.OneOf(Gen.Int[1, 20], Gen.Int[1, 4096])
        from width in Gen.Int[1, 2000]
        from dropout in Dropout
        select kind switch
        {
            0 => "none",
            1 => "{ none: true }",
            < 4 => $"{{ classes: {count}{dropout} }}",
            _ => $"{{ text: {{ tokens: {count}, width: {width} }}{dropout} }}",
        };

    private static Gen<string> LegalUVit(int index) =>
        from family in Gen.Frequency((1, Gen.Const(true)), (9, Gen.Const(false)))
        from name in Name(index)
        from conditioning in UVitConditioning
        from shape in Shape(family, thirds: false, skips: true)
        from bias in Gen.OneOf("", "qkv_bias: true\n", "qkv_bias: false\n")
        from time in Gen.OneOf("", "time_mlp: true\n", "time_mlp: false\n")
        from last in Gen.OneOf("", "final_convolution: true\n", "final_convolution: false\n")
        from process in Process
        from samplers in Samplers(process.Timesteps)
        from autoencoder in Autoencoder(shape.Channels)
        select $"{Title(family, name)}backbone: u-vit\n{shape.Text}{bias}{time}{last}conditioning: {conditioning}\n"
            + $"diffusion: {process.Text}\n{autoencoder}{samplers}";

    private static string Title(bool family, string name) =>
        family ? $"family: {name[..^1].Replace("{0}", "0")}-{{of}}-{{patch_size}}'\n" : $"model: {name}\n";

    private static Gen<string> LegalDit(int index) =>
        from family in Gen.Frequency((1, Gen.Const(true)), (9, Gen.Const(false)))
        from name in Name(index)
        from conditioning in Conditioning
        from shape in Shape(family, conditioning.Contains("micro_conditions: true", StringComparison.Ordinal), skips: false)
        from process in Process
        from givesProcess in Gen.Bool
        from samplers in Samplers(givesProcess ? process.Timesteps : 1000)
        from autoencoder in Autoencoder(shape.Channels)
        from numerics in conditioning.StartsWith("{ classes", StringComparison.Ordinal)
        || conditioning.StartsWith("{ variant: adaln-zero, classes", StringComparison.Ordinal)
            ? Gen.OneOf("", "numerics: official\n", "numerics: diffusers\n")
            : Gen.OneOf("", "numerics: official\n")
        from block in numerics.Contains("diffusers", StringComparison.Ordinal)
            ? Gen.OneOf("", "block: {}\n")
            : Gen.OneOf(Gen.Const(""), Block(conditioning))
        let mlp = block.Contains("swiglu", StringComparison.Ordinal)
            ? shape.Text.Replace("mlp_ratio: 0.25\n", "mlp_ratio: 0.5\n")
            : shape.Text
        from positions in Gen.OneOf("", "", "positions: {}\n", "positions: { scale: 2 }\n", "positions: { scale: 0.75, base: 16 }\n")
        from lineEnd in Gen.Frequency((4, Gen.Const("\n")), (1, Gen.Const("\r\n")))
        select string.Concat(
                Title(family, name),
                mlp,
                block,
                positions,
                $"conditioning: {conditioning}\n",
                givesProcess ? $"diffusion: {process.Text}\n" : "",
                autoencoder,
                numerics,
                samplers)
            .Replace("\n", lineEnd);

    private static readonly Gen<string> Hostile = Gen.OneOf(
        "0",
        "-1",
        "1e999",
        "99999999999999999999",
        "NaN",
        ".inf",
        "0x10",
        "1_000",
        "2.0",
        "'2'",
        "~",
        "null",
        "no",
        "true",
        "[]",
        "{}",
        "[2, 2]",
        "{ a: 1 }",
        "",
        "*a",
        "&a 1",
        "!!int 1",
        "2147483648",
        "1.5",
        "٣",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\x1b\"",
        "\"a\\nb\"",
        "\u2028",
        "\u200b",
        "\ufeff",
        "\0",
        "\ud800",
        "velocity",
        "flow-vp",
        "heun",
        "'",
        "\"",
        "|",
        ">-",
        "@",
        "`",
        "%",
        "? a",
        "- a",
        "<<",
        "#",
        ": :");

    private static readonly string Deep = string.Concat(Enumerable.Repeat("[", 3000));
    private static readonly string DeepMappings = string.Concat(Enumerable.Repeat("{ a: ", 300));
    private static readonly string HugeAxis = $"[{string.Join(", ", Enumerable.Range(1, 400))}]";

    private static readonly Gen<string> Inserted = Gen.OneOf(
        Gen.Const(Deep),
        Gen.Const(DeepMappings),
        Gen.Const($"\nmatrix: {{ depth: {HugeAxis}, heads: {HugeAxis} }}\n"),
        Gen.Const($"\nfamily: A{{depth}}\nmatrix:\n  depth: {HugeAxis}\n"),
        Hostile, Gen.String[Gen.Char[" \t\n:,{}[]-#'\"&*!|>%@`?"], 1, 5], Gen.String[0, 6]);

    private static readonly Gen<Func<string, string>> Mutation =
        from kind in Gen.Int[0, 15]
        from at in Gen.Double[0, 0.999]
        from other in Gen.Double[0, 0.999]
        from length in Gen.Int[0, 8]
        from hostile in Hostile
        from inserted in Inserted
        from letter in Gen.Char[" -_.:,abcdeimnoprstuvwxz0123456789"]
        select new Func<string, string>(text => kind switch
        {
            < 4 => Lines(text, at, line => Value(line, hostile)),
            4 => Lines(text, at, static _ => null),
            5 => Lines(text, at, static line => line + "\n" + line),
            6 => Moved(text, at, other),
            7 => Swapped(text, at, other),
            8 => Spliced(text, at, length, inserted),
            9 => Lines(text, at, static line => " " + line),
            10 => Lines(text, at, static line => line + " # " + line),
            < 13 => Spliced(text, at, 1, letter.ToString()),
            13 => Spliced(text, at, 0, letter.ToString()),
            _ => Spliced(text, at, 1, ""),
        });

    private static Gen<string> Mutated(int index) =>
        from legal in Legal(index)
        from mutations in Mutation.Array[1, 2]
        select mutations.Aggregate(legal, static (text, mutate) => text.Length == 0 ? text : mutate(text));

    private static string Lines(string text, double at, Func<string, string?> edit)
    {
        var lines = text.Split('\n');
        var line = (int)(at * lines.Length);
        return string.Join(
            "\n",
            [.. lines[..line], .. edit(lines[line]) is { } edited ? [edited] : Array.Empty<string>(), .. lines[(line + 1)..]]);
    }

    // The last value of a line.
    private static string Value(string line, string value) => line.LastIndexOf(": ", StringComparison.Ordinal) is >= 0 and var colon
        ? line[..(colon + 2)] + value + (line.TrimEnd().EndsWith('}') ? " }" : "")
        : value;

    private static string Moved(string text, double from, double to)
    {
        var lines = text.Split('\n').ToList();
        var line = lines[(int)(from * lines.Count)];
        lines.Remove(line);
        lines.Insert((int)(to * lines.Count), line);
        return string.Join("\n", lines);
    }

    // The values of two lines change places.
    private static string Swapped(string text, double a, double b)
    {
        var lines = text.Split('\n');
        var (first, second) = ((int)(a * lines.Length), (int)(b * lines.Length));
        var (x, y) = (lines[first].Split(": ", 2), lines[second].Split(": ", 2));
        if (x.Length < 2 || y.Length < 2 || first == second) return text;
        (lines[first], lines[second]) = ($"{x[0]}: {y[1]}", $"{y[0]}: {x[1]}");
        return string.Join("\n", lines);
    }

    private static string Spliced(string text, double at, int length, string inserted)
    {
        var start = (int)(at * text.Length);
        return text[..start] + inserted + text[Math.Min(text.Length, start + length)..];
    }
}
