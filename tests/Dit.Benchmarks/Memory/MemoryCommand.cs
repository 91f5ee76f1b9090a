using System.CommandLine;
using Dit.Runtime;

namespace Dit.Benchmarks;

/// <summary><c>memory</c>: the memory that training takes, beside the plan.</summary>
internal static class MemoryCommand
{
    public static Command Create(IReadOnlyList<ModelDefinition> known, TextWriter output, CancellationToken cancellation)
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Required = true, Description = "The model." };
        var batch = new Option<int>("--batch") { HelpName = "N", DefaultValueFactory = static _ => 8, Description = "Images of a step." };
        var steps = new Option<int>("--steps") { HelpName = "N", DefaultValueFactory = static _ => 6, Description = "Steps." };
        var accumulate = new Option<int>("--accumulate")
        {
            HelpName = "N",
            DefaultValueFactory = static _ => 1,
            Description = "Parts of a batch.",
        };
        var every = new Option<int>("--every") { HelpName = "N", Description = "Print what is held after every N steps." };
        var checkpointing = new Option<bool>("--activation-checkpointing") { Description = "Compute the activations of blocks again." };
        var half = new Option<bool>("--bf16") { Description = "Compute the blocks in bfloat16." };
        var command = new Command(
            "memory",
            "Trains on noise, and prints the peak of the process's memory beside the plan: one run for a process.")
        {
            model, batch, steps, accumulate, every, checkpointing, half,
        };
        command.SetAction(parsed =>
        {
            var name = parsed.GetValue(model) ?? "";
            var recipe = new TrainingRecipe
            {
                Steps = parsed.GetValue(steps),
                BatchSize = parsed.GetValue(batch),
                Accumulation = parsed.GetValue(accumulate),
                ActivationCheckpointing = parsed.GetValue(checkpointing),
                Precision = parsed.GetValue(half) ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32,
            };
            var definition = known.FirstOrDefault(model => string.Equals(model.Card.Name, name, StringComparison.OrdinalIgnoreCase))
                ?? throw new DitException($"There is no model '{name}'.");
            return definition.Accept(new MemoryRun(recipe, output, parsed.GetValue(every), cancellation));
        });
        return command;
    }
}
