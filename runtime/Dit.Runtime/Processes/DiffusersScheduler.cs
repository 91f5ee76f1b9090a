using System.Text.Json.Nodes;

namespace Dit.Runtime;

/// <summary>A process as the settings of a scheduler of diffusers. Pure.</summary>
internal static class DiffusersScheduler
{
    /// <summary><c>scheduler/scheduler_config.json</c>.</summary>
    /// <remarks>The pipeline of diffusers drops a learned variance, which DDIM does not need; DDPM needs one of the
    /// fixed ones.</remarks>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="process">Its process.</param>
    /// <param name="clip">Whether the predicted data is clipped to [-1, 1].</param>
    /// <exception cref="DitException">diffusers has no scheduler of this kind for the process.</exception>
    public static JsonObject Settings(string model, IProcess process, bool clip)
    {
        var diffusion = Gaussian(model, process);
        var settings = new JsonObject
        {
            ["_class_name"] = Class(model, process),
            ["clip_sample"] = clip,
            ["num_train_timesteps"] = diffusion.Timesteps,
            ["prediction_type"] = PredictionType(model, diffusion.Prediction),
            ["steps_offset"] = 0,
        };
        if (VarianceType(diffusion.Variance) is { } variance)
            settings["variance_type"] = variance;
        else
            settings["set_alpha_to_one"] = true;
        foreach (var (key, value) in Betas(diffusion.Schedule).ToArray())
            settings[key] = value?.DeepClone();
        return settings;
    }

    /// <summary>The class of the scheduler that suits a process.</summary>
    /// <param name="model">The model's name, for the message.</param>
    /// <param name="process">Its process.</param>
    /// <exception cref="DitException">diffusers has no scheduler of this kind for the process.</exception>
    public static string Class(string model, IProcess process) =>
        VarianceType(Gaussian(model, process).Variance) is null ? "DDIMScheduler" : "DDPMScheduler";

    private static GaussianDiffusion Gaussian(string model, IProcess process) => process as GaussianDiffusion
        ?? throw new DitException(
            $"{model} has no form in diffusers, whose pipeline of Diffusion Transformers knows Gaussian diffusion only.");

    private static string PredictionType(string model, Prediction prediction) => prediction switch
    {
        Prediction.Epsilon => "epsilon",
        Prediction.StartX => "sample",
        Prediction.Velocity => "v_prediction",
        _ => throw new DitException($"{model} has no form in diffusers, whose schedulers know no prediction '{prediction}'."),
    };

    private static string? VarianceType(ModelVariance variance) => variance switch
    {
        ModelVariance.FixedSmall => "fixed_small",
        ModelVariance.FixedLarge => "fixed_large",
        _ => null,
    };

    private static JsonObject Betas(NoiseSchedule schedule)
    {
        bool Is(Func<int, NoiseSchedule> make, int least) =>
            schedule.Timesteps >= least && make(schedule.Timesteps).Betas.SequenceEqual(schedule.Betas);
        JsonObject Ends(string name) => new()
        {
            ["beta_schedule"] = name,
            ["beta_start"] = schedule.Betas[0],
            ["beta_end"] = schedule.Betas[^1],
        };
        return Is(NoiseSchedule.Linear, least: 21) ? Ends("linear")
            : Is(NoiseSchedule.ScaledLinear, least: 1) ? Ends("scaled_linear")
            : Is(NoiseSchedule.SquaredCosine, least: 1) ? new() { ["beta_schedule"] = "squaredcos_cap_v2" }
            : new() { ["trained_betas"] = new JsonArray([.. schedule.Betas.Select(static beta => (JsonNode)beta)]) };
    }
}
