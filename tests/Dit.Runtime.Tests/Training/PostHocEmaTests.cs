using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Averages that are reconstructed after a run (arXiv 2312.02696).</summary>
public sealed class PostHocEmaTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 40,
        BatchSize = 5,
        LearningRate = 5e-2,
        GradientClip = 1,
        Seed = 5,
        PostHocEma = new(),
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name, ScalarType type = ScalarType.Float32) => new(folder[name], SaveEvery: 4, type);

    /// <summary>Trains, and gives the first bias of the model after each step.</summary>
    private static IReadOnlyList<double> Train(
        TrainingFolder run, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null, TrainingRecipe? recipe = null)
    {
        var weights = new List<double>();
        using var model = TinyDenoiser.Create();
        using var stop = new CancellationTokenSource();
        new Trainer(recipe ?? Recipe, run).Run(model, ColorSet.Of(), new Each<TrainingProgress>(now =>
        {
            weights.Add(model.proj.bias!.data<float>()[0]);
            if (now.Step == stopAfter) stop.Cancel();
        }), stop.Token, from: from);
        return weights;
    }

    private double Reconstruct(TrainingFolder run, double length, out PowerFit fit)
    {
        fit = AverageSnapshots.Of(run.Path).Write(length, folder["average"]);
        using var file = SafeTensorsFile.Open(folder["average"]);
        using var bias = file.Read("proj.bias");
        return bias.data<float>()[0];
    }

    // The weights stay the same throughout each step, so the integral over a step is known.
    private static double Exact(IReadOnlyList<double> weights, double length)
    {
        var power = PowerProfile.GammaOf(length) + 1;
        return weights.Select((weight, i) =>
            weight * (Math.Pow((i + 1.0) / weights.Count, power) - Math.Pow((double)i / weights.Count, power))).Sum();
    }

    [Theory]
    [InlineData(0.05, 16.97)] // section 3.1
    [InlineData(0.10, 6.94)]
    public void The_exponents_are_those_of_the_paper(double length, double gamma)
    {
        Assert.Equal(gamma, PowerProfile.GammaOf(length), 0.005);
        var root = PowerProfile.GammaOf(length);
        var cubic = Math.Pow(root, 3) + 7 * root * root + (16 - 1 / (length * length)) * root + 12 - 1 / (length * length);
        Assert.Equal(0, cubic / Math.Pow(root, 3), 1e-12);
        Assert.Equal(length, PowerProfile.LengthOf(root), 1e-12);
    }

    [Fact]
    public void The_longest_average_is_the_mean_of_all_steps_and_there_is_none_beyond()
    {
        Assert.Equal(0, PowerProfile.GammaOf(PowerProfile.LargestLength), 1e-12);
        Assert.Equal(
            "The length of an average is above 0 and at most 0.2886, that of the mean of all steps; it is 0.3.",
            Assert.Throws<DitException>(() => PowerProfile.GammaOf(0.3)).Message);
        Assert.All((double[])[0, -1, double.NaN, double.PositiveInfinity],
            length => Assert.Throws<DitException>(() => PowerProfile.GammaOf(length)));
        Assert.Throws<DitException>(() => (Recipe with { PostHocEma = new(0.05, 0.4) }).Validate());
        Assert.Equal(
            "The shorter average of a training recipe must be shorter than the longer one; it is 0.1.",
            Assert.Throws<DitException>(() => (Recipe with { PostHocEma = new(0.1, 0.1) }).Validate()).Message);
    }

    [Fact]
    public void A_length_is_the_standard_deviation_of_the_profile()
    {
        var profile = PowerProfile.OfLength(1, 0.1);
        var mean = Integral(1, t => t * Density(profile, t));
        Assert.Equal(1, Integral(1, t => Density(profile, t)), 1e-6);
        Assert.Equal(0.1, Math.Sqrt(Integral(1, t => (t - mean) * (t - mean) * Density(profile, t))), 1e-6);
    }

    [Fact]
    public void Products_are_the_integrals_of_both_profiles()
    {
        PowerProfile[] profiles = [new(10, 6.94), new(10, 16.97), new(7, 6.94), new(4, 2.5), new(9.5, 0)];
        foreach (var a in profiles)
            foreach (var b in profiles)
            {
                var expected = Integral(Math.Min(a.Step, b.Step), t => Density(a, t) * Density(b, t));
                Assert.Equal(expected, a.Dot(b), 1e-5 * expected);
            }
    }

    [Fact]
    public void What_a_fit_leaves_over_is_orthogonal_to_every_profile_and_as_large_as_it_says()
    {
        PowerProfile[] given = [.. ((double[])[3, 6, 9]).SelectMany(static t => (PowerProfile[])[new(t, 6.94), new(t, 16.97)])];
        var wanted = PowerProfile.OfLength(9, 0.13);
        var fit = wanted.FitBy(given);
        double Left(double t) => given.Zip(fit.Coefficients, (one, x) => x * Density(one, t)).Sum() - Density(wanted, t);
        Assert.All(given, one => Assert.Equal(0, Integral(9, t => Left(t) * Density(one, t)), 1e-5));
        Assert.Equal(fit.Error, Math.Sqrt(Integral(9, t => Left(t) * Left(t)) / wanted.Dot(wanted)), 1e-4);
        Assert.InRange(fit.Error, 0.001, 0.1);
    }

    [Fact]
    public void A_profile_among_those_given_is_taken_alone()
    {
        PowerProfile[] given = [new(4, 6.94), new(8, 6.94), new(8, 16.97)];
        var fit = given[2].FitBy(given);
        Assert.All(fit.Coefficients.Zip((double[])[0, 0, 1]), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.Equal(0, fit.Error, 1e-6);
    }

    [Theory]
    [InlineData(0.05, 1e-6)]
    [InlineData(0.10, 1e-6)]
    [InlineData(0.07, 2e-3)]
    [InlineData(0.13, 2e-3)]
    [InlineData(0.20, 2e-2)]
    public void An_average_of_any_length_is_that_of_the_weights_of_all_steps(double length, double tolerance)
    {
        var run = Run("run");
        var weights = Train(run);
        Assert.Equal(40, weights.Count);
        var (exact, actual) = (Exact(weights, length), Reconstruct(run, length, out var fit));
        var profile = PowerProfile.OfLength(weights.Count, length);
        // Cauchy and Schwarz: no more than the profile's error times the norm of the weights.
        var bound = fit.Error * Math.Sqrt(profile.Dot(profile) * weights.Sum(static weight => weight * weight));
        Assert.InRange(Math.Abs(actual - exact), 0, bound + 1e-6);
        Assert.InRange(Math.Abs(actual - exact), 0, tolerance * (weights.Max() - weights.Min()));
        Assert.True(Math.Abs(weights[^1] - exact) > 3 * tolerance * (weights.Max() - weights.Min()), "The weights hardly moved.");
    }

    [Fact]
    public void The_file_has_the_tensors_and_the_metadata_of_the_model()
    {
        var run = Run("run", ScalarType.Float16);
        Train(run);
        Assert.Equal([.. Enumerable.Range(1, 10).Select(static i => $"{4 * i:D8}.safetensors")],
            Directory.GetFiles(run.Averages).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Reconstruct(run, 0.13, out _);
        using var weights = SafeTensorsFile.Open(run.Weights);
        using var average = SafeTensorsFile.Open(folder["average"]);
        Assert.Equal(weights.Tensors.Keys.Order(StringComparer.Ordinal), average.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("0.13", average.Metadata[AverageSnapshots.LengthKey]);
        Assert.All(weights.Metadata, pair => Assert.Equal(pair.Value, average.Metadata[pair.Key]));
        using var snapshot = SafeTensorsFile.Open(Directory.GetFiles(run.Averages)[0]);
        Assert.All(snapshot.Tensors.Values, info => Assert.Equal(ScalarType.Float16, info.DType));
        using var positions = average.Read("pos_embed");
        Assert.True(positions.sub(0.1).abs().max().item<float>() < 1e-4);
        Assert.Equal(ScalarType.Float32, positions.dtype);
    }

    [Theory, InlineData(1), InlineData(7), InlineData(8)]
    public void A_run_that_goes_on_leaves_the_same_snapshots_to_the_bit(int stopAfter)
    {
        var (whole, broken) = (Run("whole"), Run("broken"));
        Train(whole);
        Train(broken, stopAfter);
        Directory.CreateDirectory(broken.Averages);
        var unfinished = Path.Combine(broken.Averages, $".{Guid.NewGuid():N}.tmp");
        File.WriteAllText(unfinished, "half a snapshot");
        Train(broken, from: TrainingCheckpoint.Newest(broken));
        Assert.Equal(File.ReadAllBytes(whole.Checkpoint), File.ReadAllBytes(broken.Checkpoint));
        string[] names = [.. Directory.GetFiles(whole.Averages).Select(static file => Path.GetFileName(file))];
        Assert.Equal(names.Order(), Directory.GetFiles(broken.Averages).Select(static file => Path.GetFileName(file)).Order());
        Assert.All(names, name =>
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Averages, name)), File.ReadAllBytes(Path.Combine(broken.Averages, name))));
    }

    [Fact]
    public void Training_and_the_other_average_are_as_without()
    {
        var (with, without) = (Run("with"), Run("without"));
        Train(with);
        Train(without, recipe: Recipe with { PostHocEma = null });
        Assert.False(Directory.Exists(without.Averages));
        using var expected = SafeTensorsFile.Open(without.Checkpoint);
        using var actual = SafeTensorsFile.Open(with.Checkpoint);
        using var scope = NewDisposeScope();
        Assert.All(expected.Tensors.Keys, name => Assert.True(expected.Read(name).equal(actual.Read(name)).all().item<bool>(), name));
    }

    [Fact]
    public void Folders_without_snapshots_and_mixed_ones_are_named()
    {
        Directory.CreateDirectory(folder["empty"]);
        Assert.Equal(
            $"'{folder["empty"]}' has no snapshots of averages: name the folder of a run that was trained with --post-hoc-ema and has "
                + "saved one.",
            Assert.Throws<DitException>(() => AverageSnapshots.Of(folder["empty"])).Message);
        var (run, other) = (Run("run"), Run("other"));
        Train(run);
        Train(other, recipe: Recipe with { PostHocEma = new(0.04, 0.1), Steps = 4 });
        var (first, last) = (Path.Combine(run.Averages, "00000004.safetensors"), Path.Combine(run.Averages, "00000040.safetensors"));
        File.Copy(Path.Combine(other.Averages, "00000004.safetensors"), first, overwrite: true);
        Assert.Equal(
            $"'{first}' and '{last}' are of different runs: remove those of one of them.",
            Assert.Throws<DitException>(() => AverageSnapshots.Of(run.Path)).Message);
        File.Copy(last, first, overwrite: true);
        Assert.Matches("are of the same step, 40: remove one", Assert.Throws<DitException>(() => AverageSnapshots.Of(run.Path)).Message);
        File.Copy(run.Weights, first, overwrite: true);
        Assert.Equal(
            $"'{first}' is no snapshot of the averages of a run.",
            Assert.Throws<DitException>(() => AverageSnapshots.Of(run.Path)).Message);
        File.WriteAllText(first, "no file of tensors");
        Assert.Contains(first, Assert.Throws<DitException>(() => AverageSnapshots.Of(run.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_run_does_not_mix_its_snapshots_with_those_of_an_earlier_one()
    {
        var run = Run("run");
        Directory.CreateDirectory(run.Averages);
        Assert.StartsWith(
            $"'{run.Averages}' exists already", Assert.Throws<DitException>(() => Train(run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_snapshots_and_averages_leave_no_tensor_behind()
    {
        var run = Run("run");
        using var model = TinyDenoiser.Create();
        new Trainer(Recipe with { Steps = 4 }, run).Run(model, ColorSet.Of());
        Reconstruct(run, 0.13, out _);
        var before = LiveTensors.Count();
        new Trainer(Recipe with { Steps = 12 }, run).Run(model, ColorSet.Of(), from: TrainingCheckpoint.Newest(run));
        Reconstruct(run, 0.13, out _);
        Assert.Equal(before, LiveTensors.Count());
    }

    private static double Density(PowerProfile profile, double t) =>
        t > profile.Step ? 0 : (profile.Gamma + 1) * Math.Pow(t / profile.Step, profile.Gamma) / profile.Step;

    // The midpoint rule on steps that no profile of these tests ends within.
    private static double Integral(double end, Func<double, double> of)
    {
        const int Parts = 180_000;
        return Enumerable.Range(0, Parts).Sum(i => of((i + 0.5) * end / Parts)) * end / Parts;
    }
}
