namespace Dit.Runtime;

public sealed class AdamWWithEma : IDisposable
{
    public AdamWWithEma(torch.nn.Module model, TrainingRecipe recipe);
    public ExponentialMovingAverage Average { get; }
    public IEnumerable<KeyValuePair<string, torch.Tensor>> Moments { get; }
    public int Steps { get; }
    public void Dispose();
    public void Restore(int steps, Func<string, torch.Tensor> read);
    public void Step(double learningRate);
}

public sealed record AdaptiveProjection
{
    public AdaptiveProjection(double eta = 0, double radius = Infinity, double momentum = 0);
    public double Eta { get; }
    public double Momentum { get; }
    public double Radius { get; }
    public override string ToString();
}

public sealed class AffineLayerNorm : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public AffineLayerNorm(int width, torch.Device device, torch.ScalarType dtype, double eps = 1E-06);
    public void Initialize();
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor x);
}

public sealed record AutoencoderCard(
    string Name,
    int Channels,
    IReadOnlyList<int> Multipliers,
    int ResidualBlocks,
    int LatentChannels,
    double Scale,
    double Shift = 0,
    bool QuantConvolutions = true,
    IReadOnlyList<int>? AttentionLevels = null,
    bool ChannelStatistics = false,
    LatentStatistics? Statistics = null)
{
    public int Factor { get; }
    public static AutoencoderCard KlF8 { get; }
    public static IReadOnlyList<AutoencoderCard> Named { get; }
    public static AutoencoderCard VaVaeF16D32 { get; }
    public AutoencoderCard WithoutStatistics { get; }
    public bool Equals(AutoencoderCard? other);
    public override int GetHashCode();
    public ImageShape LatentShape(int height, int width);
    public ImageShape PixelShape(ImageShape latent);
}

public sealed class AutoencoderKL : torch.nn.Module
{
    public AutoencoderCard Card { get; }
    public torch.ScalarType DType { get; }
    public torch.Device Device { get; }
    public static IReadOnlyList<CheckpointEntry> CheckpointMap(AutoencoderCard card);
    public static AutoencoderKL Create(AutoencoderCard card, torch.Device? device = null, torch.ScalarType? dtype = null, long seed = 0);
    public torch.Tensor Decode(ScaledLatents latents, AutoencoderTiling? tiling = null, CancellationToken cancellation = default);
    public LatentMoments Encode(torch.Tensor images, AutoencoderTiling? tiling = null, CancellationToken cancellation = default);
    public static AutoencoderKL Load(
        string path,
        AutoencoderCard card,
        torch.Device? device = null,
        torch.ScalarType? dtype = null,
        Action<string>? notice = null);
    protected override void RegisterComponents();
}

public static class AutoencoderNames
{
    public static NameMap Diffusers(AutoencoderCard card);
    public static (ICheckpointFile Tensors, string Prefix)? Find(ICheckpointFile file);
    public static NameMap LatentDiffusion(AutoencoderCard card);
    public static NameMap Nearest(ICheckpointFile tensors, AutoencoderCard card);
    public static NameMap OlderDiffusers(AutoencoderCard card);
}

public sealed record AutoencoderTiling
{
    public AutoencoderTiling(int tile = 64, int overlap = 16);
    public int Overlap { get; }
    public int Tile { get; }
    public static AutoencoderTiling? For(int rows, int columns, int factor = 8);
    public IReadOnlyList<int> Starts(int length);
}

public sealed class AverageSnapshots
{
    public const string LengthKey = "dit.average.length";
    public int Count { get; }
    public int Step { get; }
    public PowerFit Fit(double length);
    public static AverageSnapshots Of(string run);
    public PowerFit Write(
        double length,
        string path,
        torch.ScalarType dtype = Float32,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default);
}

public sealed record BitsPerDimension(
    torch.Tensor Total,
    torch.Tensor Prior,
    torch.Tensor VariationalBound,
    torch.Tensor StartMse,
    torch.Tensor Mse) : IDisposable
{
    public void Dispose();
}

public sealed record ButcherTableau
{
    public static ButcherTableau Euler { get; }
    public int Evaluations { get; }
    public static ButcherTableau Heun { get; }
    public static ButcherTableau Heun3 { get; }
    public static ButcherTableau Midpoint { get; }
    public string Name { get; }
    public int Order { get; }
    public static ButcherTableau Rk4 { get; }
}

public sealed class CaptionEmbedder : torch.nn.Module<TextEmbeddings, torch.Tensor>
{
    public CaptionEmbedder(int tokens, int textWidth, int width, bool hasNull, torch.Device device, torch.ScalarType dtype);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(TextEmbeddings text);
}

public sealed class CaptionFile : IDisposable
{
    public const string FilesKey = "files";
    public ModelCard Card { get; }
    public static string Description(ModelCard card);
    public void Dispose();
    public static CaptionFile Open(string path, ModelCard card, ImageFolder images);
    public static CaptionFile Open(string path, ModelCard card, LatentFolder latents);
}

public static class Checkpoint
{
    public static TModel Load<TModel>(
        ICheckpointFile file,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable? positions,
        CheckpointGrid? grid,
        Func<TModel> create,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null) where TModel : torch.nn.Module;
    public static TModel Load<TModel>(
        ICheckpointFile file,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        Func<TModel> create,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null) where TModel : torch.nn.Module;
    public static TModel Load<TModel>(
        string path,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable? positions,
        CheckpointGrid? grid,
        Func<TModel> create,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null) where TModel : torch.nn.Module;
    public static TModel Load<TModel>(
        string path,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        Func<TModel> create,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null) where TModel : torch.nn.Module;
    public static void LoadInto(
        torch.nn.Module model,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        string path,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null,
        PositionTable? positions = null,
        CheckpointGrid? grid = null);
    public static void Save(
        string path,
        torch.nn.Module model,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null);
    public static void Save(
        torch.nn.Module model,
        string path,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null);
    public static void Save<TModel>(
        string path,
        TModel model,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null) where TModel : torch.nn.Module, IModel<TModel>;
    public static void Save<TModel>(
        TModel model,
        string path,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null) where TModel : torch.nn.Module, IModel<TModel>;
}

public abstract record CheckpointGrid
{
    public static CheckpointGrid MustMatch { get; }
    public T Match<T>(Func<T> mustMatch, Func<Action<string>, T> recompute);
    public static CheckpointGrid Recompute(Action<string> notice);
}

public static class CheckpointSpec
{
    public const int MaxBytes = 400000;
    public static IReadOnlyDictionary<string, string> AsExtraFile(string? spec);
    public static string? Of(ICheckpointFile file);
    public static string? Of(ModelCard card, ICheckpointFile source);
}

public sealed record ClassCount(string Class, int Images);

public sealed record ClassLabels(torch.Tensor Values) : ICondition<ClassLabels>, IDisposable
{
    public int Count { get; }
    public static ImageLabels Labels { get; }
    public ClassLabels Append(ClassLabels others);
    public ClassLabels At(int[] samples);
    public void Dispose();
    public ConditionRows<ClassLabels> Distinct(ModelCard card, torch.Device device, bool withNull);
    public ClassLabels Drop(ModelCard card, torch.Generator random);
    public ClassLabels Map(Func<torch.Tensor, torch.Tensor> change);
    public static ClassLabels Of(IReadOnlyList<int> labels);
    public static ClassLabels OfImages(torch.Tensor? classes, int count);
    public static NamedConditions<ClassLabels> Read(ModelCard card, ConditionSource source);
    public static implicit operator ClassLabels(torch.Tensor labels);
}

public sealed record ConditionName(string Name, string Title, string Description, int? Label);

public sealed record ConditionRows<TCondition>(TCondition Values, int[] Rows, int? NullRow)
{
    public int[]? NullRows { get; init; }
}

public sealed record ConditionSource(Func<IClassNames> Names)
{
    public IReadOnlyList<string> Classes { get; init; }
    public string? TextFile { get; init; }
}

public sealed record Consistency<TProcess>(
    int Steps,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : LinearMultistep<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public sealed class Convolution : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public Convolution(int input, int output, int kernel, torch.Device device, torch.ScalarType dtype, int stride = 1, int padding = 0);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor x);
}

public sealed record Ddim(int Steps, double Eta = 0, bool ClipDenoised = false) : GaussianSolver
{
    public override bool CanInvert { get; }
    public override string Method { get; }
    public override torch.Tensor Invert(GaussianDiffusion process, Denoiser network, SolverRun run);
}

public sealed record Ddpm(int Steps, bool ClipDenoised = false) : GaussianSolver
{
    public override string Method { get; }
}

public sealed record Deis<TProcess>(
    int Steps,
    int Order = 2,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : LinearMultistep<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public delegate torch.Tensor Denoiser(torch.Tensor x, double t);

public static class DiffusersFolder
{
    public static string? OtherSetting(ICheckpointFile file, ModelCard card);
    public static void Save<TModel>(
        string path,
        ICheckpointFile tensors,
        torch.ScalarType? dtype = null) where TModel : torch.nn.Module, IModel<TModel>;
    public static void Save<TModel>(
        TModel model,
        string path,
        torch.ScalarType? dtype = null) where TModel : torch.nn.Module, IModel<TModel>;
}

public enum DiffusionForm
{
    Constant = 0,
    Sbdm = 1,
    Sigma = 2,
    Linear = 3,
    Decreasing = 4,
    IncreasingDecreasing = 5,
}

public sealed record DiffusionLosses(
    torch.Tensor Total,
    torch.Tensor? Mse,
    torch.Tensor? VariationalBound,
    torch.Tensor? Cosine = null) : IDisposable
{
    public void Dispose();
}

public sealed record DiffusionStep(torch.Tensor Sample, torch.Tensor PredictedStart) : IDisposable
{
    public void Dispose();
}

public static class DitNames
{
    public const string DiffusersConvention = "diffusers";
    public const string OfficialConvention = "the official code";
    public static NameMap Diffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own);
    public static NameMap Diffusers<TModel>() where TModel : torch.nn.Module, IModel<TModel>;
    public static NameMap Official(ModelCard card, IReadOnlyList<CheckpointEntry> own);
    public static NameMap Official<TModel>() where TModel : torch.nn.Module, IModel<TModel>;
    public static string? WhyNotInDiffusers(ModelCard card, IReadOnlyList<CheckpointEntry> own);
}

public sealed record Dopri5<TProcess>(
    double RelativeTolerance = 0.001,
    double AbsoluteTolerance = 1E-06,
    bool ClipDenoised = false) : Solver<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
    public override int? EvaluationsFor(TProcess process);
    public override torch.Tensor Run(TProcess process, Denoiser network, SolverRun run);
}

public abstract record DpmMultistep<TProcess>(
    int Steps,
    int Order,
    Spacing? Spacing,
    bool ClipDenoised) : LinearMultistep<TProcess> where TProcess : IProcess;

public sealed record DpmSolverPlusPlus<TProcess>(
    int Steps,
    int Order = 2,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : DpmMultistep<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public sealed record DpmSolver<TProcess>(
    int Steps,
    int Order = 2,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : DpmMultistep<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public sealed record Edm(
    int Steps,
    double Churn = 40,
    double ChurnMin = 0.05,
    double ChurnMax = 50,
    double ChurnNoise = 1.003,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : RungeKutta<GaussianDiffusion>
{
    public override string Method { get; }
}

public sealed record EmaDecays(params IReadOnlyList<double> Values)
{
    public bool Equals(EmaDecays? other);
    public override int GetHashCode();
}

public sealed class EmbeddingTable : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public EmbeddingTable(int rows, int width, torch.Device device, torch.ScalarType dtype);
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor indices);
}

public static class EpochOrder
{
    public static IEnumerable<int[]> BatchIndices(int count, int batch, long seed);
    public static bool[] Flips(int batch, long seed, long step);
    public static int[] Permutation(int count, long seed, long epoch);
}

public sealed record EulerAncestral(int Steps, Spacing? Spacing = null, bool ClipDenoised = false) : LinearMultistep<GaussianDiffusion>
{
    public override string Method { get; }
}

public sealed record EulerMaruyama(
    int Steps,
    DiffusionForm Form = Sigma,
    double Norm = 1,
    LastStep Last = Mean,
    double LastStepSize = 0.04) : FlowSdeSolver
{
    public override string Method { get; }
}

public sealed record Euler<TProcess>(
    int Steps,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : RungeKutta<TProcess> where TProcess : IProcess;

public sealed class ExponentialMovingAverage : IDisposable
{
    public ExponentialMovingAverage(torch.nn.Module model, double decay);
    public IReadOnlyDictionary<string, torch.Tensor> Tensors { get; }
    public void Dispose();
    public bool IsFinite();
    public void Update();
    public void Update(double decay);
    public static double WarmUp(double decay, int step);
}

public sealed class FineTuning
{
    public IReadOnlyList<string> Anew { get; }
    public IReadOnlyList<string> Interpolated { get; }
    public IReadOnlyList<string> Loaded { get; }
    public double LoadedShare { get; }
    public IReadOnlyList<string> NotInModel { get; }
    public void Fill(torch.nn.Module model);
    public static FineTuning Load<TModel>(
        TModel model,
        string path,
        CheckpointWeights weights = Auto) where TModel : torch.nn.Module, IModel<TModel>;
    public static FineTuning Of<TModel>(
        ICheckpointFile file,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null) where TModel : torch.nn.Module, IModel<TModel>;
    public IEnumerable<string> Sentences();
}

public abstract record FixedStepSolver<TProcess>(int Steps) : Solver<TProcess> where TProcess : IProcess
{
    public override int? EvaluationsFor(TProcess process);
    public virtual (int Fewest, int Most) StepsRange(TProcess process);
}

public sealed class Flow : IProcess
{
    public Flow(FlowPath path, Prediction prediction = Velocity, FlowTraining? training = null);
    public double DataTime { get; }
    public double NoiseTime { get; }
    public FlowPath Path { get; }
    public Prediction Prediction { get; }
    public FlowTraining Training { get; }
    public (double First, double Last) TrainingInterval { get; }
    public double Alpha(double t);
    public double[] DrawTimes(int n, torch.Generator random);
    public double Sigma(double t);
    public DiffusionLosses TrainingLosses(TrainedNetwork network, torch.Tensor x0, ReadOnlySpan<double> t, torch.Tensor noise);
    public PredictionWeights Weights(Prediction prediction, double t);
}

public abstract record FlowPath
{
    public static FlowPath Gvp { get; }
    public static FlowPath Linear { get; }
    public static FlowPath Vp { get; }
    public abstract double Alpha(double t);
    public abstract double AlphaRate(double t);
    public double DiffusionRate(double t);
    public abstract double Sigma(double t);
    public abstract double SigmaRate(double t);
}

public abstract record FlowSdeSolver(
    int Steps,
    DiffusionForm Form,
    double Norm,
    LastStep Last,
    double LastStepSize) : FixedStepSolver<Flow>
{
    public override int? EvaluationsFor(Flow process);
    public override torch.Tensor Run(Flow process, Denoiser network, SolverRun run);
    public override (int Fewest, int Most) StepsRange(Flow process);
    public override IReadOnlyList<double> Times(Flow process);
}

public sealed record FlowTraining
{
    public FlowTraining();
    public bool CosineLoss { get; init; }
    public Prediction? Loss { get; init; }
    public double Shift { get; init; }
    public TrainingTimes Times { get; init; }
    public FlowWeight Weight { get; init; }
}

public enum FlowWeight
{
    Uniform = 0,
    Velocity = 1,
    Likelihood = 2,
}

public sealed class FolderClaim : IDisposable
{
    public string Folder { get; }
    public void Dispose();
    public static FolderClaim Take(string folder);
}

public static class Functional
{
    public static torch.Tensor AddTable(torch.Tensor x, torch.Tensor table);
    public static torch.Tensor Attention(torch.Tensor qkv, int heads);
    public static torch.Tensor Attention(
        torch.Tensor qkv,
        int heads,
        torch.nn.Module<torch.Tensor, torch.Tensor>? queryNorm = null,
        torch.nn.Module<torch.Tensor, torch.Tensor>? keyNorm = null,
        torch.Tensor? rotary = null);
    public static torch.Tensor CrossAttention(torch.Tensor q, torch.Tensor kv, int heads);
    public static torch.Tensor CrossAttention(torch.Tensor q, torch.Tensor kv, torch.Tensor mask, int heads);
    public static torch.Tensor FillDropped(TextEmbeddings text, torch.Tensor? none, torch.ScalarType dtype);
    public static torch.Tensor GatedResidual(torch.Tensor x, torch.Tensor gate, torch.Tensor y);
    public static torch.Tensor Gelu(torch.Tensor x);
    public static torch.Tensor LayerNorm(torch.Tensor x, long width, double eps = 1E-06);
    public static torch.Tensor Linear(Linear linear, torch.Tensor x);
    public static torch.Tensor Modulate(torch.Tensor x, torch.Tensor shift, torch.Tensor scale, double eps = 1E-06);
    public static torch.Tensor RmsNorm(torch.Tensor x, double eps = 1E-06);
    public static torch.Tensor Rotate(torch.Tensor x, torch.Tensor rotary);
    public static torch.Tensor Scale(torch.Tensor x, torch.Tensor scale);
    public static torch.Tensor ScaleShift(torch.Tensor x, torch.Tensor shift, torch.Tensor scale);
    public static torch.Tensor SwiGlu(torch.Tensor x);
    public static torch.Tensor Unpatchify(torch.Tensor tokens, int rows, int columns, int patch, int channels);
}

public sealed class GaussianDiffusion : IProcess
{
    public GaussianDiffusion(NoiseSchedule schedule, Prediction prediction, ModelVariance variance);
    public double DataTime { get; }
    public double NoiseTime { get; }
    public Prediction Prediction { get; }
    public NoiseSchedule Schedule { get; }
    public ImmutableArray<int> TimestepMap { get; }
    public int Timesteps { get; }
    public ModelVariance Variance { get; }
    public double Alpha(double t);
    public BitsPerDimension BitsPerDim(
        Denoiser denoise,
        torch.Tensor x0,
        INoiseSource noise,
        bool clipDenoised = true,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default);
    public DiffusionStep DdimReverseStep(torch.Tensor modelOutput, torch.Tensor x, ReadOnlySpan<int> t, bool clipDenoised = false);
    public DiffusionStep DdimStep(
        torch.Tensor modelOutput,
        torch.Tensor x,
        ReadOnlySpan<int> t,
        torch.Tensor? noise,
        double eta = 0,
        bool clipDenoised = false);
    public DiffusionStep DdpmStep(
        torch.Tensor modelOutput,
        torch.Tensor x,
        ReadOnlySpan<int> t,
        torch.Tensor? noise,
        bool clipDenoised = false);
    public double[] DrawTimes(int n, torch.Generator random);
    public double NoiseLevel(double t);
    public torch.Tensor OriginalTimesteps(ReadOnlySpan<int> t, torch.Device device);
    public torch.Tensor PredictEpsilonFromStart(torch.Tensor xt, ReadOnlySpan<int> t, torch.Tensor start);
    public ReversePrediction PredictMeanVariance(torch.Tensor modelOutput, torch.Tensor x, ReadOnlySpan<int> t, bool clipDenoised);
    public torch.Tensor PredictStart(torch.Tensor modelOutput, torch.Tensor x, ReadOnlySpan<int> t, bool clipDenoised);
    public torch.Tensor PredictStartFromEpsilon(torch.Tensor xt, ReadOnlySpan<int> t, torch.Tensor epsilon);
    public GaussianMoments QPosteriorMeanVariance(torch.Tensor x0, torch.Tensor xt, ReadOnlySpan<int> t);
    public torch.Tensor QSample(torch.Tensor x0, ReadOnlySpan<int> t, torch.Tensor noise);
    public GaussianDiffusion Respace(Respacing respacing);
    public double Sigma(double t);
    public DiffusionLosses TrainingLosses(TrainedNetwork network, torch.Tensor x0, ReadOnlySpan<double> t, torch.Tensor noise);
    public DiffusionLosses TrainingLosses(
        TrainedNetwork network,
        torch.Tensor x0,
        ReadOnlySpan<int> t,
        torch.Tensor noise,
        LossKind kind = Hybrid);
    public PredictionWeights Weights(Prediction prediction, double t);
}

public sealed record GaussianMoments(torch.Tensor Mean, torch.Tensor Variance, torch.Tensor LogVariance) : IDisposable
{
    public void Dispose();
}

public abstract record GaussianSolver(int Steps, bool ClipDenoised) : FixedStepSolver<GaussianDiffusion>
{
    public GaussianDiffusion Respaced(GaussianDiffusion process);
    public override torch.Tensor Run(GaussianDiffusion process, Denoiser network, SolverRun run);
    public override (int Fewest, int Most) StepsRange(GaussianDiffusion process);
    public override IReadOnlyList<double> Times(GaussianDiffusion process);
}

public static class GifFile
{
    public static void Encode(
        Stream stream,
        IReadOnlyList<GifFrame> frames,
        bool dither = true,
        IReadOnlyDictionary<string, string>? texts = null);
    public static void Write(
        string path,
        IReadOnlyList<GifFrame> frames,
        bool dither = true,
        IReadOnlyDictionary<string, string>? texts = null);
}

public sealed record GifFrame(RgbImage Image, TimeSpan Delay);

public static class Guard
{
    public static void DataTypes(string model, torch.Tensor types, torch.Tensor x, int count);
    public static void Embeddings(string model, string argument, torch.Tensor value, torch.Tensor x, int tokens, int width);
    public static void Input(ModelCard card, string argument, torch.Tensor x, torch.Tensor? weights = null);
    public static void Input(string model, string argument, torch.Tensor x, ImageShape shape, torch.Tensor? weights = null);
    public static void Labels(ModelCard card, torch.Tensor labels, torch.Tensor x);
    public static void PerSample(string model, string argument, torch.Tensor value, torch.Tensor x);
    public static void SizedText(
        string model,
        SizedText condition,
        torch.Tensor x,
        int tokens,
        int width,
        bool hasNull,
        bool masked = false);
    public static void Text(string model, TextEmbeddings text, torch.Tensor x, int tokens, int width, bool hasNull, bool masked = false);
    public static void Timesteps(string model, torch.Tensor t, torch.Tensor x);
}

public sealed record Guidance(double Scale = 1)
{
    public bool Acts { get; }
    public GuidanceChannels Channels { get; init; }
    public GuidanceConvention Convention { get; init; }
    public GuidanceInterval? Interval { get; init; }
    public static Guidance None { get; }
    public AdaptiveProjection? Projection { get; init; }
    public double Rescale { get; init; }
    public double Strength { get; }
    public bool ActsAt(double sigma);
    public static torch.Tensor Combine(
        torch.Tensor conditional,
        torch.Tensor unconditional,
        double scale,
        GuidanceChannels channels,
        int inputChannels);
    public torch.Tensor Combine(torch.Tensor conditional, torch.Tensor unconditional, int inputChannels);
    public void Require(ModelCard card);
    public static implicit operator Guidance(double scale);
}

public enum GuidanceChannels
{
    FirstThree = 0,
    All = 1,
}

public enum GuidanceConvention
{
    Dit = 0,
    UVit = 1,
}

public static class GuidanceConventions
{
    public static IReadOnlyDictionary<string, GuidanceConvention> ByWord { get; }
    public static string Formula(GuidanceConvention convention);
    public static double Unguided(GuidanceConvention convention);
    public static string Word(GuidanceConvention convention);
}

public sealed record GuidanceInterval
{
    public GuidanceInterval(double low, double high);
    public double High { get; }
    public double Low { get; }
    public bool Contains(double sigma);
    public override string ToString();
}

public sealed record Heun<TProcess>(
    int Steps,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : RungeKutta<TProcess> where TProcess : IProcess;

public interface IClassNames
{
    string Describe(int label);
    IReadOnlyList<int> Labels(IEnumerable<string> words);
    string NameOf(int label);
}

public interface ICondition<TSelf> : IDisposable where TSelf : ICondition<TSelf>
{
    int Count { get; }
    static abstract ImageLabels Labels { get; }
    TSelf Append(TSelf others);
    TSelf At(int[] samples);
    ConditionRows<TSelf> Distinct(ModelCard card, torch.Device device, bool withNull);
    TSelf Drop(ModelCard card, torch.Generator random);
    TSelf Map(Func<torch.Tensor, torch.Tensor> change);
    static abstract TSelf OfImages(torch.Tensor? classes, int count);
    static virtual TSelf OfTexts(TextEmbeddings texts, ModelCard card);
    static abstract NamedConditions<TSelf> Read(ModelCard card, ConditionSource source);
}

public interface IJointModel<TSelf> : IModel<TSelf>, IDisposable where TSelf : torch.nn.Module, IJointModel<TSelf>
{
    static abstract IReadOnlyList<JointSampler<TSelf>> AllSamplers { get; }
    static abstract JointShape Modalities { get; }
    static abstract GaussianDiffusion Process { get; }
    (torch.Tensor Image, torch.Tensor Clip, torch.Tensor Text) Predict(
        torch.Tensor image,
        torch.Tensor clip,
        torch.Tensor text,
        torch.Tensor imageTimes,
        torch.Tensor textTimes,
        torch.Tensor dataTypes);
}

public interface IModelVisitor<out TResult>
{
    TResult Visit<TModel, TCondition, TProcess>() where TModel : torch.nn.Module, IModel<TModel, TCondition, TProcess> where TCondition : ICondition<TCondition> where TProcess : IProcess;
    virtual TResult VisitJoint<TModel>() where TModel : torch.nn.Module, IJointModel<TModel>;
}

public interface IModel<TSelf> : IDisposable where TSelf : torch.nn.Module, IModel<TSelf>
{
    static abstract IProcess AnyProcess { get; }
    static abstract ModelCard Card { get; }
    static abstract IReadOnlyList<CheckpointEntry> CheckpointMap { get; }
    static abstract TSelf Create(torch.Device? device = null, torch.ScalarType? dtype = null, long seed = 0);
    static virtual TSelf Load(
        ICheckpointFile file,
        torch.Device? device = null,
        torch.ScalarType? dtype = null,
        CheckpointGrid? grid = null,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null);
    static abstract TSelf Load(string path, torch.Device? device = null, torch.ScalarType? dtype = null, CheckpointGrid? grid = null);
}

public interface IModel<TSelf, TCondition, TProcess> : IModel<TSelf>, IDisposable where TSelf : torch.nn.Module, IModel<TSelf, TCondition, TProcess> where TCondition : ICondition<TCondition> where TProcess : IProcess
{
    static abstract IReadOnlyList<Sampler<TSelf, TCondition, TProcess>> AllSamplers { get; }
    static abstract TProcess Process { get; }
    virtual InferenceSession<TCondition> CreateSession(ImageSize? size = null);
    torch.Tensor Predict(torch.Tensor x, torch.Tensor t, TCondition condition);
}

public interface INoiseSource : IDisposable
{
    torch.Tensor Next();
}

public interface IProcess
{
    double DataTime { get; }
    double NoiseTime { get; }
    Prediction Prediction { get; }
    double Alpha(double t);
    virtual torch.Tensor Convert(torch.Tensor output, torch.Tensor x, double t, Prediction wanted);
    virtual torch.Tensor Convert(torch.Tensor output, torch.Tensor x, ReadOnlySpan<double> t, Prediction wanted);
    double[] DrawTimes(int n, torch.Generator random);
    virtual double NoiseLevel(double t);
    virtual torch.Tensor Noised(torch.Tensor x0, ReadOnlySpan<double> t, torch.Tensor noise);
    double Sigma(double t);
    virtual torch.Tensor Target(torch.Tensor x0, ReadOnlySpan<double> t, torch.Tensor noise);
    virtual DiffusionLosses TrainingLosses(TrainedNetwork network, torch.Tensor x0, ReadOnlySpan<double> t, torch.Tensor noise);
    PredictionWeights Weights(Prediction prediction, double t);
}

public static class ImageComparison
{
    public static double Psnr(RgbImage a, RgbImage b);
}

public static class ImageFile
{
    public const int DefaultJpegQuality = 95;
    public static byte[] EncodePng(RgbImage image, IReadOnlyDictionary<string, string>? texts = null);
    public static bool HasImageExtension(string path);
    public static bool HasWritableExtension(string path);
    public static RgbImage Read(string path);
    public static (ImageHeader? Header, string Problem) ReadHeader(string path);
    public static torch.Tensor ReadTensor(string path);
    public static void RequireWritable(string path, int width, int height);
    public static void Write(string path, RgbImage image, IReadOnlyDictionary<string, string>? texts = null);
    public static void WriteJpeg(Stream stream, RgbImage image, int quality = 95, IReadOnlyDictionary<string, string>? texts = null);
    public static void WriteJpeg(Stream stream, torch.Tensor image, int quality = 95, IReadOnlyDictionary<string, string>? texts = null);
    public static void WriteJpeg(string path, RgbImage image, int quality = 95, IReadOnlyDictionary<string, string>? texts = null);
    public static void WriteJpeg(string path, torch.Tensor image, int quality = 95, IReadOnlyDictionary<string, string>? texts = null);
    public static void WritePng(Stream stream, RgbImage image, IReadOnlyDictionary<string, string>? texts = null);
    public static void WritePng(Stream stream, torch.Tensor image, IReadOnlyDictionary<string, string>? texts = null);
    public static void WritePng(string path, RgbImage image, IReadOnlyDictionary<string, string>? texts = null);
    public static void WritePng(string path, torch.Tensor image, IReadOnlyDictionary<string, string>? texts = null);
}

public sealed class ImageFolder
{
    public const long DefaultCacheBytes = 1073741824;
    public const double UsualUnreadablePart = 0.01;
    public IReadOnlyList<string> Classes { get; }
    public int Count { get; }
    public IReadOnlyList<LabeledFile> Files { get; }
    public LeftOut LeftOut { get; }
    public string Root { get; }
    public IReadOnlyList<UnreadableImage> Unreadable { get; }
    public (torch.Tensor Images, torch.Tensor Labels) LoadBatch(
        ReadOnlySpan<int> indices,
        ImageShape shape,
        ReadOnlySpan<bool> flips = default);
    public torch.Tensor LoadImages(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips = default);
    public static ImageFolder Open(string root, long cacheBytes = 1073741824);
    public static ImageFolder OpenUnlabeled(string root, long cacheBytes = 1073741824);
    public ImageFolder SkippingUnreadable(IReadOnlyList<UnreadableImage> unreadable, double largestPart = 1);
    public ImageSurvey Survey(IProgress<int>? progress = null, CancellationToken cancellation = default);
}

public static class ImageGrid
{
    public static bool Fits(int count, int height, int width, ImageGridOptions options, long mostPixels = 268435456);
    public static ImageGridLayout Layout(int count, int height, int width, ImageGridOptions options);
    public static RgbImage Render(torch.Tensor images, ImageGridOptions? options = null);
    public static void Write(
        string path,
        torch.Tensor images,
        ImageGridOptions? options = null,
        IReadOnlyDictionary<string, string>? texts = null);
}

public sealed class ImageGridCanvas
{
    public ImageGridCanvas(int count, int height, int width, ImageGridOptions? options = null);
    public RgbImage Picture { get; }
    public void Place(int n, RgbImage image);
}

public readonly record struct ImageGridLayout(int Left, int Top, int StepX, int StepY, int Width, int Height, int Columns, int TextScale)
{
    public (int X, int Y) Cell(int n);
}

public sealed record ImageGridOptions(int Columns = 8, int Padding = 2, int Scale = 1, IReadOnlyList<string>? RowLabels = null);

public readonly record struct ImageHeader(int Height, int Width, bool IsGray);

public enum ImageLabels
{
    None = 0,
    Classes = 1,
    Other = 2,
    Texts = 3,
}

public readonly record struct ImageShape(int Channels, int Height, int Width)
{
    public long[] Batch(long n);
    public override string ToString();
}

public readonly record struct ImageSize(int Width, int Height)
{
    public static ImageSize? Parse(string text);
    public override string ToString();
}

public sealed record ImageSizes((int Height, int Width) Smallest, (int Height, int Width) Largest, int Images, int Gray)
{
    public bool AreAll(ImageShape shape);
    public override string ToString();
}

public sealed record ImageSurvey(IReadOnlyList<UnreadableImage> Unreadable, ImageSizes? Sizes);

public static class ImageTexts
{
    public const string CommentKey = "Comment";
    public static IReadOnlyDictionary<string, string> Read(string path);
}

public static class ImageTransforms
{
    public static RgbImage CenterCrop(RgbImage image, int height, int width);
}

public static class InferenceSession
{
    public static InferenceSession<TCondition> Of<TCondition>(
        torch.nn.Module model,
        Func<torch.Tensor, torch.Tensor, TCondition, torch.Tensor> predict,
        string because,
        ModelCard? card = null) where TCondition : ICondition<TCondition>;
}

public abstract class InferenceSession<TCondition> : IDisposable where TCondition : ICondition<TCondition>
{
    public abstract string Engine { get; }
    public abstract long PackedBytes { get; }
    public abstract void Dispose();
    public abstract torch.Tensor Forward(torch.Tensor x, torch.Tensor t, TCondition condition);
}

public static class Init
{
    public static void Normal(EmbeddingTable table, double std, torch.Generator random);
    public static void Normal(Linear layer, double std, torch.Generator random);
    public static void Normal(torch.Tensor parameter, double std, torch.Generator random);
    public static void One(Parameter parameter);
    public static void RotaryCosines(torch.Tensor buffer, int rows, int columns);
    public static void RotarySines(torch.Tensor buffer, int rows, int columns);
    public static void SinCosPositions(torch.Tensor parameter, int rows, int columns, double scale = 1, int? baseSize = null);
    public static void XavierUniform(Convolution layer, torch.Generator random);
    public static void XavierUniform(Linear layer, torch.Generator random);
    public static void XavierUniform(Parameter parameter, torch.Generator random);
    public static void Zero(Linear layer);
    public static void Zero(Parameter? parameter);
}

public sealed record JointImage(torch.Tensor Latents, torch.Tensor Clip) : IDisposable
{
    public int Count { get; }
    public void Dispose();
}

public sealed record JointOptions
{
    public JointOptions();
    public CancellationToken Cancellation { get; init; }
    public int? DataType { get; init; }
    public long FirstIndex { get; init; }
    public Action<SamplingState>? Observe { get; init; }
    public IProgress<SamplingProgress>? Progress { get; init; }
    public ImageSize? Size { get; init; }
}

public sealed record JointPair(JointImage Image, JointText Text) : IDisposable
{
    public void Dispose();
}

public sealed class JointSampler<TModel> : Sampler where TModel : torch.nn.Module, IJointModel<TModel>
{
    public JointSampler(string name, Solver<GaussianDiffusion> solver);
    public override int? Evaluations { get; }
    public override string Method { get; }
    public Solver<GaussianDiffusion> Solver { get; }
    public override int? Steps { get; }
    public override (int Fewest, int Most)? StepsRange { get; }
    public JointImage Image(TModel model, int count, long seed = 0, JointOptions? options = null);
    public JointText ImageToText(TModel model, JointImage image, Guidance? guidance = null, long seed = 0, JointOptions? options = null);
    public JointImage ImageVariation(
        TModel model,
        JointImage image,
        Guidance? guidance = null,
        long seed = 0,
        JointOptions? options = null);
    public JointPair Joint(TModel model, int count, Guidance? guidance = null, long seed = 0, JointOptions? options = null);
    public JointText Text(TModel model, int count, long seed = 0, JointOptions? options = null);
    public JointImage TextToImage(TModel model, JointText text, Guidance? guidance = null, long seed = 0, JointOptions? options = null);
    public JointText TextVariation(TModel model, JointText text, Guidance? guidance = null, long seed = 0, JointOptions? options = null);
    public override JointSampler<TModel> WithSteps(int steps);
}

public sealed record JointShape(ImageShape Image, int ClipWidth, int TextTokens, int TextWidth, int DataTypes)
{
    public torch.Tensor LatentsOf(torch.Tensor state);
}

public sealed record JointText(torch.Tensor Tokens) : IDisposable
{
    public int Count { get; }
    public void Dispose();
}

public sealed record KeptActivations(long All, long Checkpointed, long OfBlock);

public sealed class KeyedNoise : INoiseSource, IDisposable
{
    public KeyedNoise(long seed, long firstIndex, int count, ImageShape shape, torch.Device device);
    public void Dispose();
    public torch.Tensor Next();
}

public static class LabelDropout
{
    public static torch.Tensor Apply(torch.Tensor labels, double probability, long nullClass, torch.Generator random);
}

public sealed class LabelEmbedder : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public LabelEmbedder(int rows, int width, torch.Device device, torch.ScalarType dtype);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor labels);
}

public sealed record LabeledFile(string Path, int Label);

public enum LastStep
{
    None = 0,
    Mean = 1,
    Tweedie = 2,
    Euler = 3,
}

public sealed record LatentDescription(
    int Version,
    AutoencoderCard Autoencoder,
    string Encoder,
    int Height,
    int Width,
    int Images,
    IReadOnlyList<string>? Classes,
    bool Mirrored,
    string Type,
    int Tile,
    int ImagesPerShard,
    string Source)
{
    public const int CurrentVersion = 1;
    public long Bytes { get; }
    public ImageShape Shape { get; }
    public int Shards { get; }
}

public sealed class LatentEncoding
{
    public LatentEncoding(ImageFolder images, (int Height, int Width) size, AutoencoderKL autoencoder, LatentOptions options);
    public LatentDescription Description { get; }
    public LatentResult Run(
        string folder,
        IProgress<LatentProgress>? progress = null,
        CancellationToken cancellation = default,
        FolderClaim? claim = null);
}

public sealed class LatentFolder : IDisposable
{
    public const string IndexName = "latents.json";
    public const string NamesName = "images.jsonl";
    public IReadOnlyList<string> Classes { get; }
    public int Count { get; }
    public LatentDescription Description { get; }
    public string Root { get; }
    public void Dispose();
    public static bool IsAt(string root);
    public static bool IsBegunAt(string root);
    public LatentMoments Load(ReadOnlySpan<int> indices, ReadOnlySpan<bool> flips = default);
    public torch.Tensor LoadLabels(ReadOnlySpan<int> indices);
    public static LatentFolder Open(string root);
    public void Require(AutoencoderKL autoencoder);
}

public sealed class LatentMoments : IDisposable
{
    public LatentMoments(torch.Tensor values, AutoencoderCard autoencoder);
    public AutoencoderCard Autoencoder { get; }
    public torch.Tensor Values { get; }
    public void Dispose();
    public ScaledLatents Mode();
    public ScaledLatents Sample(torch.Tensor noise);
}

public sealed record LatentOptions
{
    public LatentOptions();
    public int Batch { get; init; }
    public int? ImagesPerShard { get; init; }
    public bool Mirrored { get; init; }
    public AutoencoderTiling? Tiling { get; init; }
    public torch.ScalarType Type { get; init; }
}

public sealed record LatentProgress(int Done, int Total, int Kept, double ImagesPerSecond);

public sealed record LatentResult(LatentDescription Description, int Kept, int Done, bool Cancelled)
{
    public IReadOnlyList<UnreadableImage> Unreadable { get; init; }
}

public sealed record LatentStatistics(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    public const string FileName = "latents_stats.pt";
    public bool Equals(LatentStatistics? other);
    public override int GetHashCode();
    public static LatentStatistics Load(string path, int channels);
}

public static class Layer
{
    public static torch.Tensor Buffer(long[] shape, torch.Device device, torch.ScalarType dtype);
    public static Linear Linear(long input, long output, torch.Device device, torch.ScalarType dtype, bool hasBias = true);
    public static Parameter Unset(long[] shape, torch.Device device, torch.ScalarType dtype, bool trained = true);
}

public enum LearningRateSchedule
{
    Constant = 0,
    Linear = 1,
    Cosine = 2,
}

public sealed record LeftOut(IReadOnlyDictionary<string, int> Endings, int BesideClasses, int NestedFolders, int Hidden)
{
    public int Count { get; }
    public override string ToString();
}

public static class LibTorch
{
    public const string Variable = "DIT_LIBTORCH";
    public static void Load();
    public static void Prepare();
    public static bool TryLoad(string folder);
}

public sealed record Likelihood(
    int Probes = 1,
    ProbeDistribution Distribution = Rademacher,
    double RelativeTolerance = 1E-05,
    double AbsoluteTolerance = 1E-05)
{
    public LikelihoodResult Of(
        Flow flow,
        TrainedNetwork network,
        torch.Tensor data,
        long seed = 0,
        CancellationToken cancellation = default);
}

public static class LikelihoodCalls
{
    public static LikelihoodResult Of<TModel, TCondition>(
        Likelihood likelihood,
        TModel model,
        torch.Tensor data,
        TCondition condition,
        long seed = 0,
        CancellationToken cancellation = default) where TModel : torch.nn.Module, IModel<TModel, TCondition, Flow> where TCondition : ICondition<TCondition>;
}

public sealed record LikelihoodResult(
    torch.Tensor LogLikelihood,
    torch.Tensor BitsPerDim,
    torch.Tensor Noise,
    int Evaluations,
    int Rejected) : IDisposable
{
    public void Dispose();
}

public abstract record LinearMultistep<TProcess>(
    int Steps,
    int Order,
    Spacing? Spacing,
    bool ClipDenoised) : MultistepSolver<TProcess> where TProcess : IProcess;

public sealed record Lms<TProcess>(
    int Steps,
    int Order = 2,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : LinearMultistep<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public sealed class Lora : IDisposable
{
    public double Alpha { get; }
    public IReadOnlyList<string> Layers { get; }
    public IEnumerable<Parameter> Parameters { get; }
    public int Rank { get; }
    public double Scale { get; set; }
    public static Lora Attach<TModel>(TModel model, LoraOptions options, long seed = 0) where TModel : torch.nn.Module, IModel<TModel>;
    public void Dispose();
    public void Fuse();
    public static ICheckpointFile Fused<TModel>(
        ICheckpointFile file,
        string path,
        double scale = 1) where TModel : torch.nn.Module, IModel<TModel>;
    public static Lora Load<TModel>(TModel model, ICheckpointFile file) where TModel : torch.nn.Module, IModel<TModel>;
    public static Lora Load<TModel>(TModel model, string path) where TModel : torch.nn.Module, IModel<TModel>;
    public void Save(string path, torch.ScalarType? dtype = null);
}

public sealed record LoraOptions(int Rank)
{
    public double Alpha { get; init; }
    public LoraTargets Targets { get; init; }
    public void Validate();
}

[System.FlagsAttribute]
public enum LoraTargets
{
    Attention = 1,
    Mlp = 2,
    Blocks = 3,
    Others = 4,
    All = 7,
}

public enum LossKind
{
    Hybrid = 0,
    RescaledHybrid = 1,
    Kl = 2,
    RescaledKl = 3,
}

public sealed record ModelCard(
    string Name,
    string Backbone,
    string Conditioning,
    ImageShape Input,
    int OutputChannels,
    ModelCondition Condition,
    int Depth,
    int Width,
    int Heads,
    int PatchSize,
    int Tokens,
    long Parameters,
    long TrainableParameters,
    long Macs,
    AutoencoderCard? Autoencoder,
    string SpecHash,
    Numerics Numerics = Official)
{
    public const string ClassesKey = "dit.classes";
    public const string NameKey = "dit.model";
    public const string SpecKey = "dit.spec.yaml";
    public KeptActivations? Activations { get; init; }
    public string? Block { get; init; }
    public bool CanBeGuided { get; }
    public int Classes { get; }
    public long Flops { get; }
    public bool HasRotaryPositions { get; init; }
    public bool IsPixelSpace { get; }
    public int NullClass { get; }
    public PositionKind PatchPositions { get; init; }
    public int? PositionBase { get; init; }
    public double PositionScale { get; init; }
    public ImageSize Size { get; }
    public string? Spec { get; init; }
    public ModelCard At(ImageSize? size);
    public IReadOnlyDictionary<string, string> ToMetadata();
}

public abstract record ModelCondition
{
    public abstract double Dropout { get; }
    public bool HasNull { get; }
    public T Match<T>(Func<ModelCondition.None, T> none, Func<ModelCondition.Classes, T> classes, Func<ModelCondition.Text, T> text);
    public sealed record Classes(int Count, double Dropout) : ModelCondition
    {
        public override double Dropout { get; }
        public override string ToString();
    }
    public sealed record None : ModelCondition
    {
        public None();
        public override double Dropout { get; }
        public override string ToString();
    }
    public sealed record Text(int Tokens, int Width, double Dropout) : ModelCondition
    {
        public override double Dropout { get; }
        public bool HasSizes { get; init; }
        public bool IsMasked { get; init; }
        public override string ToString();
    }
}

public abstract class ModelDefinition
{
    public ModelCard Card { get; }
    public JointShape? Joint { get; }
    public abstract TResult Accept<TResult>(IModelVisitor<TResult> visitor);
    public static ModelDefinition Of<TModel, TCondition, TProcess>() where TModel : torch.nn.Module, IModel<TModel, TCondition, TProcess> where TCondition : ICondition<TCondition> where TProcess : IProcess;
    public static ModelDefinition OfJoint<TModel>() where TModel : torch.nn.Module, IJointModel<TModel>;
}

public enum ModelVariance
{
    LearnedRange = 0,
    FixedSmall = 1,
    FixedLarge = 2,
}

public readonly record struct ModulationPart;

public readonly record struct ModulationParts
{
    public ModulationPart this[int part] { get; }
}

public abstract record MultistepSolver<TProcess>(
    int Steps,
    int Order,
    Spacing? Spacing,
    bool ClipDenoised) : NodeSolver<TProcess> where TProcess : IProcess
{
    public override ImmutableArray<NoiseNode> Nodes(TProcess process);
    public override torch.Tensor Run(TProcess process, Denoiser network, SolverRun run);
    public override (int Fewest, int Most) StepsRange(TProcess process);
}

public sealed record NamedConditions<TCondition>(
    TCondition Values,
    IReadOnlyList<ConditionName> Names,
    string Noun) : IDisposable where TCondition : ICondition<TCondition>
{
    public void Dispose();
}

public sealed record NoCondition(int Count = 0) : ICondition<NoCondition>, IDisposable
{
    public static ImageLabels Labels { get; }
    public NoCondition Append(NoCondition others);
    public NoCondition At(int[] samples);
    public void Dispose();
    public ConditionRows<NoCondition> Distinct(ModelCard card, torch.Device device, bool withNull);
    public NoCondition Drop(ModelCard card, torch.Generator random);
    public NoCondition Map(Func<torch.Tensor, torch.Tensor> change);
    public static NoCondition OfImages(torch.Tensor? classes, int count);
    public static NamedConditions<NoCondition> Read(ModelCard card, ConditionSource source);
}

public abstract record NodeSolver<TProcess>(
    int Steps,
    Spacing? Spacing,
    bool ClipDenoised) : FixedStepSolver<TProcess> where TProcess : IProcess
{
    public virtual ImmutableArray<NoiseNode> Nodes(TProcess process);
    public override (int Fewest, int Most) StepsRange(TProcess process);
    public override IReadOnlyList<double> Times(TProcess process);
}

public readonly record struct NoiseNode(double Time, double Alpha, double Sigma)
{
    public double Lambda { get; }
}

public sealed class NoiseSchedule
{
    public ImmutableArray<double> AlphasCumprod { get; }
    public ImmutableArray<double> AlphasCumprodNext { get; }
    public ImmutableArray<double> AlphasCumprodPrev { get; }
    public ImmutableArray<double> Betas { get; }
    public ImmutableArray<double> LargeLogVariance { get; }
    public ImmutableArray<double> LargeVariance { get; }
    public ImmutableArray<double> LogBetas { get; }
    public ImmutableArray<double> LogOneMinusAlphasCumprod { get; }
    public ImmutableArray<double> PosteriorLogVarianceClipped { get; }
    public ImmutableArray<double> PosteriorMeanCoef1 { get; }
    public ImmutableArray<double> PosteriorMeanCoef2 { get; }
    public ImmutableArray<double> PosteriorVariance { get; }
    public ImmutableArray<double> SqrtAlphasCumprod { get; }
    public ImmutableArray<double> SqrtOneMinusAlphasCumprod { get; }
    public ImmutableArray<double> SqrtRecipAlphasCumprod { get; }
    public ImmutableArray<double> SqrtRecipm1AlphasCumprod { get; }
    public int Timesteps { get; }
    public static NoiseSchedule FromBetas(ReadOnlySpan<double> betas);
    public static NoiseSchedule Linear(int timesteps = 1000);
    public static NoiseSchedule ScaledLinear(int timesteps = 1000);
    public static NoiseSchedule SquaredCosine(int timesteps = 1000);
}

public sealed class NonFiniteSampleException : DitException
{
    public int Batch { get; }
    public int Count { get; }
    public int Index { get; }
    public string Predicate { get; }
    public string Reason { get; }
    public SamplingProgress Since { get; }
    public string? Weight { get; }
}

public enum Numerics
{
    Official = 0,
    Diffusers = 1,
}

public sealed class PatchEmbedding : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public PatchEmbedding(int channels, int width, int patch, torch.Device device, torch.ScalarType dtype);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor x);
}

public readonly record struct PatchGrid(int Rows, int Columns)
{
    public int Patches { get; }
    public static PatchGrid Of(torch.Tensor x, int patch);
}

public static class PathRules
{
    public static void RequireOutside(string output, string data);
}

public static class Plot
{
    public static void LossCurve(string path, string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null);
    public static RgbImage Render(string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null);
}

public sealed record PlotAxis(double Low, double High, bool IsLog, IReadOnlyList<(double Value, string Label)> Ticks)
{
    public double Fraction(double value);
    public static PlotAxis Linear(double low, double high, double widen);
    public static PlotAxis Logarithmic(double low, double high, double widen);
}

public sealed record PlotOptions(
    int Width = 900,
    int Height = 500,
    string XLabel = "step",
    string YLabel = "loss",
    bool LogY = false,
    double Smoothing = 0.04);

public readonly record struct PlotPoint(double X, double Y);

public sealed record PlotSeries(string Name, IReadOnlyList<PlotPoint> Points);

public enum PositionKind
{
    Unknown = 0,
    SinCos = 1,
    Learned = 2,
}

public sealed record PositionTable(string Name, int Rows, int Columns)
{
    public int? Base { get; init; }
    public int Before { get; init; }
    public bool IsLearned { get; init; }
    public double Scale { get; init; }
    public torch.Tensor At(torch.Tensor table, PatchGrid grid);
    public static PositionTable Of(ModelCard card);
}

public static class Positions
{
    public static torch.Tensor RotaryAngles(int headWidth, int rows, int columns);
    public static torch.Tensor SinCos2D(int width, int rows, int columns, double scale = 1, int? baseSize = null);
}

public sealed record PostHocEma(double Shorter = 0.05, double Longer = 0.1);

public sealed record PowerFit(IReadOnlyList<double> Coefficients, double Error);

public readonly record struct PowerProfile(double Step, double Gamma)
{
    public static double LargestLength { get; }
    public static double DecayAt(double gamma, int step);
    public double Dot(PowerProfile other);
    public PowerFit FitBy(IReadOnlyList<PowerProfile> others);
    public static double GammaOf(double length);
    public static double LengthOf(double gamma);
    public static PowerProfile OfLength(double step, double length);
}

public enum Prediction
{
    Epsilon = 0,
    StartX = 1,
    Velocity = 2,
    Score = 3,
}

public readonly record struct PredictionWeights(double Start, double Noise);

public enum ProbeDistribution
{
    Rademacher = 0,
    Normal = 1,
}

public abstract class ProcessGroup : IDisposable
{
    public bool HasAgreed { get; }
    public bool IsFirst { get; }
    public static bool IsLaunched { get; }
    public static int LaunchedRank { get; }
    public int LocalRank { get; }
    public int Rank { get; }
    public static ProcessGroup Single { get; }
    public int Size { get; }
    public abstract void Abort(int exitCode);
    public void Agree(Action work);
    public T Agree<T>(Func<T> work) where T : class?;
    public bool Any(bool holds);
    public void Dispose();
    protected virtual void Dispose(bool disposing);
    public IReadOnlyList<byte[]> Exchange(byte[] own);
    public void InFirst(Action work);
    public static ProcessGroup Start();
}

public sealed class ProcessLostException : Exception
{
    public ProcessLostException(string message);
}

public sealed class ReplayedNoise : INoiseSource, IDisposable
{
    public ReplayedNoise(IReadOnlyList<torch.Tensor> recorded);
    public void Dispose();
    public torch.Tensor Next();
}

public abstract record Respacing
{
    public static Respacing Ddim(int steps);
    public static Respacing Even(int steps);
    public T Match<T>(Func<Respacing.Sections, T> sections, Func<Respacing.Stride, T> stride);
    public static Respacing Parse(string text);
    public ImmutableArray<int> Retain(int timesteps);
    public static Respacing StrideOrEven(int steps, int timesteps);
    public sealed record Sections : Respacing
    {
        public ImmutableArray<int> Counts { get; }
        public bool Equals(Respacing.Sections? other);
        public override int GetHashCode();
        public override string ToString();
    }
    public sealed record Stride : Respacing
    {
        public int Steps { get; }
        public override string ToString();
    }
}

public sealed record ReversePrediction(
    torch.Tensor Mean,
    torch.Tensor Variance,
    torch.Tensor LogVariance,
    torch.Tensor PredictedStart) : IDisposable
{
    public void Dispose();
}

public sealed class RgbImage
{
    public int Height { get; }
    public ReadOnlySpan<byte> Pixels { get; }
    public int Width { get; }
    public (byte R, byte G, byte B) this[int x, int y] { get; }
    public static RgbImage FromTensor(torch.Tensor image);
    public torch.Tensor ToTensor();
}

public sealed class RmsNorm : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public RmsNorm(int width, torch.Device device, torch.ScalarType dtype, double eps = 1E-06);
    public void Initialize();
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor x);
}

public sealed class RotaryPositions : torch.nn.Module
{
    public RotaryPositions(int rows, int columns, int headWidth, torch.Device device, torch.ScalarType dtype);
    public void Initialize();
    protected override void RegisterComponents();
    public torch.Tensor call();
    public torch.Tensor call(PatchGrid grid);
}

public record RungeKutta<TProcess>(
    int Steps,
    ButcherTableau Tableau,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : NodeSolver<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
    public override int? EvaluationsFor(TProcess process);
    public override ImmutableArray<NoiseNode> Nodes(TProcess process);
    public override torch.Tensor Run(TProcess process, Denoiser network, SolverRun run);
    public override IReadOnlyList<double> Times(TProcess process);
}

public abstract class Sampler
{
    public abstract int? Evaluations { get; }
    public abstract string Method { get; }
    public string Name { get; }
    public abstract int? Steps { get; }
    public abstract (int Fewest, int Most)? StepsRange { get; }
    public abstract Sampler WithSteps(int steps);
}

public static class SamplerCalls
{
    public static torch.Tensor Invert<TModel, TProcess>(
        Sampler<TModel, ClassLabels, TProcess> sampler,
        TModel model,
        torch.Tensor samples,
        IReadOnlyList<int> labels,
        Guidance? guidance = null,
        SamplingOptions<ClassLabels>? options = null) where TModel : torch.nn.Module, IModel<TModel, ClassLabels, TProcess> where TProcess : IProcess;
    public static torch.Tensor Invert<TModel, TProcess>(
        Sampler<TModel, NoCondition, TProcess> sampler,
        TModel model,
        torch.Tensor samples,
        SamplingOptions<NoCondition>? options = null) where TModel : torch.nn.Module, IModel<TModel, NoCondition, TProcess> where TProcess : IProcess;
    public static torch.Tensor Sample<TModel, TProcess>(
        Sampler<TModel, ClassLabels, TProcess> sampler,
        TModel model,
        IReadOnlyList<int> labels,
        Guidance? guidance = null,
        long seed = 0,
        SamplingOptions<ClassLabels>? options = null) where TModel : torch.nn.Module, IModel<TModel, ClassLabels, TProcess> where TProcess : IProcess;
    public static torch.Tensor Sample<TModel, TProcess>(
        Sampler<TModel, NoCondition, TProcess> sampler,
        TModel model,
        int count,
        long seed = 0,
        SamplingOptions<NoCondition>? options = null) where TModel : torch.nn.Module, IModel<TModel, NoCondition, TProcess> where TProcess : IProcess;
}

public sealed class Sampler<TModel, TCondition, TProcess> : Sampler where TModel : torch.nn.Module, IModel<TModel, TCondition, TProcess> where TCondition : ICondition<TCondition> where TProcess : IProcess
{
    public Sampler(string name, Solver<TProcess> solver);
    public override int? Evaluations { get; }
    public SamplingLoop<TProcess> Loop { get; }
    public override string Method { get; }
    public Solver<TProcess> Solver { get; }
    public override int? Steps { get; }
    public override (int Fewest, int Most)? StepsRange { get; }
    public torch.Tensor Invert(
        TModel model,
        torch.Tensor samples,
        TCondition condition,
        Guidance? guidance = null,
        SamplingOptions<TCondition>? options = null);
    public torch.Tensor Sample(
        TModel model,
        TCondition condition,
        Guidance? guidance = null,
        long seed = 0,
        SamplingOptions<TCondition>? options = null);
    public override Sampler<TModel, TCondition, TProcess> WithSteps(int steps);
}

public sealed record SamplingLoop<TProcess>(string Name, Solver<TProcess> Solver, TProcess Process) where TProcess : IProcess
{
    public torch.Tensor Invert(
        Denoiser denoise,
        torch.Tensor x0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null);
    public torch.Tensor Sample(
        Denoiser denoise,
        INoiseSource noise,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null,
        torch.Tensor? start = null);
}

public sealed record SamplingOptions<TCondition> where TCondition : ICondition<TCondition>
{
    public SamplingOptions();
    public CancellationToken Cancellation { get; init; }
    public long FirstIndex { get; init; }
    public TCondition? Negative { get; init; }
    public INoiseSource? Noise { get; init; }
    public Action<SamplingState>? Observe { get; init; }
    public IProgress<SamplingProgress>? Progress { get; init; }
    public InferenceSession<TCondition>? Session { get; init; }
    public ImageSize? Size { get; init; }
    public torch.Tensor? Start { get; init; }
}

public readonly record struct SamplingProgress(int Step, int? Steps, double Time)
{
    public int Evaluations { get; init; }
    public int Rejected { get; init; }
    public double Share { get; }
}

public readonly record struct SamplingState(SamplingProgress Progress, torch.Tensor State, torch.Tensor PredictedStart);

public sealed class ScaledLatents : IDisposable
{
    public AutoencoderCard Autoencoder { get; }
    public torch.Tensor Values { get; }
    public void Dispose();
    public static ScaledLatents Of(torch.Tensor values, AutoencoderCard autoencoder);
    public static ScaledLatents Scale(torch.Tensor unscaled, AutoencoderCard autoencoder);
}

public sealed record SdeDpmSolverPlusPlus<TProcess>(
    int Steps,
    int Order = 2,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : DpmMultistep<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public sealed class SessionBuilder
{
    public SessionBuilder(ModelCard card, PatchEmbedding patches, torch.Tensor positions);
    public SessionBuilder(ModelCard card, PatchEmbedding patches, torch.Tensor positions, PositionTable table, ImageSize? size);
    public SessionBuilder Attended(int tokens);
    public void Attention(
        Linear qkv,
        Linear proj,
        int heads,
        torch.nn.Module<torch.Tensor, torch.Tensor>? queryNorm = null,
        torch.nn.Module<torch.Tensor, torch.Tensor>? keyNorm = null,
        bool rotary = false);
    public InferenceSession<TCondition> Build<TCondition>(
        Func<torch.Tensor, TCondition, torch.Tensor> embed,
        torch.nn.Module? model = null,
        Func<torch.Tensor, torch.Tensor, TCondition, torch.Tensor>? predict = null,
        Func<TCondition, (torch.Tensor Tokens, torch.Tensor? Mask)>? attend = null) where TCondition : ICondition<TCondition>;
    public SessionBuilder Context(int tokens, bool joined, bool first = false);
    public void Convolution(Convolution layer);
    public void CrossAttention(Linear q, Linear kv, Linear proj, int heads);
    public void Identity();
    public void Mlp(Linear fc1, Linear fc2, bool exactGelu = false);
    public ModulationParts Modulation(Linear layer);
    public ModulationParts Modulation(torch.Tensor table);
    public void Norm(AffineLayerNorm norm);
    public void Norm(RmsNorm norm);
    public void Norm(RmsNorm norm, ModulationPart? shift, ModulationPart scale);
    public void Norm(ModulationPart? shift, ModulationPart scale, double eps = 1E-06);
    public void Output(Linear layer);
    public void Pop(Linear layer);
    public void Push();
    public void Residual();
    public void Residual(ModulationPart gate);
    public SessionBuilder Rotary(RotaryPositions rotary);
    public SessionBuilder Shared(Linear layer);
    public ModulationParts SharedModulation(torch.Tensor table);
    public void SwiGlu(Linear w12, Linear w3);
}

public static class ShapesDataset
{
    public const int DefaultSize = 32;
    public const int LargestSize = 4096;
    public static IReadOnlyList<string> Classes { get; }
    public static RgbImage Render(long seed, int index, int size = 32);
    public static IReadOnlyList<ClassCount> Write(
        string directory,
        int count,
        long seed,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default,
        int size = 32);
}

public sealed class SharedMistakeException : DitException
{
    public SharedMistakeException(string message);
    public SharedMistakeException(string message, Exception inner);
}

public sealed record SizedText(
    TextEmbeddings Text,
    torch.Tensor Height,
    torch.Tensor Width,
    torch.Tensor AspectRatio) : ICondition<SizedText>, IDisposable
{
    public int Count { get; }
    public static ImageLabels Labels { get; }
    public SizedText Append(SizedText others);
    public SizedText At(int[] samples);
    public void Dispose();
    public ConditionRows<SizedText> Distinct(ModelCard card, torch.Device device, bool withNull);
    public SizedText Drop(ModelCard card, torch.Generator random);
    public SizedText Map(Func<torch.Tensor, torch.Tensor> change);
    public static SizedText Of(TextEmbeddings text, int height, int width);
    public static SizedText OfImages(torch.Tensor? classes, int count);
    public static SizedText OfTexts(TextEmbeddings texts, ModelCard card);
    public static NamedConditions<SizedText> Read(ModelCard card, ConditionSource source);
    public SizedText WithNull();
}

public sealed class SolverRun
{
    public int Evaluations { get; }
    public torch.Tensor Start { get; }
    public torch.Tensor Follow(int? steps, Func<SolverState, SolverStep?> step);
    public torch.Tensor NextNoise(torch.Tensor x);
}

public sealed record SolverState(int Step, torch.Tensor X, IReadOnlyList<torch.Tensor> History);

public sealed record SolverStep(torch.Tensor Sample, torch.Tensor PredictedStart, double Time)
{
    public IReadOnlyList<torch.Tensor> History { get; init; }
    public int Rejected { get; init; }
}

public abstract record Solver<TProcess> where TProcess : IProcess
{
    protected Solver();
    public virtual bool CanInvert { get; }
    public abstract string Method { get; }
    public abstract int? EvaluationsFor(TProcess process);
    public virtual torch.Tensor Invert(TProcess process, Denoiser network, SolverRun run);
    public abstract torch.Tensor Run(TProcess process, Denoiser network, SolverRun run);
    public virtual IReadOnlyList<double> Times(TProcess process);
}

public abstract record Spacing
{
    public static Spacing Beta { get; }
    public bool EndsAtData { get; init; }
    public static Spacing Exponential { get; }
    public static Spacing Karras { get; }
    public static Spacing Leading { get; }
    public static Spacing Linspace { get; }
    public static Spacing LogSnr { get; }
    public double MinLambda { get; init; }
    public double Shift { get; init; }
    public static Spacing Time { get; }
    public static Spacing Trailing { get; }
    public static Spacing LeadingFrom(int offset);
    public ImmutableArray<NoiseNode> Nodes(IProcess process, int steps);
    public static Spacing Shifted(double shift);
}

public enum SpikeAction
{
    Stop = 0,
    Skip = 1,
    Ignore = 2,
}

public static class StepInput
{
    public static IEnumerable<StepInput<TCondition>> Sequence<TCondition>(
        TrainingRecipe recipe,
        ModelCard card,
        IProcess process,
        TrainingSet<TCondition> data,
        int first = 0) where TCondition : ICondition<TCondition>;
}

public sealed record StepInput<TCondition>(
    torch.Tensor Images,
    TCondition Condition,
    double[] Times,
    torch.Tensor Noise) : IDisposable where TCondition : ICondition<TCondition>
{
    public double[]? Weights { get; init; }
    public void Dispose();
    public StepInput<TCondition> To(torch.Device device);
}

public readonly record struct StepLosses(double Total, double Mse, double VariationalBound);

public sealed record StochasticHeun(
    int Steps,
    DiffusionForm Form = Sigma,
    double Norm = 1,
    LastStep Last = Mean,
    double LastStepSize = 0.04) : FlowSdeSolver
{
    public override string Method { get; }
}

public static class TensorFloat32
{
    public static bool IsAllowed { get; set; }
}

public sealed class TextEmbedder : torch.nn.Module<TextEmbeddings, torch.Tensor>
{
    public TextEmbedder(int tokens, int textWidth, int width, bool hasNull, torch.Device device, torch.ScalarType dtype);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(TextEmbeddings text);
}

public sealed record TextEmbeddings(torch.Tensor Values, torch.Tensor? DropMask = null) : ICondition<TextEmbeddings>, IDisposable
{
    public int Count { get; }
    public static ImageLabels Labels { get; }
    public torch.Tensor? Mask { get; init; }
    public TextEmbeddings Append(TextEmbeddings others);
    public TextEmbeddings At(int[] samples);
    public torch.Tensor Attended();
    public void Dispose();
    public ConditionRows<TextEmbeddings> Distinct(ModelCard card, torch.Device device, bool withNull);
    public TextEmbeddings Drop(ModelCard card, torch.Generator random);
    public static string FileFor(ModelCard card);
    public static TextEmbeddings Load(string path, ModelCard card);
    public TextEmbeddings Map(Func<torch.Tensor, torch.Tensor> change);
    public static TextEmbeddings OfImages(torch.Tensor? classes, int count);
    public static TextEmbeddings OfTexts(TextEmbeddings texts, ModelCard card);
    public static NamedConditions<TextEmbeddings> Read(ModelCard card, ConditionSource source);
    public TextEmbeddings To(torch.Device device);
    public TextEmbeddings WithLengths(IReadOnlyList<int> lengths);
    public TextEmbeddings WithNull();
}

public enum TimeSampling
{
    Uniform = 0,
    LossSecondMoment = 1,
}

public sealed class TimestepEmbedder : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public TimestepEmbedder(int width, torch.Device device, torch.ScalarType dtype, int intervals = 128);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public static torch.Tensor Sinusoid(torch.Tensor t, int intervals = 128, int features = 256);
    public override torch.Tensor forward(torch.Tensor t);
}

public static class TorchDevice
{
    public static torch.Device OrCpu(torch.Device? device);
    public static torch.Device Parse(string word, bool tensorFloat32 = false);
}

public delegate torch.Tensor TrainedNetwork(torch.Tensor x, torch.Tensor t);

public sealed class Trainer
{
    public const int MostWorkers = 256;
    public Trainer(TrainingRecipe recipe, TrainingFolder folder);
    public AutoencoderKL? Decoder { get; init; }
    public Action<string>? Notice { get; init; }
    public SpikeAction OnSpike { get; init; }
    public ProcessGroup Processes { get; init; }
    public static int UsualWorkers { get; }
    public int Workers { get; init; }
    public TrainingMemoryPlan PlanMemory(ModelCard card);
    public void RequireFit<TCondition>(
        TrainingSet<TCondition> data,
        ModelCard card,
        torch.Device device) where TCondition : ICondition<TCondition>;
    public TrainingResult Run<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TrainingSet<TCondition> data,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        FolderClaim? claim = null,
        TrainingCheckpoint? from = null) where TModel : torch.nn.Module, IModel<TModel, TCondition, TProcess> where TCondition : ICondition<TCondition> where TProcess : IProcess;
}

public sealed record TrainingCheckpoint(string Path, int Step, TrainingRecipe Recipe, string? Spec, IReadOnlyList<string> Notes)
{
    public string? RunText { get; init; }
    public static TrainingCheckpoint Newest(TrainingFolder folder);
}

public sealed record TrainingFolder(string Path, int SaveEvery = 1000, torch.ScalarType WeightsType = Float32)
{
    public const string ClassesKey = "dit.classes";
    public const string MetricsName = "metrics.jsonl";
    public const string RunFileName = "run.yaml";
    public const string SpecName = "model.dit.yaml";
    public const string UnreadableName = "unreadable.txt";
    public string Averages { get; }
    public string Checkpoint { get; }
    public int Keep { get; init; }
    public string LossByTimePlot { get; }
    public string LossPlot { get; }
    public string LossTable { get; }
    public string Metrics { get; }
    public string RunFile { get; }
    public string? RunText { get; init; }
    public int SampleEvery { get; init; }
    public string Samples { get; }
    public TimeSpan SaveAfter { get; init; }
    public string Spec { get; }
    public bool TensorBoard { get; init; }
    public int TimeBuckets { get; init; }
    public string UnreadableList { get; }
    public string Weights { get; }
    public FolderClaim Claim(bool resume = false);
    public string WeightsOf(double decay);
}

public sealed record TrainingMemoryPlan(
    long Weights,
    long Gradients,
    long Optimizer,
    long Averages,
    long Activations,
    long Inputs,
    long Process)
{
    public long Total { get; }
    public static TrainingMemoryPlan Of(ModelCard card, TrainingRecipe recipe);
    public string OfAvailable();
    public override string ToString();
}

public sealed record TrainingMetrics
{
    public TrainingMetrics();
    public double DataWaitSeconds { get; init; }
    public double GradientNorm { get; init; }
    public double ImagesPerSecond { get; init; }
    public double LearningRate { get; init; }
    public required double Loss { get; init; }
    public long MemoryBytes { get; init; }
    public double Mse { get; init; }
    public IReadOnlyList<double?> MseByTime { get; init; }
    public IReadOnlyList<long> SamplesByTime { get; init; }
    public required int Step { get; init; }
    public double VariationalBound { get; init; }
    public static IReadOnlyList<TrainingMetrics> Read(string path);
}

public enum TrainingPrecision
{
    Float32 = 0,
    BFloat16 = 1,
    Float16 = 2,
}

public sealed record TrainingProgress(int Step, int Steps, StepLosses Losses, double StepsPerSecond, double ImagesPerSecond)
{
    public double DataWait { get; init; }
    public double GradientNorm { get; init; }
    public long MemoryBytes { get; init; }
    public static TrainingProgress At(int step, TrainingRecipe recipe, StepLosses losses, TimeSpan elapsed, int before = 0);
}

public sealed record TrainingRecipe
{
    public TrainingRecipe();
    public int Accumulation { get; init; }
    public bool ActivationCheckpointing { get; init; }
    public int BatchSize { get; init; }
    public double Beta1 { get; init; }
    public double Beta2 { get; init; }
    public bool DecayAll { get; init; }
    public double EmaDecay { get; init; }
    public bool EmaWarmup { get; init; }
    public EmaDecays? FurtherEma { get; init; }
    public double? GradientClip { get; init; }
    public bool HorizontalFlip { get; init; }
    public double LearningRate { get; init; }
    public LoraOptions? Lora { get; init; }
    public double? MinSnrGamma { get; init; }
    public PostHocEma? PostHocEma { get; init; }
    public TrainingPrecision Precision { get; init; }
    public LearningRateSchedule Schedule { get; init; }
    public long Seed { get; init; }
    public static TrainingRecipe Short { get; }
    public int Steps { get; init; }
    public TimeSampling TimeSampling { get; init; }
    public int WarmupSteps { get; init; }
    public double WeightDecay { get; init; }
    public AdamW CreateOptimizer(IEnumerable<Parameter> parameters);
    public double EmaDecayAt(int step);
    public double LearningRateAt(int step);
    public void Validate();
}

public sealed record TrainingResult(int Step, bool Cancelled, IReadOnlyList<string> Files);

public static class TrainingSet
{
    public static TrainingSet<ClassLabels> Of(ImageFolder folder, ImageShape shape);
    public static TrainingSet<TCondition> Of<TCondition>(
        ImageFolder folder,
        ImageShape shape,
        CaptionFile? captions = null) where TCondition : ICondition<TCondition>;
    public static TrainingSet<ClassLabels> OfClasses(
        int count,
        IReadOnlyList<string> classes,
        Func<int[], bool[], (torch.Tensor Images, torch.Tensor Labels)> load);
    public static TrainingSet<NoCondition> OfImages(ImageFolder folder, ImageShape shape);
    public static TrainingSet<NoCondition> OfImages(int count, Func<int[], bool[], torch.Tensor> load);
    public static TrainingSet<ClassLabels> OfLatents(LatentFolder folder, ModelCard card);
    public static TrainingSet<TCondition> OfLatents<TCondition>(
        LatentFolder folder,
        ModelCard card,
        CaptionFile? captions = null) where TCondition : ICondition<TCondition>;
    public static TrainingSet<TextEmbeddings> OfTexts(int count, Func<int[], bool[], (torch.Tensor Images, TextEmbeddings Texts)> load);
    public static TrainingSet<NoCondition> OfUnlabeledLatents(LatentFolder folder, ModelCard card);
}

public sealed record TrainingSet<TCondition>(
    int Count,
    Func<int[], bool[], (torch.Tensor Images, TCondition Condition)> Load) where TCondition : ICondition<TCondition>
{
    public IReadOnlyList<string> Classes { get; init; }
    public Func<torch.Tensor, torch.Generator, torch.Tensor> Draw { get; init; }
    public Func<IReadOnlyList<UnreadableImage>> Unreadable { get; init; }
}

public static class TrainingStep
{
    public static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TProcess process,
        StepInput<TCondition> input,
        TrainingRecipe? recipe = null) where TModel : torch.nn.Module, IModel<TModel, TCondition, TProcess> where TCondition : ICondition<TCondition> where TProcess : IProcess;
}

public abstract record TrainingTimes
{
    public static TrainingTimes Uniform { get; }
    public abstract double[] Draw(int n, torch.Generator random);
    public sealed record LogitNormal : TrainingTimes
    {
        public LogitNormal(double mean = 0, double deviation = 1);
        public double Deviation { get; }
        public double Mean { get; }
        public override double[] Draw(int n, torch.Generator random);
        public double TimeOf(double normal);
        public override string ToString();
    }
}

public static class TransformerBlock
{
    public static torch.Tensor Call(
        torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor> block,
        torch.Tensor x,
        torch.Tensor second,
        torch.Tensor third,
        torch.Tensor fourth,
        torch.Tensor fifth);
    public static torch.Tensor Call(
        torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor> block,
        torch.Tensor x,
        torch.Tensor second,
        torch.Tensor third,
        torch.Tensor fourth);
    public static torch.Tensor Call(
        torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor> block,
        torch.Tensor x,
        torch.Tensor second,
        torch.Tensor third);
    public static torch.Tensor Call(torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor> block, torch.Tensor x, torch.Tensor second);
    public static torch.Tensor Call(torch.nn.Module<torch.Tensor, torch.Tensor> block, torch.Tensor x);
}

public enum UniPcVariant
{
    Bh1 = 0,
    Bh2 = 1,
}

public sealed record UniPc<TProcess>(
    int Steps,
    int Order = 2,
    UniPcVariant Variant = Bh2,
    Spacing? Spacing = null,
    bool ClipDenoised = false) : MultistepSolver<TProcess> where TProcess : IProcess
{
    public override string Method { get; }
}

public sealed record UnreadableImage(string Path, string Problem)
{
    public static string Describe(IEnumerable<UnreadableImage> found, int count, int total);
    public override string ToString();
}
