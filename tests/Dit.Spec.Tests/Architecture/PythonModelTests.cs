using static Dit.Spec.Describe;

namespace Dit.Spec.Tests;

/// <summary>
/// The reading in PyTorch, beyond the snapshots of two models; tests/golden/python holds it against the published
/// implementation.
/// </summary>
public class PythonModelTests
{
    public static TheoryData<string> Conditions =>
    [
        "classes: 10", "classes: 10, dropout: 0", "none: true",
        "text: { tokens: 7, width: 12 }", "text: { tokens: 7, width: 12 }, dropout: 0",
    ];

    private static string Of(Module network) => PythonModel.Of(Networks.Description(network), "Test", "A test.");

    // What stands below a line of the file and is indented deeper, or as deep in a class; trimmed.
    private static IEnumerable<string> Method(string file, string className, string method) => file.Split('\n')
        .SkipWhile(line => !line.StartsWith($"class {className}(", StringComparison.Ordinal))
        .SkipWhile(line => !line.StartsWith($"    def {method}(", StringComparison.Ordinal)).Skip(1)
        .TakeWhile(static line => line.StartsWith("        ", StringComparison.Ordinal)).Select(static line => line[8..]);

    [Fact]
    public void A_block_reads_as_the_papers_formula()
    {
        var file = PythonModel.Of(Specs.Model(Specs.Tiny));
        Assert.Equal(
        [
            "m = self.adaLN_modulation(c).unsqueeze(1).chunk(6, dim=-1)  # 6 x (N, 1, D)",
            "shift1, scale1, gate1, shift2, scale2, gate2 = m",
            "h = x + gate1 * self.attn(modulate(self.norm1(x), shift1, scale1))  # (N, T, D)",
            "return h + gate2 * self.mlp(modulate(self.norm2(h), shift2, scale2))  # (N, T, D)",
        ], Method(file, "Block", "forward").Skip(5));
        Assert.Contains("self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(D, 6 * D))", Method(file, "Block", "__init__"));
        Assert.Contains("self.norm1 = nn.LayerNorm(D, elementwise_affine=False, eps=1e-6)", Method(file, "Block", "__init__"));
        Assert.Contains("nn.init.zeros_(self.adaLN_modulation[1].weight)", Method(file, "Block", "initialize_weights"));
    }

    [Fact]
    public void Numerics_of_diffusers_are_in_the_file()
    {
        var file = PythonModel.Of(Specs.Model(Specs.With("numerics: diffusers")));
        Assert.Contains("self.norm2 = nn.LayerNorm(D, elementwise_affine=False, eps=1e-5)", file);
        Assert.Contains("timestep_features(t, 256, intervals=127)", file);
    }

    [Fact]
    public void Blocks_that_differ_from_the_papers_are_in_the_file()
    {
        var file = PythonModel.Of(Specs.Model(Specs.With(
            "block: { norm: rms, mlp: swiglu, qk_norm: layer, position: rope-2d, shift: false }")));
        Assert.Contains("mixed = qk_attention(self.qkv(x), heads=H, q_norm=self.q_norm, k_norm=self.k_norm, rotary=rotary)", file);
        Assert.Contains("self.q_norm = nn.LayerNorm(K, eps=1e-5)", Method(file, "Attention", "__init__"));
        Assert.Contains("h = x + gate1 * self.attn(self.norm1(x) * (1 + scale1), rotary)  # (N, T, D)", Method(file, "Block", "forward"));
        Assert.Contains(
            "return self.linear(modulate(self.norm_final(x), shift, scale))  # (N, T, 16)",
            file.Replace("(N, T, 32)", "(N, T, 16)"));
        Assert.Contains("self.register_buffer(\"freqs_cos\", torch.zeros(T, K))", Method(file, "RotaryPositions", "__init__"));
        Assert.Contains("h = swiglu(self.w12(x))  # (N, T, 85)", Method(file, "Mlp", "forward"));
        Assert.Contains("def rotate(x, rotary):", file);
        Assert.Contains("It needs torch 2.4 or later", file);
        Assert.DoesNotContain("def self_attention", file);
    }

    [Theory, MemberData(nameof(Conditions))]
    public void A_condition_can_be_dropped_where_something_stands_for_it(string condition)
    {
        foreach (var variant in new[] { "in-context", "cross-attention", "adaln", "adaln-zero" })
        {
            var file = PythonModel.Of(Specs.Model(Specs.With($"conditioning: {{ variant: {variant}, {condition} }}")));
            var drops = condition.StartsWith("text", StringComparison.Ordinal) && !condition.EndsWith('0');
            Assert.Equal(drops, file.Contains("drop_text"));
            Assert.Contains(
                condition[0] switch
                {
                    'c' => "    def forward(self, x, t, labels):",
                    't' => drops ? "    def forward(self, x, t, text, drop_text=None):" : "    def forward(self, x, t, text):",
                    _ => "    def forward(self, x, t):",
                }, file.Split('\n'));
            if (drops) Assert.Contains("self.y_embedder(text, drop_text=drop_text)", file);
        }
    }

    [Fact]
    public void Long_skips_are_a_stack()
    {
        var file = Of(Networks.UShaped);
        Assert.Equal(
        [
            "skips = []",
            "for in_block in self.in_blocks:",
            "    tokens = in_block(tokens, c)  # (N, T, D)",
            "    skips.append(tokens)",
            "for out_block in self.out_blocks:",
            "    tokens = out_block(tokens, c, skips.pop())  # (N, T, D)",
        ], Method(file, "Tiny", "forward").SkipWhile(static line => line != "skips = []").Take(6));
        Assert.Contains("x = self.skip_linear(torch.cat([x, skip], dim=-1))  # (N, T, D)", Method(file, "SkipBlock", "forward"));
        Assert.Contains("self.norm = nn.RMSNorm(D, eps=1e-6)", file);
        Assert.Contains("It needs torch 2.4 or later", file); // RMSNorm
    }

    [Fact]
    public void Several_streams_pass_through_a_list_together()
    {
        var pair = Module(
            "Pair", "Two streams", [new("x", Networks.Tokens, "Tokens"), new("y", Networks.Tokens, "Others")], [],
            [Return(Add("x", "y"), "y")], "Both");
        var network = Module(
            "Both", "", [new("x", Networks.Tokens, "Tokens")], [new Member.Repeated("pairs", 3, pair)],
            [Let("y", "x"), ForEach("pairs", ["x", "y"], []), Return(Add("x", Add("y", "x")))], "Tokens");
        var file = Of(network);

        Assert.Contains("    x, y = pair(x, y)  # (N, T, D), (N, T, D)", Method(file, "Both", "forward"));
        Assert.Contains("return x + y, y  # (N, T, D), (N, T, D)", Method(file, "Pair", "forward"));
        // As described: sums of floats are not associative.
        Assert.Contains("return x + (y + x)  # (N, T, D)", Method(file, "Both", "forward"));
        Assert.Equal(1, file.Split('\n').Count(static line => line.Contains("initialize_weights"))); // there is nothing to set
    }

    [Fact]
    public void Only_what_is_called_is_at_the_top()
    {
        var file = PythonModel.Of(Specs.Model(Specs.Tiny));
        Assert.All(["def modulate(", "def self_attention(", "def unpatchify(", "import math\n"], text => Assert.Contains(text, file));
        Assert.All(["def cross_attention(", "def fill_dropped("], text => Assert.DoesNotContain(text, file));
    }

    [Theory]
    [InlineData("F", "FModel")]
    [InlineData("T", "TModel")]
    [InlineData("None", "NoneModel")]
    [InlineData("math", "mathModel")]
    [InlineData("lambda", "lambdaModel")]
    [InlineData("modulate", "modulateModel")]
    [InlineData("My-F", "MyF")]
    public void A_class_hides_nothing_that_the_file_needs(string model, string className)
    {
        var file = PythonModel.Of(Specs.Model(Specs.With($"model: {model}")));
        Assert.Contains($"class {className}(nn.Module):", file.Split('\n'));
        Assert.Contains($"    model = {className}()", file.Split('\n'));
    }

    [Fact]
    public void A_name_cannot_end_a_docstring()
    {
        var file = PythonModel.Of(Networks.Description(Networks.Of(Networks.Block())), "A \"\"\" \\", "A test.");
        Assert.StartsWith("\"\"\"A \\\"\\\"\\\" \\\\: a network of the tests.\n", file);
    }

    [Fact]
    public void No_line_is_longer_than_120_columns()
    {
        var models = new[] { "dit.dit.yaml", "xl2-conditioning.dit.yaml", "shapes.dit.yaml" }.SelectMany(
            static file => Specs.Models(Specs.Shipped(file)));
        Assert.All(
            models.Select(PythonModel.Of).Distinct(),
            static file => Assert.All(file.Split('\n'), static line => Assert.InRange(line.Length, 0, 120)));
    }

    [Fact]
    public void Every_parameter_is_set()
    {
        var spec = Specs.Model(Specs.With("conditioning: { variant: cross-attention, text: { tokens: 7, width: 12 } }"));
        // A class for each module: the blocks count once.
        var parameters = Parameters.Of(Description.Of(spec).Network).Select(static p => p.Name)
            .Where(static name => !name.StartsWith("blocks.1", StringComparison.Ordinal)).ToArray();
        var lines = PythonModel.Of(spec).Split('\n').Where(static line => line.StartsWith("        ", StringComparison.Ordinal))
            .Select(static line => line.Trim()).ToArray();
        var set = lines.Count(static line => line.StartsWith("nn.init.", StringComparison.Ordinal)
            || line.StartsWith("xavier_uniform(", StringComparison.Ordinal) || line.Contains(".data.copy_("));

        var norms = lines.Count(static line => line.EndsWith(".reset_parameters()", StringComparison.Ordinal)); // weight and bias
        Assert.Equal(parameters.Length, set + 2 * norms);
    }

    [Fact]
    public void Two_modules_of_one_name_are_refused()
    {
        var other = Networks.Attention with { Summary = "Another" };
        var network = Module(
            "Two", "", [new("x", Networks.Tokens, "Tokens")], [new Member.Child("a", Networks.Attention), new Member.Child("b", other)],
            [Return(Call("b", Call("a", "x")))], "Tokens");
        Assert.Equal("Two modules are called Attention.", Assert.Throws<InvalidOperationException>(() => Of(network)).Message);
    }
}
