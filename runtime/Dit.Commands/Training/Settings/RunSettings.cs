using Dit.Runtime;

namespace Dit.Commands;

/// <summary>Everything that can be set of a run of <c>dit train</c>; <see cref="RunKeys"/> has its keys.</summary>
internal sealed record RunSettings
{
    /// <summary>The folder of the data; null where none is named.</summary>
    public RunPath? Data { get; init; }

    /// <summary>The word for the model (<see cref="ModelSource"/>); null where none is named.</summary>
    public RunPath? Model { get; init; }

    /// <summary>The checkpoint to start from; null for a start from initial weights.</summary>
    public RunPath? From { get; init; }

    /// <summary>The recipe that <see cref="Recipe"/> starts from.</summary>
    public StartRecipe Start { get; init; }

    /// <summary>How to train.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Where the files go, and when they are written.</summary>
    public TrainingFolder Folder { get; init; } = new("run");

    /// <summary>Whether mirrored images were asked for, and are not just the default.</summary>
    public bool FlipAsked { get; init; }

    /// <summary>The file of embedded texts; null where none is named.</summary>
    public RunPath? Captions { get; init; }

    /// <summary>Whether all images that cannot be read are left out.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>Whether the first image that cannot be read stops the run.</summary>
    public bool Strict { get; init; }

    /// <summary>Threads that decode images.</summary>
    public int Workers { get; init; } = Trainer.UsualWorkers;

    /// <summary>The word for the device.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether products on a CUDA device may use TensorFloat-32.</summary>
    public bool TensorFloat32 { get; init; }

    /// <summary>Steps from one grid of samples to the next; null for those from one checkpoint to the next.</summary>
    public int? SampleEvery { get; init; }

    /// <summary>The weights of the autoencoder, for pictures of latents; null where none are named.</summary>
    public RunPath? Autoencoder { get; init; }

    /// <summary>What becomes of a run whose loss or gradient is far above the usual.</summary>
    public SpikeAction OnSpike { get; init; }
}
