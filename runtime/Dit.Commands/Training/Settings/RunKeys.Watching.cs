using Dit.Runtime;

namespace Dit.Commands;

internal static partial class RunKeys
{
    private static readonly Dictionary<string, SpikeAction> SpikeActions = new()
    {
        ["stop"] = SpikeAction.Stop,
        ["skip"] = SpikeAction.Skip,
        ["ignore"] = SpikeAction.Ignore,
    };

    private static IEnumerable<RunKey> OfWatching =>
    [
        new RunKey<int?>(
            "sample_every", "--sample-every",
            "Steps from one grid of samples to the next; 0 draws none. [default: as --save-every]",
            new OptionalWholeType(0, int.MaxValue),
            static run => run.SampleEvery, static (run, n) => run with { SampleEvery = n }),
        new RunKey<RunPath?>(
            "vae", "--vae", "Weights of the autoencoder, to draw samples of a model of latents.",
            new PathType("a checkpoint such as vae.safetensors", "FILE"),
            static run => run.Autoencoder, static (run, file) => run with { Autoencoder = file }),
        new RunKey<SpikeAction>(
            "on_spike", "--on-spike",
            "What becomes of the run when the loss stays, or the gradient is, far above the usual: it stops before the weights are "
                + "spoiled, such steps are skipped, or nothing.",
            new WordType<SpikeAction>(SpikeActions),
            static run => run.OnSpike, static (run, action) => run with { OnSpike = action }),
    ];
}
