using System.Globalization;
using System.Text.RegularExpressions;
using Dit.Runtime;

namespace Dit.Definitions.Tests;

/// <summary>The memory plans that the documentation shows are those of the code.</summary>
public partial class MemoryPageTests
{
    private static TrainingRecipe Paper { get; } = new();

    public static TheoryData<string> Rows => [.. Row().Matches(Page("performance.md")).Select(static row => row.Value)];

    [Fact]
    public void The_table_has_rows_of_every_kind_of_block() => Assert.Equal(
        ["DiT-B/2", "DiT-S/2", "LightningDiT-B/1", "Shapes", "U-ViT-S/2-CIFAR10"],
        Row().Matches(Page("performance.md"))
            .Select(static row => row.Groups["model"].Value)
            .Distinct()
            .Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Rows))]
    public void The_plan_of_a_row_is_that_of_the_code(string text)
    {
        var row = Row().Match(text).Groups;
        var recipe = Paper with { BatchSize = Number(row["batch"].Value), ActivationCheckpointing = row["checkpointing"].Success };
        var plan = TrainingMemoryPlan.Of(Card(row["model"].Value), recipe);
        Assert.Equal(Number(row["plan"].Value.Replace(",", "", StringComparison.Ordinal)), Math.Round(plan.Total / 1e6));
    }

    [Fact]
    public void The_plan_that_a_run_prints_is_that_of_the_code() =>
        Assert.Contains($"Memory: {Plan(batch: 8)} of ", Page("training.md"), StringComparison.Ordinal);

    [Fact]
    public void The_refusal_names_the_plan_of_the_code() => Assert.Contains(
        string.Create(
            CultureInfo.InvariantCulture,
            $"Training DiT-B/2 with a batch of 64 needs about {Plan(batch: 64).Total / 1e9:0.0} GB of memory, and there are "),
        Page("training.md"),
        StringComparison.Ordinal);

    private static TrainingMemoryPlan Plan(int batch) => TrainingMemoryPlan.Of(Card("DiT-B/2"), Paper with { BatchSize = batch });

    private static ModelCard Card(string name) => DitModels.All.Single(model => model.Card.Name == name).Card;

    private static string Page(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", name));

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^\| (?<model>[\w/-]+), batch (?<batch>\d+)(?<checkpointing>, activation checkpointing)?[^|]*"
            + @"\| (Xeon|EPYC|both) \| [^|]+\| (?<plan>[\d,]+) \|",
        RegexOptions.Multiline)]
    private static partial Regex Row();
}
