namespace Dit.Spec.Tests;

/// <summary>Descriptions hold names and sentences, and no text of a programming language: readings print it.</summary>
public class DescriptionTests
{
    // Code has calls, members, assignments, indices or statements in it; sentences have none of these.
    private const string Code = @"\w\(|\w\.\w*[A-Za-z]|;\s*$|[{}\[\]=<>`""\\\r\n]";

    public static TheoryData<string, string, string> Networks
    {
        get
        {
            var networks = new TheoryData<string, string, string>();
            foreach (var variant in new[] { "in-context", "cross-attention", "adaln", "adaln-zero" })
                foreach (var condition in new[] { "classes: 10", "text: { tokens: 7, width: 12 }", "none: true" })
                    foreach (var block in Blocks.Where(block => IsLegal(variant, block)))
                        networks.Add(variant, condition, block);
            return networks;
        }
    }

    private static string[] Blocks { get; } =
    [
        "{}", "{ norm: rms }", "{ mlp: gelu }", "{ mlp: swiglu }", "{ qk_norm: layer }", "{ position: rope-2d }", "{ shift: false }",
        "{ norm: rms, mlp: swiglu, qk_norm: rms, position: rope-2d, shift: false }",
    ];

    private static bool IsLegal(string variant, string block) =>
        (variant.StartsWith("adaln", StringComparison.Ordinal) || !block.Contains("shift"))
        && (variant != "in-context" || !block.Contains("rope"));

    private static Description Of(string variant, string condition, string block) =>
        Description.Of(Specs.Model(Specs.With($"conditioning: {{ variant: {variant}, {condition} }}\nblock: {block}")));

    [Theory, MemberData(nameof(Networks))]
    public void Every_name_is_an_identifier(string variant, string condition, string block) =>
        Assert.All(Modules(Of(variant, condition, block).Network).SelectMany(Names), static name =>
            Assert.Matches("^[A-Za-z][A-Za-z0-9_]*$", name));

    [Theory, MemberData(nameof(Networks))]
    public void Every_sentence_is_one(string variant, string condition, string block)
    {
        var description = Of(variant, condition, block);
        string[] sentences =
        [
            description.Summary, description.Start, description.Checkpoints, .. description.Letters.Select(static letter => letter.Meaning),
            .. Modules(description.Network).SelectMany(static module => new[] { module.Summary, module.Returns, module.Start ?? "" }),
            .. Modules(description.Network).SelectMany(static module => module.Arguments).Select(static argument => argument.Meaning),
        ];
        Assert.All(sentences, static sentence =>
        {
            Assert.DoesNotMatch(Code, sentence.Replace("(arXiv 2212.09748)", ""));
            Assert.False(sentence.EndsWith('.'), sentence);
            Assert.Equal(sentence.Trim(), sentence);
        });
    }

    [Theory, MemberData(nameof(Networks))]
    public void Every_description_fits(string variant, string condition, string block) =>
        Assert.Empty(Evaluation.Of(Of(variant, condition, block).Network).Errors);

    [Theory, MemberData(nameof(Networks))]
    public void Letters_that_shapes_use_are_explained(string variant, string condition, string block)
    {
        var description = Of(variant, condition, block);
        var used = Modules(description.Network).SelectMany(static module => module.Arguments).SelectMany(static argument => argument.Shape)
            .SelectMany(static side => side.Letters).Where(static letter => letter.Name != "N")
            .Select(static letter => (letter.Name, letter.Size)).Distinct();
        Assert.All(used, letter => Assert.Contains(description.Letters, known => (known.Name, known.Size) == letter));
    }

    // As a check of the check: these are code.
    [Theory]
    [InlineData("torch.cat(x)")]
    [InlineData("x.unsqueeze")]
    [InlineData("var h = x")]
    [InlineData("call(x, t)")]
    [InlineData("return h;")]
    public void Code_would_be_found(string code) => Assert.Matches(Code, code);

    private static IEnumerable<Module> Modules(Module module) => module.Members
        .Select(static member => member switch { Member.Child child => child.Module, Member.Repeated list => list.Module, _ => null })
        .OfType<Module>().SelectMany(Modules).Prepend(module);

    private static IEnumerable<string> Names(Module module) =>
    [
        module.Type, .. module.Arguments.Select(static argument => argument.Name), .. module.Members.Select(static member => member.Name),
        .. module.Body.SelectMany(static statement => statement switch
        {
            Statement.Let let => Names(let.Value).Append(let.Name),
            Statement.Split split => Names(split.Value).Append(split.Name).Concat(split.Parts),
            Statement.ForEach loop => loop.Arguments.SelectMany(Names).Append(loop.List).Concat(loop.Streams),
            Statement.Return result => result.Values.SelectMany(Names),
            _ => [],
        }),
    ];

    private static IEnumerable<string> Names(Value value) => value.Operands.SelectMany(Names).Concat(value switch
    {
        Value.Name name => [name.Text],
        Value.Parameter parameter => [parameter.Table],
        Value.Call call => [call.Member],
        Value.Modulate modulate => [modulate.Norm],
        Value.FillDropped { Table: { } table } => [table],
        _ => Array.Empty<string>(),
    });
}
