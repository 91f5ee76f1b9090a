namespace Dit.Spec.Tests.Snapshots;

/// <summary>The table of a project's models, and what is read back from it.</summary>
public class ModelTableTests
{
    private static readonly string[] Files = ["dit.dit.yaml", "shapes.dit.yaml", "xl2-512.dit.yaml", "xl2-conditioning.dit.yaml"];

    private static readonly ModelSpec[] Shipped = [.. Files.SelectMany(static file => SpecFile.Parse(Specs.Shipped(file)).Models)
        .Select(static model => model.Spec)];

    private static ModelSpec Shapes => Specs.Model(Specs.Shipped("shapes.dit.yaml"));

    [Fact]
    public void The_models_are_read_back_whatever_the_line_ends()
    {
        var text = ModelTable.Markdown(Shipped);
        Assert.Equal(Shipped, ModelTable.Models(text));
        Assert.Equal(Shipped, ModelTable.Models(text.Replace("\n", "\r\n")));
        Assert.DoesNotContain('\r', text);
    }

    [Fact]
    public void A_table_without_specs_or_with_what_is_none_gives_no_models()
    {
        Assert.Empty(ModelTable.Models(""));
        Assert.Empty(ModelTable.Models("# Models\n\n| model |\n|---|\n| Shapes |\n"));
        Assert.Empty(ModelTable.Models("\n```yaml\nmodel: Shapes\n```\n\n```yaml\nnever closed\n"));
        Assert.Null(ModelTable.Changes("# Models\n", ModelTable.Markdown([Shapes])));
    }

    [Fact]
    public void Comments_order_of_keys_and_layout_of_a_spec_change_nothing()
    {
        var text = Specs.Shipped("shapes.dit.yaml");
        var otherwise = "# A comment.\n"
            + string.Join("\n\n", text.Split('\n').Where(static line => !line.StartsWith('#'))).Replace(": ", ":   ").Replace("\n", "\r\n");
        Assert.NotEqual(text, otherwise);
        Assert.Equal(ModelTable.Markdown([Specs.Model(text)]), ModelTable.Markdown([Specs.Model(otherwise)]));
    }

    [Fact]
    public void A_bar_in_a_name_is_no_column()
    {
        var row = ModelTable.Markdown([Shapes with { Name = "A|B" }]).Split('\n')[6];
        Assert.StartsWith(@"| A\|B | adaln-zero | 4 |", row, StringComparison.Ordinal);
    }

    /// <summary>A change of the demo model, and the line that says it.</summary>
    public static TheoryData<string, Func<ModelSpec, ModelSpec>> Changes => new()
    {
        {
            "Shapes: width 160 -> 200; 2,037,312 -> 3,146,592 parameters; old checkpoints do not load",
            static m => m with { Backbone = m.Backbone with { Width = 200, HiddenWidth = 800 } }
        },
        {
            "Shapes: depth 4 -> 5; 2,037,312 -> 2,500,512 parameters; old checkpoints do not load",
            static m => m with { Backbone = m.Backbone with { Depth = 5 } }
        },
        {
            "Shapes: heads 5 -> 4; old checkpoints load, but mean something else",
            static m => m with { Backbone = m.Backbone with { Heads = 4 } }
        },
        {
            "Shapes: samplers.ddim-50 is removed (ddim, 50 steps, eta 0); old checkpoints load as they are",
            static m => m with { Samplers = m.Samplers.Take(1).ToEquatableArray() }
        },
        { "Shapes is renamed Figures; old checkpoints load as they are", static m => m with { Name = "Figures" } },
        {
            "Shapes is renamed Figures: heads 5 -> 4; old checkpoints load, but mean something else",
            static m => m with { Name = "Figures", Backbone = m.Backbone with { Heads = 4 } }
        },
        {
            "Shapes: input.size 32 x 32 -> 64 x 64; 2,037,312 -> 2,044,992 parameters; old checkpoints load with new positions",
            static m => m with { Input = m.Input with { Height = 64, Width = 64 } }
        },
        {
            "Shapes: input.size 32 x 32 -> 16 x 64; old checkpoints load with new positions",
            static m => m with { Input = m.Input with { Height = 16, Width = 64 } }
        },
    };

    [Theory, MemberData(nameof(Changes))]
    public void A_change_is_told_in_the_words_of_the_spec(string told, Func<ModelSpec, ModelSpec> change) =>
        Assert.Equal([told], ModelTable.Changes(ModelTable.Markdown([Shapes]), ModelTable.Markdown([change(Shapes)])) ?? []);

    [Fact]
    public void Models_that_came_or_went_are_told()
    {
        var small = Shapes with { Name = "Small", Backbone = Shapes.Backbone with { Depth = 2 } };
        Assert.Equal(["Small is new: 1,110,912 parameters"], Told([Shapes], [Shapes, small]));
        Assert.Equal(["Small is removed: its checkpoints have no model any more"], Told([Shapes, small], [Shapes]));
        Assert.Equal([], Told([Shapes, small], [small, Shapes]));

        static IReadOnlyList<string> Told(ModelSpec[] before, ModelSpec[] now) =>
            ModelTable.Changes(ModelTable.Markdown(before), ModelTable.Markdown(now)) ?? [];
    }
}
