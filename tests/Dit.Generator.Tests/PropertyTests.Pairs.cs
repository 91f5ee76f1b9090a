using System.Text;
using Dit.Spec;
using Microsoft.CodeAnalysis;

namespace Dit.Generator.Tests;

public partial class PropertyTests
{
    private const int PairedSpecs = 500;

    /// <summary>Choices that exclude each other, put into a spec that is legal without them.</summary>
    /// <param name="Rule">The rule that excludes them.</param>
    /// <param name="At">The path of the key at which the error stands.</param>
    /// <param name="Keys">Paths and values.</param>
    private sealed record Pair(Rule Rule, string At, params (string Path, string Value)[] Keys)
    {
        /// <summary>Keys of the legal spec that are left out.</summary>
        public string[] Without { get; init; } = [];
    }

    private static readonly string[] Unmodulated = ["in-context", "cross-attention"];

    private static readonly string[] WithoutText = ["in-context", "cross-attention", "adaln", "adaln-zero"];

    private static readonly (string, string)[] Text = [("conditioning.text.tokens", "4"), ("conditioning.text.width", "5")];

    private static readonly (string, string)[] UVit = [("backbone", "u-vit"), ("depth", "3")];

    private static readonly Func<Random, Pair>[] Pairs =
    [
        static random => new(Rule.BlockFitsVariant, "block.shift", ("block.shift", "false"), Variant(random, Unmodulated)),
        static random => new(Rule.BlockFitsVariant, "block.modulation", ("block.modulation", "shared"), Variant(random, Unmodulated)),
        static _ => new(
            Rule.BlockFitsVariant, "block.position", ("block.position", "rope-2d"), ("conditioning.variant", "in-context")),
        static random => new(Rule.RotaryFitsHeads, "block.position", ("block.position", "rope-2d"), ("heads", Of(random, "8", "24", "48"))),
        static _ => new(
            Rule.ConditionFitsVariant, "conditioning.variant", ("conditioning.variant", "adaln-zero+cross-attention")),
        static _ => new(
            Rule.ConditionFitsVariant, "conditioning.variant", ("conditioning.variant", "adaln-zero+cross-attention"),
            ("conditioning.none", "true")) { Without = ["conditioning.classes"] },
        static random => Texts(random, "conditioning.text.mask", Variant(random, WithoutText)),
        static random => Texts(random, "conditioning.micro_conditions", Variant(random, WithoutText)),
        static random => Texts(random, "conditioning.text.mask", UVit),
        static random => Texts(random, "conditioning.micro_conditions", UVit),
        static random => Texts(
            random, "conditioning.micro_conditions", ("conditioning.variant", "adaln-zero+cross-attention"),
            ("width", Of(random, "16", "32", "64"))),
        static random => new(
            Rule.NumericsFitModel, "numerics", ("numerics", "diffusers"), Variant(random, "in-context", "cross-attention", "adaln")),
        static random => new(
            Rule.NumericsFitModel, "numerics", ("numerics", "diffusers"), ("block.mlp", Of(random, "gelu", "swiglu"))),
        static random => new(
            Rule.HiddenWidthIsWhole, "block.mlp", ("block.mlp", "swiglu"), ("width", "4"), ("heads", Of(random, "1", "2")),
            ("mlp_ratio", "0.25")),
        static random => new(Rule.DepthFitsSkips, "depth", ("backbone", "u-vit"), ("depth", Of(random, "1", "2", "12"))),
        static random => OfOtherBackbone(Of(random, "conditioning.variant", "numerics", "block", "positions"), UVit),
        static random => OfOtherBackbone(Of(random, "qkv_bias", "time_mlp", "final_convolution", "clip_width")),
        static random => new(
            Rule.ProcessIsConsistent, "diffusion.timesteps", Flow(random), ("diffusion.timesteps", "100")),
        static random => new(
            Rule.ProcessIsConsistent, "diffusion.variance", Flow(random),
            ("diffusion.variance", Of(random, "learned-range", "fixed-small", "fixed-large"))),
        static random => new(
            Rule.ProcessIsConsistent, "diffusion.variance", ("diffusion.variance", Of(random, "none", "ignored"))),
        static random => new(
            Rule.ProcessIsConsistent, "diffusion.variance", ("diffusion.variance", "learned-range"),
            ("diffusion.prediction", Of(random, "velocity", "score"))),
        static random => new(
            Rule.ProcessIsConsistent, "diffusion.weight", Flow(random), ("diffusion.loss", Of(random, "velocity", "start-x")),
            ("diffusion.weight", Of(random, "velocity", "likelihood"))),
        static random => OfFlows(
            Of(random, "loss: velocity", "weight: uniform", "times: uniform", "shift: 3", "cosine_loss: true").Split(": ")),
        static _ => new(Rule.OneCondition, "conditioning.text", Text),
        static random => new(
            Rule.OneCondition, "conditioning.dropout", ("conditioning.none", "true"), ("conditioning.dropout", "0.1"))
            { Without = ["conditioning.classes"] },
        static random => new(
            Rule.SamplerFitsProcess, "samplers.few.method", Flow(random), ("samplers.few.method", Of(random, "ddpm", "ddim")),
            ("samplers.few.steps", "4")),
        static random => new(
            Rule.SamplerFitsProcess, "samplers.few.method", ("samplers.few.method", Of(random, "sde-euler", "sde-heun")),
            ("samplers.few.steps", "4")),
        static random => new(
            Rule.LatentFitsInput, "input.channels", ("autoencoder", "kl-f8"), ("input.channels", Of(random, "1", "3", "8"))),
    ];

    [Fact]
    public void Two_choices_that_exclude_each_other_are_one_error_at_the_key_of_one_of_them()
    {
        var specs = Enumerable.Range(0, PairedSpecs).Select(static seed =>
        {
            var random = new Random(seed);
            var pair = Pairs[seed % Pairs.Length](random);
            return (pair.Rule, Written: WrittenSpec.Of(Keys(pair, random), random), pair.At);
        }).ToArray();

        var run = Generate.From([.. specs.Select(static (spec, seed) => new SpecText($"{seed}.dit.yaml", spec.Written.Text))]);

        var found = run.Diagnostics.ToLookup(static d => d.Location.GetLineSpan().Path);
        Assert.All(specs.Select(static (spec, seed) => (spec, seed)), pair =>
        {
            var ((rule, written, at), seed) = pair;
            var errors = found[$"{seed}.dit.yaml"].ToArray();
            if (errors is not [{ Severity: DiagnosticSeverity.Error } error] || error.Id != rule.Id || !written.IsAt(error, at))
                Assert.Fail(
                    $"seed {seed}: {rule.Id} was expected at {at}, and there is\n{string.Join("\n", errors.Select(static e => $"{e}"))}"
                        + $"\n\nin\n\n{written.Text}");
        });
    }

    // The keys of a small spec, those of the pair in place of its own, in any order.
    private static (string Path, string Value)[] Keys(Pair pair, Random random)
    {
        (string Path, string Value)[] needed =
        [
            ("model", "Small"), ("depth", "2"), ("width", "48"), ("heads", "4"), ("patch_size", "2"), ("input.channels", "3"),
            ("input.size", Of(random, "8", "[8, 4]")), ("conditioning.classes", "3"),
        ];
        // Legal beside every pair, as far as the backbone has them.
        (string Path, string Value)[] others = pair.Keys.Contains(("backbone", "u-vit"))
            ? [("qkv_bias", "true"), ("time_mlp", "true")]
            : [("block.norm", Of(random, "layer", "rms")), ("block.qk_norm", Of(random, "none", "rms")), ("positions.scale", "2")];
        var given = pair.Keys.Select(static key => key.Path).Concat(pair.Without).ToHashSet();
        if (given.Contains("numerics") || given.Contains("qkv_bias")) others = [];
        (string Path, string Value)[] all =
        [
            .. pair.Keys,
            .. needed.Where(key => !given.Contains(key.Path)),
            .. others.Where(key => !given.Contains(key.Path) && random.Next(2) == 0),
        ];
        random.Shuffle(all);
        return all;
    }

    private static string Of(Random random, params string[] choices) => choices[random.Next(choices.Length)];

    private static (string, string) Variant(Random random, params string[] words) => ("conditioning.variant", Of(random, words));

    private static (string, string) Flow(Random random) => ("diffusion.schedule", Of(random, "flow-linear", "flow-gvp", "flow-vp"));

    private static Pair Texts(Random random, string at, params (string, string)[] keys) =>
        new(Rule.ConditionFitsVariant, at, [.. Text, .. keys, (at, "true")]) { Without = ["conditioning.classes"] };

    private static Pair OfOtherBackbone(string key, params (string, string)[] keys) => new(
        Rule.UnknownKey, key,
        [
            .. keys,
            key switch
            {
                "conditioning.variant" => (key, "adaln"),
                "numerics" => (key, "official"),
                "block" => ("block.norm", "rms"),
                "positions" => ("positions.scale", "2"),
                "clip_width" => (key, "512"),
                _ => (key, "true"),
            },
        ]);

    private static Pair OfFlows(string[] key) => new(Rule.ProcessIsConsistent, $"diffusion.{key[0]}", ($"diffusion.{key[0]}", key[1]));

    /// <summary>A spec, and where its entries are.</summary>
    private sealed class WrittenSpec
    {
        private readonly StringBuilder text = new();
        private readonly Dictionary<string, (int From, int To)> places = [];
        private readonly Random random;

        private WrittenSpec(Random random) => this.random = random;

        public string Text => text.ToString();

        public static WrittenSpec Of(IEnumerable<(string Path, string Value)> keys, Random random)
        {
            var spec = new WrittenSpec(random);
            spec.Block("", [.. keys], indent: 0);
            return spec;
        }

        /// <summary>Whether an error begins inside an entry: at its key or at its value.</summary>
        public bool IsAt(Diagnostic error, string path) =>
            error.Location.SourceSpan.Start is var start && start >= places[path].From && start < places[path].To;

        // Mappings one key a line, with remarks in between.
        private void Block(string above, (string Path, string Value)[] keys, int indent)
        {
            foreach (var entry in Entries(keys))
            {
                if (random.Next(8) == 0) text.Append(random.Next(2) == 0 ? "\n" : "# depth: 7\n");
                text.Append(' ', indent);
                Entry(above, entry, inner => random.Next(2) == 0 ? () => Below(inner) : null);
                if (text[^1] != '\n') text.Append('\n');

                void Below(string inner)
                {
                    text.Append('\n');
                    Block(inner, Inside(entry), indent + 2);
                }
            }
        }

        private void Entry(string above, IGrouping<string, (string Path, string Value)> entry, Func<string, Action?> block)
        {
            var (path, from) = (above + entry.Key, text.Length);
            text.Append(entry.Key).Append(':');
            if (entry.First() is { Path: var only, Value: var value } && only == entry.Key) text.Append(' ').Append(value);
            else if (block($"{path}.") is { } below) below();
            else Flow($"{path}.", Inside(entry));
            places[path] = (from, text.Length);
        }

        private void Flow(string above, (string Path, string Value)[] keys)
        {
            text.Append(" { ");
            foreach (var (entry, i) in Entries(keys).Select(static (entry, i) => (entry, i)))
            {
                if (i > 0) text.Append(", ");
                Entry(above, entry, static _ => null);
            }
            text.Append(" }");
        }

        private static IEnumerable<IGrouping<string, (string Path, string Value)>> Entries((string Path, string Value)[] keys) =>
            keys.GroupBy(static key => key.Path.Split('.')[0]);

        private static (string Path, string Value)[] Inside(IGrouping<string, (string Path, string Value)> entry) =>
            [.. entry.Select(key => (key.Path[(entry.Key.Length + 1)..], key.Value))];
    }
}
