using System.Globalization;
using System.Xml.Linq;
using static Dit.Spec.Describe;

namespace Dit.Spec.Tests;

/// <summary>The picture of a block.</summary>
public class DiagramTests
{
    public static TheoryData<string> Variants => ["in-context", "cross-attention", "adaln", "adaln-zero"];

    private static XElement Draw(Module module) => XDocument.Parse(Diagram.Of(module, "A <test> & more")).Root!;

    private static string[] Texts(XElement svg) =>
        [.. svg.Descendants().Where(static e => e.Name.LocalName == "text").Select(static e => e.Value)];

    private static Module BlockOf(string variant) =>
        Diagram.Block(Description.Of(Specs.Model(Specs.Tiny.Replace("adaln-zero", variant))).Network);

    [Fact]
    public void The_picture_in_the_docs_is_what_is_drawn()
    {
        var spec = Specs.Models(Specs.Shipped("dit.dit.yaml")).Single(static model => model.Name == "DiT-XL/2");
        WrittenFile.Match("docs/block.svg", Diagram.Of(Diagram.Block(Description.Of(spec).Network), spec.Name));
        Assert.Contains("(block.svg)", File.ReadAllText(Path.Combine(Specs.RepositoryRoot, "docs", "conditioning.md")));
    }

    [Theory, MemberData(nameof(Variants))]
    public void Every_layer_of_a_block_is_in_its_picture(string variant)
    {
        var module = BlockOf(variant);
        var texts = Texts(Draw(module));

        Assert.All(module.Members.Where(static member => member is not Member.Chain), member => Assert.Contains(member.Name, texts));
        Assert.Equal(variant.StartsWith("adaln", StringComparison.Ordinal), texts.Contains("adaLN_modulation.1"));
        Assert.Equal(variant == "adaln-zero" ? 2 : 0, texts.Count(static text => text is "gate1" or "gate2"));
        Assert.Equal(
            variant.StartsWith("adaln", StringComparison.Ordinal) ? 2 : 0,
            texts.Count(static text => text is "shift1, scale1" or "shift2, scale2"));
        Assert.Equal(variant == "cross-attention" ? 1 : 0, texts.Count(static text => text == "context  (N, M, D)"));
        // A residual sum for each branch, and a line past it.
        var sums = variant == "cross-attention" ? 3 : 2;
        Assert.Equal(sums, Draw(module).Descendants().Count(static e => e.Name.LocalName == "circle" && (string?)e.Attribute("r") == "13"));
    }

    public static TheoryData<string> Modules =>
        [
            "in-context", "cross-attention", "adaln", "adaln-zero", "block-keys", "attention", "network", "u-shaped", "skip", "parallel",
            "streams", "all",
        ];

    private static Module WithKeys => Diagram.Block(Description.Of(Specs.Model(Specs.With(
        "block: { norm: rms, mlp: swiglu, qk_norm: rms, position: rope-2d, shift: false }"))).Network);

    [Fact]
    public void Norms_of_queries_rotary_positions_and_scales_without_a_shift_are_in_the_picture()
    {
        var block = Texts(Draw(WithKeys));
        Assert.Contains("RMSNorm", block);
        Assert.Contains("Scale", block);
        Assert.DoesNotContain("Scale, shift", block);
        Assert.Contains("rotary  (T, 2 K)", block);
        Assert.Contains("4 heads, normed queries and keys, rotary positions", string.Join(" ", Texts(Draw(Named("attention")))));
    }

    private static Module Named(string name) => name switch
    {
        "network" => Description.Of(Specs.Model(Specs.Tiny)).Network,
        "block-keys" => WithKeys,
        "attention" => WithKeys.Members.OfType<Member.Child>().First(static child => child.Name == "attn").Module,
        "u-shaped" => Networks.UShaped,
        "skip" => Networks.UShaped.Members.OfType<Member.Repeated>().Last().Module,
        "parallel" => Module(
            "Parallel", "Attention and MLP side by side", [new("x", Networks.Tokens, "Tokens")],
            [Networks.Norm("norm"), new Member.Child("attn", Networks.Attention), new Member.Child("mlp", Networks.Mlp())],
            [Let("n", Call("norm", "x")), Return(Add(Add("x", Call("attn", "n")), Call("mlp", "n")))], "Tokens"),
        "streams" => Module(
            "Streams", "Two streams", [new("x", Networks.Tokens, "Tokens"), new("y", Networks.Tokens, "Others")],
            [new Member.Child("attn", Networks.Attention)],
            [Let("z", Call("attn", Add("x", "y"))), Return(Add("x", "z"), Add("y", "z"))], "Both"),
        "all" => All,
        _ => BlockOf(name),
    };

    // Every operation that is in no other module here.
    private static Module All { get; } = Module(
        "All", "Every operation",
        [
            new("x", Networks.Tokens, "Tokens"), new("t", Shape.Of(Networks.N), "Timesteps"),
            new("i", Shape.Of(Networks.N), "Indices", ValueKind.Index),
        ],
        [
            new Member.Embedding("table", 5, Networks.D, Networks.Small),
            new Member.Table("null", Shape.Of(Networks.T, Networks.D), Networks.Small),
            Networks.Linear("wide", Networks.D, 3 * Networks.D), Networks.Linear("pairs", Networks.D, 2 * Networks.D),
            Networks.Linear("narrow", 2 * Networks.D, Networks.D),
            Networks.Linear("time", 16, Networks.D), Networks.Norm("rms", kind: NormKind.Rms), Networks.Norm("plain", isAffine: false),
            Chain(
                "mlp", Networks.Linear("", Networks.D, Networks.D), new Member.Activate(Activation.Gelu),
                Networks.Linear("", Networks.D, Networks.D)),
        ],
        [
            Let("c", Add(Call("time", new Value.Sinusoid("t", 16, 8)), Call("table", "i"))),
            Let("a", new Value.SelfAttention(Call("wide", Call("rms", new Value.FillDropped("x", "null"))), 4)),
            Let("b", new Value.CrossAttention("a", Call("pairs", JoinTokens(AsToken("c"), AsToken("c"))), 4)),
            Split("s", Call("pairs", "b"), ["left"], ["right"]),
            Let("g", new Value.Gated("left", AsToken("c"), new Value.Activate(Activation.GeluTanh, "right"))),
            Let("m", new Value.MeanOfTokens("g")),
            Let("j", JoinTokens("g", AsToken("m"))),
            Let("k", new Value.Tokens("j", 1, Networks.T)),
            Let("l", Call("narrow", JoinFeatures("k", Call("mlp", "k")))),
            Return(new Value.Modulate("plain", "l", AsToken("c"), AsToken("c"))),
        ], "Tokens");

    [Theory, MemberData(nameof(Modules))]
    public void A_picture_is_whole_and_refers_to_nothing(string name)
    {
        Assert.Empty(Evaluation.Of(Named(name)).Errors);
        var svg = Draw(Named(name));
        var (width, height) = (Number(svg, "width"), Number(svg, "height"));

        foreach (var element in svg.Descendants())
        {
            Assert.Contains(element.Name.LocalName, new[] { "title", "rect", "circle", "text", "polyline", "polygon" });
            // no address, no style from elsewhere
            Assert.All(element.Attributes(), static attribute => Assert.DoesNotContain(":", attribute.Value));
            foreach (var (x, y) in Points(element)) Assert.True(x >= 0 && x <= width && y >= 0 && y <= height, element.ToString());
            if (element.Name.LocalName == "text") Assert.InRange(RightEdge(element), 0, width + 20); // by a rough width of characters
        }
        Assert.Equal("A <test> & more", svg.Elements().First().Value);
        Assert.Equal(Diagram.Of(Named(name), "x"), Diagram.Of(Named(name), "x"));
    }

    [Theory, MemberData(nameof(Modules))]
    public void No_two_boxes_overlap(string name)
    {
        var boxes = Draw(Named(name)).Elements().Where(static e => e.Name.LocalName == "rect").Skip(2) // the background and the frame
            .Select(static e => (X: Number(e, "x"), Y: Number(e, "y"), Width: Number(e, "width"), Height: Number(e, "height")))
            .Select(static e => (e.X, e.Y, Right: e.X + e.Width, Bottom: e.Y + e.Height)).ToArray();
        for (var i = 0; i < boxes.Length; i++)
            for (var j = 0; j < i; j++)
                Assert.True(
                    boxes[i].Right <= boxes[j].X || boxes[j].Right <= boxes[i].X
                        || boxes[i].Bottom <= boxes[j].Y || boxes[j].Bottom <= boxes[i].Y,
                    $"{boxes[i]} {boxes[j]}");
    }

    public static TheoryData<string> Families => ModelsPageTests.Families;

    // What passes behind a box seems to come out of it.
    [Theory, MemberData(nameof(Families))]
    public void No_arrow_passes_behind_a_box_and_no_names_below_touch(string family)
    {
        var svg = Draw(Diagram.Block(Description.Of(ModelsPage.Families.Single(one => one.Family == family).Models[0]).Network));
        var boxes = svg.Elements().Where(static e => e.Name.LocalName == "rect").Skip(2).Select(Points).Select(static p => p.ToArray());
        var lines = svg.Elements().Where(static e => e.Name.LocalName == "polyline").Select(Points)
            .SelectMany(static points => points.Zip(points.Skip(1))).ToArray();
        var names = svg.Elements().Where(static e => e.Name.LocalName == "text" && e.Value.Contains("  (", StringComparison.Ordinal))
            .Where(static e => (string?)e.Attribute("text-anchor") == "middle")
            .Select(static e => (X: Number(e, "x"), Half: e.Value.Length * 7 / 2)).OrderBy(static name => name.X).ToArray();

        foreach (var box in boxes)
            Assert.All(lines, line => Assert.False(
                line.First.Y == line.Second.Y && line.First.Y > box[0].Y && line.First.Y < box[1].Y
                    && Math.Min(line.First.X, line.Second.X) < box[0].X && Math.Max(line.First.X, line.Second.X) > box[1].X,
                $"{line} passes behind {box[0]} {box[1]}"));
        Assert.All(names.Zip(names.Skip(1)), static pair =>
            Assert.True(pair.First.X + pair.First.Half <= pair.Second.X - pair.Second.Half, $"{pair} touch"));
    }

    [Fact]
    public void Lists_of_a_network_are_one_box_each()
    {
        var texts = Texts(Draw(Networks.UShaped));
        Assert.All(
            ["2 x Block", "2 x SkipBlock", "each leaves a long skip", "each takes a long skip"], text => Assert.Contains(text, texts));
    }

    [Fact]
    public void A_module_that_does_not_fit_is_refused() => Assert.Throws<InvalidOperationException>(() =>
        Draw(Module("Bad", "", [new("x", Networks.Tokens, "Tokens")], [], [Return("y")], "Tokens")));

    private static int Number(XElement element, string name) => int.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static IEnumerable<(int X, int Y)> Points(XElement element) => element.Name.LocalName switch
    {
        "rect" when element.Attribute("x") is null => [],
        "rect" =>
        [
            (Number(element, "x"), Number(element, "y")),
            (Number(element, "x") + Number(element, "width"), Number(element, "y") + Number(element, "height")),
        ],
        "circle" => [(Number(element, "cx"), Number(element, "cy"))],
        "text" => [(Number(element, "x"), Number(element, "y"))],
        "polyline" or "polygon" =>
            element.Attribute("points")!.Value.Split(' ').Select(static point => point.Split(',')).Select(static pair =>
            (int.Parse(pair[0], CultureInfo.InvariantCulture), int.Parse(pair[1], CultureInfo.InvariantCulture))),
        _ => [],
    };

    private static int RightEdge(XElement text)
    {
        var width = text.Value.Length * Number(text, "font-size") / 2;
        return Number(text, "x") + (string)text.Attribute("text-anchor")! switch { "start" => width, "middle" => width / 2, _ => 0 };
    }
}
