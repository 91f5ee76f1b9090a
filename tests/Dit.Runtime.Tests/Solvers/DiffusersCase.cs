using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A case of golden/solvers: a scheduler of diffusers on an analytic denoiser.</summary>
internal sealed class DiffusersCase : IDisposable
{
    private const int Timesteps = 1000;

    private readonly GoldenFile file;
    private readonly string name;
    private readonly bool isOfFlows;
    private readonly JsonElement settings;

    public DiffusersCase(string scheduler, string name)
    {
        (file, isOfFlows) = (new(scheduler, "solvers"), scheduler == "flow-match-euler");
        (this.name, settings) = (name, JsonDocument.Parse(file.Metadata["cases"]).RootElement.GetProperty(name));
    }

    public static IEnumerable<string> NamesOf(string scheduler, string list = "cases")
    {
        using var file = new GoldenFile(scheduler, "solvers");
        return [.. JsonDocument.Parse(file.Metadata[list]).RootElement.EnumerateObject().Select(static entry => entry.Name)];
    }

    /// <summary>The scheduler and the name of every case.</summary>
    public static TheoryData<string, string> Theory(params string[] schedulers) => Theory(static _ => true, schedulers);

    /// <summary>The scheduler and the name of the cases that have a part in the library.</summary>
    public static TheoryData<string, string> Theory(Func<string, bool> has, params string[] schedulers)
    {
        var data = new TheoryData<string, string>();
        foreach (var scheduler in schedulers)
            foreach (var name in NamesOf(scheduler).Where(has)) data.Add(scheduler, name);
        return data;
    }

    public int Steps => settings.GetProperty("steps").GetInt32();

    public double InitialSigma => settings.GetProperty("init_noise_sigma").GetDouble();

    public double[] Times => Read("timesteps");

    public double[] Sigmas => Read("sigmas");

    /// <summary>(S + 1, 1, 2, 2, 2).</summary>
    public Tensor States => file[$"{name}.states"];

    public Tensor[] StepNoise => file.Names.Contains($"{name}.noise") ? file[$"{name}.noise"].unbind(0) : [];

    public Tensor Start => file["in.noise"];

    public bool IsFlow => isOfFlows || Text("prediction_type") == "flow_prediction";

    public string? Text(string key) => Find("config", key) is { } value ? value.GetString() : null;

    public bool Flag(string key, bool otherwise = false) => Find("config", key)?.GetBoolean() ?? otherwise;

    public double Number(string key, double otherwise) => Find("config", key)?.GetDouble() ?? otherwise;

    public int[] Numbers(string key) =>
        Find("config", key) is { } list ? [.. list.EnumerateArray().Select(static at => at.GetInt32())] : [];

    public JsonElement? Find(string part, string key) =>
        settings.TryGetProperty(part, out var of) && of.TryGetProperty(key, out var value) ? value : null;

    /// <summary>The process, with float32 betas as the published code has them.</summary>
    public GaussianDiffusion Gaussian()
    {
        using var scope = NewDisposeScope();
        var (first, last) = (Number("beta_start", 1e-4), Number("beta_end", 0.02));
        var betas = Text("beta_schedule") == "scaled_linear"
            ? linspace(Math.Sqrt(first), Math.Sqrt(last), Timesteps, ScalarType.Float32).square()
            : linspace(first, last, Timesteps, ScalarType.Float32);
        var alphaBar = (1 - betas).cumprod(0);
        if (Flag("rescale_betas_zero_snr"))
        {
            var root = alphaBar.sqrt(); // Lin et al., arXiv 2305.08891, algorithm 1
            root = (root - root[^1]) * (root[0] / (root[0] - root[^1]));
            alphaBar = root.square();
            var kept = cat([alphaBar[..1], alphaBar[1..] / alphaBar[..^1]]);
            alphaBar = (1 - (1 - kept)).cumprod(0);
            alphaBar[^1] = Math.Pow(2, -24); // not quite 0 in the published code
        }
        double[] bars = [.. alphaBar.data<float>().Select(static bar => (double)bar)];
        double[] exact = [.. bars.Select((bar, i) => 1 - bar / (i == 0 ? 1 : bars[i - 1]))];
        var prediction = Text("prediction_type") switch
        {
            "sample" => Prediction.StartX,
            "v_prediction" => Prediction.Velocity,
            _ => Prediction.Epsilon,
        };
        return new(NoiseSchedule.FromBetas(exact), prediction, ModelVariance.FixedSmall);
    }

    /// <summary>The denoiser of the reference: sin(1.5 x) cos(t / 1000), at its timesteps in their order. diffusers'
    /// velocity points from the data to the noise, that of a flow to the data.</summary>
    public Denoiser Network()
    {
        var (times, call) = (Times, 0);
        return (x, _) =>
        {
            var factor = (float)Math.Cos(times[call++] / 1000);
            return (x * 1.5f).sin() * (IsFlow ? -factor : factor);
        };
    }

    private double[] Read(string part)
    {
        var values = file[$"{name}.{part}"];
        return [.. values.to(ScalarType.Float64).data<double>()];
    }

    public void Dispose() => file.Dispose();
}
