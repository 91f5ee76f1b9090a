namespace Dit.Runtime;

public sealed class AdamWWithEma : IDisposable
{
    public AdamWWithEma(torch.nn.Module model, TrainingRecipe recipe);
    public ExponentialMovingAverage Average { get; }
    public void Dispose();
    public void Step(double learningRate);
}

public sealed class AffineLayerNorm : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public AffineLayerNorm(int width, torch.Device device, torch.ScalarType dtype);
    public void Initialize();
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor x);
}

public static class AtomicFile
{
    public static void CreateFolder(string folder);
    public static string FullPath(string path);
    public static void RequireWritable(string path);
    public static void Write(string path, Action<Stream> write);
    public static void WriteText(string path, string text);
}

public static class AtomicFolder
{
    public static void RequireWritable(string path);
    public static void Write(string path, Action<string> write);
}

public sealed record AutoencoderCard(
    string Name,
    int Channels,
    IReadOnlyList<int> Multipliers,
    int ResidualBlocks,
    int LatentChannels,
    double Scale,
    double Shift = 0,
    bool QuantConvolutions = true)
{
    public int Factor { get; }
    public static AutoencoderCard KlF8 { get; }
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
    public static AutoencoderTiling? For(int rows, int columns);
    public IReadOnlyList<int> Starts(int length);
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

public static class Checkpoint
{
    public static TModel Load<TModel>(
        ICheckpointFile file,
        ModelCard card,
        IReadOnlyList<CheckpointEntry> map,
        PositionTable positions,
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
        PositionTable positions,
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
        PositionTable positions,
        CheckpointGrid? grid,
        string path,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null);
    public static void LoadInto(
        torch.nn.Module model,
        string modelName,
        IReadOnlyList<CheckpointEntry> map,
        string path,
        CheckpointWeights weights = Auto,
        Action<string>? notice = null);
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

public enum CheckpointComponent
{
    Denoiser = 0,
    Autoencoder = 1,
}

public sealed record CheckpointEntry(string Name, params long[] Shape);

public static class CheckpointFile
{
    public static ICheckpointFile Open(string path);
    public static ICheckpointFile Open(string path, CheckpointComponent component);
}

public abstract record CheckpointGrid
{
    public static CheckpointGrid MustMatch { get; }
    public T Match<T>(Func<T> mustMatch, Func<Action<string>, T> recompute);
    public static CheckpointGrid Recompute(Action<string> notice);
}

public sealed class CheckpointMismatchException : DitException
{
    public IReadOnlyList<ShapeMismatch> Misshaped { get; }
    public IReadOnlyList<string> Missing { get; }
    public string Summary { get; }
    public string SummaryWithNames { get; }
    public IReadOnlyList<string> Unexpected { get; }
}

public static class CheckpointSpec
{
    public const int MaxBytes = 400000;
    public static string? Of(ICheckpointFile file);
    public static string? Of(ModelCard card, ICheckpointFile source);
}

public static class CheckpointView
{
    public static ICheckpointFile Below(ICheckpointFile file, string prefix);
    public static bool Holds(ICheckpointFile file, string prefix);
    public static ICheckpointFile OfWeights(ICheckpointFile file, CheckpointWeights weights);
    public static ICheckpointFile Without(ICheckpointFile file, string prefix);
}

public enum CheckpointWeights
{
    Auto = 0,
    Ema = 1,
    Model = 2,
}

public sealed record ClassCount(string Class, int Images);

public sealed record ClassLabels(torch.Tensor Values) : ICondition<ClassLabels>, IDisposable
{
    public void Dispose();
    public ClassLabels Hide(ModelCard card, torch.Generator random);
    public ClassLabels Select(Func<torch.Tensor, torch.Tensor> change);
}

public sealed class Convolution : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public Convolution(int input, int output, int kernel, torch.Device device, torch.ScalarType dtype, int stride = 1, int padding = 0);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(torch.Tensor x);
}

public delegate torch.Tensor Denoiser(torch.Tensor x, torch.Tensor t);

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

public sealed record DiffusionLosses(torch.Tensor Total, torch.Tensor? Mse, torch.Tensor? VariationalBound) : IDisposable
{
    public void Dispose();
}

public sealed record DiffusionStep(torch.Tensor Sample, torch.Tensor PredictedStart) : IDisposable
{
    public void Dispose();
}

public class DitException : Exception
{
    public DitException(string message);
    public DitException(string message, Exception inner);
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

public static class EpochOrder
{
    public static IEnumerable<int[]> BatchIndices(int count, int batch, long seed);
    public static bool[] Flips(int batch, long seed, long step);
    public static int[] Permutation(int count, long seed, long epoch);
}

public sealed class ExponentialMovingAverage : IDisposable
{
    public ExponentialMovingAverage(torch.nn.Module model, double decay);
    public IReadOnlyDictionary<string, torch.Tensor> Tensors { get; }
    public void Dispose();
    public bool IsFinite();
    public void Update();
}

public sealed class FolderClaim : IDisposable
{
    public string Folder { get; }
    public void Dispose();
    public static FolderClaim Take(string folder);
}

public sealed record ForeignTensor(IReadOnlyList<string> Names, long[] Shape)
{
    public long Elements { get; }
}

public static class Functional
{
    public static torch.Tensor Attention(torch.Tensor qkv, int heads);
    public static torch.Tensor CrossAttention(torch.Tensor q, torch.Tensor kv, int heads);
    public static torch.Tensor GatedResidual(torch.Tensor x, torch.Tensor gate, torch.Tensor y);
    public static torch.Tensor Gelu(torch.Tensor x);
    public static torch.Tensor LayerNorm(torch.Tensor x, long width, double eps = 1E-06);
    public static torch.Tensor Linear(Linear linear, torch.Tensor x);
    public static torch.Tensor Modulate(torch.Tensor x, torch.Tensor shift, torch.Tensor scale, double eps = 1E-06);
    public static torch.Tensor RmsNorm(torch.Tensor x, double eps = 1E-06);
    public static torch.Tensor Unpatchify(torch.Tensor tokens, int rows, int columns, int patch, int channels);
}

public sealed class GaussianDiffusion
{
    public GaussianDiffusion(NoiseSchedule schedule, Prediction prediction, ModelVariance variance);
    public Prediction Prediction { get; }
    public NoiseSchedule Schedule { get; }
    public ImmutableArray<int> TimestepMap { get; }
    public int Timesteps { get; }
    public ModelVariance Variance { get; }
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
    public torch.Tensor OriginalTimesteps(ReadOnlySpan<int> t, torch.Device device);
    public torch.Tensor PredictEpsilonFromStart(torch.Tensor xt, ReadOnlySpan<int> t, torch.Tensor start);
    public ReversePrediction PredictMeanVariance(torch.Tensor modelOutput, torch.Tensor x, ReadOnlySpan<int> t, bool clipDenoised);
    public torch.Tensor PredictStart(torch.Tensor modelOutput, torch.Tensor x, ReadOnlySpan<int> t, bool clipDenoised);
    public torch.Tensor PredictStartFromEpsilon(torch.Tensor xt, ReadOnlySpan<int> t, torch.Tensor epsilon);
    public GaussianMoments QPosteriorMeanVariance(torch.Tensor x0, torch.Tensor xt, ReadOnlySpan<int> t);
    public torch.Tensor QSample(torch.Tensor x0, ReadOnlySpan<int> t, torch.Tensor noise);
    public GaussianDiffusion Respace(Respacing respacing);
    public DiffusionLosses TrainingLosses(
        Denoiser denoise,
        torch.Tensor x0,
        ReadOnlySpan<int> t,
        torch.Tensor noise,
        LossKind kind = Hybrid);
}

public sealed record GaussianMoments(torch.Tensor Mean, torch.Tensor Variance, torch.Tensor LogVariance) : IDisposable
{
    public void Dispose();
}

public sealed record GaussianSampler(string Name, SamplingMethod Method, GaussianDiffusion Process, bool ClipDenoised = false)
{
    public int Steps { get; }
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

public static class GifFile
{
    public static void Encode(Stream stream, IReadOnlyList<GifFrame> frames, bool dither = true);
    public static void Write(string path, IReadOnlyList<GifFrame> frames, bool dither = true);
}

public sealed record GifFrame(RgbImage Image, TimeSpan Delay);

public static class Guard
{
    public static void Input(string model, string argument, torch.Tensor x, ImageShape shape, torch.Tensor? weights = null);
    public static void Labels(ModelCard card, torch.Tensor labels, torch.Tensor x);
    public static void PerSample(string model, string argument, torch.Tensor value, torch.Tensor x);
    public static void Text(string model, TextEmbeddings text, torch.Tensor x, int tokens, int width, bool hasNull);
    public static void Timesteps(string model, torch.Tensor t, torch.Tensor x);
}

public static class Guidance
{
    public static torch.Tensor Combine(
        torch.Tensor conditional,
        torch.Tensor unconditional,
        double scale,
        GuidanceChannels channels,
        int inputChannels);
}

public enum GuidanceChannels
{
    FirstThree = 0,
    All = 1,
}

public sealed record GuidanceInterval
{
    public GuidanceInterval(double low, double high);
    public double High { get; }
    public double Low { get; }
    public bool Contains(double sigma);
    public override string ToString();
}

public interface IAnyModelVisitor<out TResult>
{
    TResult Visit<TModel>() where TModel : torch.nn.Module, IModel<TModel>;
}

public interface ICheckpointFile : IDisposable
{
    IReadOnlyDictionary<string, string> Metadata { get; }
    string Path { get; }
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }
    void CopyInto(string name, torch.Tensor destination);
    virtual NonFinite? FindNonFinite(string name);
    torch.Tensor Read(string name, torch.Device? device = null, torch.ScalarType? dtype = null);
}

public interface IClassConditionalModel : IConditionedOn<ClassLabels>, IDisposable
{
    virtual InferenceSession<ClassLabels> CreateSession();
    torch.Tensor ForwardWithGuidance(
        torch.Tensor x,
        torch.Tensor t,
        torch.Tensor labels,
        double scale,
        GuidanceChannels channels = FirstThree);
    torch.Tensor forward(torch.Tensor x, torch.Tensor t, torch.Tensor labels);
}

public interface IClassConditionalModel<TSelf> : IClassConditionalModel, IConditionedOn<ClassLabels>, IDisposable, IModel<TSelf> where TSelf : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor>, IClassConditionalModel<TSelf>
{
    static abstract IReadOnlyList<Sampler<TSelf>> AllSamplers { get; }
}

public interface ICondition<TSelf> : IDisposable where TSelf : ICondition<TSelf>
{
    TSelf Hide(ModelCard card, torch.Generator random);
    TSelf Select(Func<torch.Tensor, torch.Tensor> change);
}

public interface IConditionedOn<in TCondition>
{
    torch.Tensor Predict(torch.Tensor x, torch.Tensor t, TCondition condition);
}

public interface IModelVisitor<out TResult>
{
    TResult VisitClassConditional<TModel>() where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor>, IClassConditionalModel<TModel>;
    TResult VisitTextConditional<TModel>() where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, TextEmbeddings, torch.Tensor>, ITextConditionalModel<TModel>;
    TResult VisitUnconditional<TModel>() where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor>, IUnconditionalModel<TModel>;
}

public interface IModel<TSelf> : IDisposable where TSelf : torch.nn.Module, IModel<TSelf>
{
    static abstract ModelCard Card { get; }
    static abstract IReadOnlyList<CheckpointEntry> CheckpointMap { get; }
    static abstract GaussianDiffusion Diffusion { get; }
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

public interface INoiseSource : IDisposable
{
    torch.Tensor Next();
}

public interface ITextConditionalModel : IConditionedOn<TextEmbeddings>, IDisposable
{
    virtual InferenceSession<TextEmbeddings> CreateSession();
    torch.Tensor ForwardWithGuidance(
        torch.Tensor x,
        torch.Tensor t,
        TextEmbeddings text,
        double scale,
        GuidanceChannels channels = FirstThree);
    torch.Tensor forward(torch.Tensor x, torch.Tensor t, TextEmbeddings text);
}

public interface ITextConditionalModel<TSelf> : ITextConditionalModel, IConditionedOn<TextEmbeddings>, IDisposable, IModel<TSelf> where TSelf : torch.nn.Module<torch.Tensor, torch.Tensor, TextEmbeddings, torch.Tensor>, ITextConditionalModel<TSelf>
{
    static abstract IReadOnlyList<TextSampler<TSelf>> AllSamplers { get; }
}

public interface IUnconditionalModel : IConditionedOn<NoCondition>, IDisposable
{
    virtual InferenceSession<NoCondition> CreateSession();
    torch.Tensor forward(torch.Tensor x, torch.Tensor t);
}

public interface IUnconditionalModel<TSelf> : IUnconditionalModel, IConditionedOn<NoCondition>, IDisposable, IModel<TSelf> where TSelf : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor>, IUnconditionalModel<TSelf>
{
    static abstract IReadOnlyList<UnconditionalSampler<TSelf>> AllSamplers { get; }
}

public static class ImageComparison
{
    public static double Psnr(RgbImage a, RgbImage b);
}

public static class ImageFile
{
    public const int DefaultJpegQuality = 95;
    public static byte[] EncodePng(RgbImage image);
    public static bool HasImageExtension(string path);
    public static bool HasWritableExtension(string path);
    public static RgbImage Read(string path);
    public static (ImageHeader? Header, string Problem) ReadHeader(string path);
    public static torch.Tensor ReadTensor(string path);
    public static void RequireWritable(string path, int width, int height);
    public static void Write(string path, RgbImage image);
    public static void WriteJpeg(Stream stream, RgbImage image, int quality = 95);
    public static void WriteJpeg(Stream stream, torch.Tensor image, int quality = 95);
    public static void WriteJpeg(string path, RgbImage image, int quality = 95);
    public static void WriteJpeg(string path, torch.Tensor image, int quality = 95);
    public static void WritePng(Stream stream, RgbImage image);
    public static void WritePng(Stream stream, torch.Tensor image);
    public static void WritePng(string path, RgbImage image);
    public static void WritePng(string path, torch.Tensor image);
}

public sealed class ImageFolder
{
    public const long DefaultCacheBytes = 1073741824;
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
    public ImageFolder SkippingUnreadable(IReadOnlyList<UnreadableImage> unreadable);
    public ImageSurvey Survey(IProgress<int>? progress = null, CancellationToken cancellation = default);
}

public static class ImageGrid
{
    public static bool Fits(int count, int height, int width, ImageGridOptions options, long mostPixels = 268435456);
    public static ImageGridLayout Layout(int count, int height, int width, ImageGridOptions options);
    public static RgbImage Render(torch.Tensor images, ImageGridOptions? options = null);
    public static void Write(string path, torch.Tensor images, ImageGridOptions? options = null);
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

public readonly record struct ImageShape(int Channels, int Height, int Width)
{
    public long[] Batch(long n);
    public override string ToString();
}

public sealed record ImageSizes((int Height, int Width) Smallest, (int Height, int Width) Largest, int Images, int Gray)
{
    public bool AreAll(ImageShape shape);
    public override string ToString();
}

public sealed record ImageSurvey(IReadOnlyList<UnreadableImage> Unreadable, ImageSizes? Sizes);

public static class ImageTransforms
{
    public static RgbImage CenterCrop(RgbImage image, int height, int width);
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
    public static void Normal(Linear layer, double std, torch.Generator random);
    public static void Normal(Parameter parameter, double std, torch.Generator random);
    public static void One(Parameter parameter);
    public static void SinCosPositions(Parameter parameter, int rows, int columns);
    public static void XavierUniform(Linear layer, torch.Generator random);
    public static void XavierUniform(Parameter parameter, torch.Generator random);
    public static void Zero(Linear layer);
    public static void Zero(Parameter? parameter);
}

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

public static class Layer
{
    public static Linear Linear(long input, long output, torch.Device device, torch.ScalarType dtype);
    public static Parameter Unset(long[] shape, torch.Device device, torch.ScalarType dtype, bool trained = true);
}

public sealed record LeftOut(IReadOnlyDictionary<string, int> Endings, int BesideClasses, int NestedFolders, int Hidden)
{
    public int Count { get; }
    public override string ToString();
}

public sealed class LegacyTorchFile : TensorFile
{
    public static LegacyTorchFile Open(string path);
}

public static class LibTorch
{
    public const string Variable = "DIT_LIBTORCH";
    public static void Load();
    public static void Prepare();
    public static bool TryLoad(string folder);
}

public enum LossKind
{
    Hybrid = 0,
    RescaledHybrid = 1,
    Kl = 2,
    RescaledKl = 3,
}

public abstract record MappedTensor
{
    public CheckpointEntry Own { get; }
    public T Match<T>(Func<MappedTensor.Stored, T> stored, Func<MappedTensor.Computed, T> computed);
    public static MappedTensor Renamed(CheckpointEntry own, params string[] names);
    public static MappedTensor Reshaped(CheckpointEntry own, string name, params long[] shape);
    public static MappedTensor Same(CheckpointEntry own);
    public static MappedTensor Stacked(CheckpointEntry own, params string[] names);
    public sealed record Computed(CheckpointEntry Own, Action<torch.Tensor> Fill) : MappedTensor;
    public sealed record Stored(CheckpointEntry Own, IReadOnlyList<ForeignTensor> Parts) : MappedTensor;
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
    public const string NameKey = "dit.model";
    public const string SpecKey = "dit.spec.yaml";
    public bool CanBeGuided { get; }
    public int Classes { get; }
    public long Flops { get; }
    public bool IsPixelSpace { get; }
    public int NullClass { get; }
    public string? Spec { get; init; }
    public IReadOnlyDictionary<string, string> ToMetadata();
}

public abstract record ModelCondition
{
    public double Dropout { get; }
    public bool HasNull { get; }
    public T Match<T>(Func<ModelCondition.None, T> none, Func<ModelCondition.Classes, T> classes, Func<ModelCondition.Text, T> text);
    public sealed record Classes(int Count, double Hidden) : ModelCondition
    {
        public override string ToString();
    }
    public sealed record None : ModelCondition
    {
        public None();
        public override string ToString();
    }
    public sealed record Text(int Tokens, int Width, double Hidden) : ModelCondition
    {
        public override string ToString();
    }
}

public abstract class ModelDefinition
{
    public ModelCard Card { get; }
    public abstract TResult Accept<TResult>(IAnyModelVisitor<TResult> visitor);
    public abstract TResult Accept<TResult>(IModelVisitor<TResult> visitor);
    public static ModelDefinition OfClasses<TModel>() where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor>, IClassConditionalModel<TModel>;
    public static ModelDefinition OfNothing<TModel>() where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor>, IUnconditionalModel<TModel>;
    public static ModelDefinition OfText<TModel>() where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, TextEmbeddings, torch.Tensor>, ITextConditionalModel<TModel>;
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

public sealed record NameDifference(
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<ShapeMismatch> Misshaped)
{
    public int Count { get; }
    public IReadOnlyList<string> PassedOver { get; init; }
}

public sealed record NameMap(string Model, string Convention, IReadOnlyList<MappedTensor> Tensors, IReadOnlyList<string> Ignored)
{
    public NameMap(string model, string convention, IReadOnlyList<MappedTensor> tensors);
    public IEnumerable<CheckpointEntry> Foreign { get; }
    public NameDifference DifferenceFrom(ICheckpointFile foreign);
    public WeightsPlace Find(ICheckpointFile file, CheckpointWeights weights = Auto);
    public bool Fits(ICheckpointFile file);
    public bool Fits(IEnumerable<string> names);
    public static NameMap Identity(string model, string convention, IReadOnlyList<CheckpointEntry> own);
    public IReadOnlyList<string> Problems(IReadOnlyList<CheckpointEntry> own);
    public ICheckpointFile Read(ICheckpointFile foreign);
    public ICheckpointFile Write(ICheckpointFile own);
    public ICheckpointFile Write(torch.nn.Module own);
}

public sealed record NoCondition : ICondition<NoCondition>, IDisposable
{
    public NoCondition();
    public void Dispose();
    public NoCondition Hide(ModelCard card, torch.Generator random);
    public NoCondition Select(Func<torch.Tensor, torch.Tensor> change);
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
    public static NoiseSchedule SquaredCosine(int timesteps = 1000);
}

public sealed record NonFinite(long NaNs, long PositiveInfinities, long NegativeInfinities, IReadOnlyList<long> First)
{
    public long Count { get; }
    public static NonFinite? In(torch.Tensor tensor);
    public override string ToString();
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

public static class PathRules
{
    public static void RequireOutside(string output, string data);
}

public static class Plot
{
    public static void LossCurve(string path, string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null);
    public static RgbImage Render(string title, IReadOnlyList<PlotSeries> series, PlotOptions? options = null);
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

public sealed record PositionTable(string Name, int Rows, int Columns)
{
    public static PositionTable Of(ModelCard card);
}

public static class Positions
{
    public static torch.Tensor SinCos2D(int width, int rows, int columns);
}

public enum Prediction
{
    Epsilon = 0,
    StartX = 1,
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

public static class SafeTensors
{
    public const string Format = "pt";
    public const string FormatKey = "format";
    public static void Save(
        string path,
        ICheckpointFile source,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null);
    public static void Save(
        string path,
        IEnumerable<(string Name, torch.Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        torch.ScalarType? dtype = null);
}

public sealed class SafeTensorsFile : TensorFile
{
    public static SafeTensorsFile Open(string path);
}

public abstract class Sampler
{
    public int Evaluations { get; }
    public GaussianSampler Loop { get; }
    public SamplingMethod Method { get; }
    public string Name { get; }
    public int Steps { get; }
    public (int Fewest, int Most) StepsRange { get; }
    public static Sampler<TModel> Ddim<TModel>(
        string name,
        int steps,
        double eta = 0,
        bool clipDenoised = false) where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor>, IClassConditionalModel<TModel>;
    public static Sampler<TModel> Ddpm<TModel>(
        string name,
        int steps,
        bool clipDenoised = false) where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor>, IClassConditionalModel<TModel>;
    public abstract Sampler WithSteps(int steps);
}

public sealed class Sampler<TModel> : Sampler where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor>, IClassConditionalModel<TModel>
{
    public torch.Tensor Invert(
        TModel model,
        torch.Tensor samples,
        IReadOnlyList<int> labels,
        double guidance = 1,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = FirstThree,
        GuidanceInterval? interval = null,
        InferenceSession<ClassLabels>? session = null);
    public torch.Tensor Sample(
        TModel model,
        IReadOnlyList<int> labels,
        double guidance = 1,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        GuidanceInterval? interval = null,
        InferenceSession<ClassLabels>? session = null,
        torch.Tensor? start = null,
        INoiseSource? noise = null);
    public torch.Tensor Sample(
        TModel model,
        torch.Tensor labels,
        double guidance = 1,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        GuidanceInterval? interval = null,
        InferenceSession<ClassLabels>? session = null,
        torch.Tensor? start = null,
        INoiseSource? noise = null);
    public override Sampler<TModel> WithSteps(int steps);
}

public abstract record SamplingMethod
{
    public T Match<T>(Func<SamplingMethod.Ddpm, T> ddpm, Func<SamplingMethod.Ddim, T> ddim);
    public sealed record Ddim : SamplingMethod
    {
        public Ddim(double eta);
        public double Eta { get; }
        public override string ToString();
    }
    public sealed record Ddpm : SamplingMethod
    {
        public Ddpm();
        public override string ToString();
    }
}

public readonly record struct SamplingProgress(int Step, int Steps, int Timestep);

public readonly record struct SamplingState(SamplingProgress Progress, torch.Tensor State, torch.Tensor PredictedStart);

public sealed class ScaledLatents : IDisposable
{
    public AutoencoderCard Autoencoder { get; }
    public torch.Tensor Values { get; }
    public void Dispose();
    public static ScaledLatents Of(torch.Tensor values, AutoencoderCard autoencoder);
    public static ScaledLatents Scale(torch.Tensor unscaled, AutoencoderCard autoencoder);
}

public sealed class SessionBuilder
{
    public SessionBuilder(ModelCard card, PatchEmbedding patches, torch.Tensor positions);
    public void Attention(Linear qkv, Linear proj, int heads);
    public InferenceSession<TCondition> Build<TCondition>(
        Func<torch.Tensor, TCondition, torch.Tensor> embed,
        IConditionedOn<TCondition>? model = null) where TCondition : ICondition<TCondition>;
    public SessionBuilder Context(int tokens, bool joined);
    public void CrossAttention(Linear q, Linear kv, Linear proj, int heads);
    public void Mlp(Linear fc1, Linear fc2);
    public ModulationParts Modulation(Linear layer);
    public void NoNorm();
    public void Norm(AffineLayerNorm norm);
    public void Norm(ModulationPart shift, ModulationPart scale, double eps = 1E-06);
    public void Output(Linear layer);
    public void Residual();
    public void Residual(ModulationPart gate);
}

public sealed record ShapeMismatch(string Name, long[] Wanted, long[] Given);

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

public sealed class ShardedCheckpoint : ICheckpointFile, IDisposable
{
    public IReadOnlyDictionary<string, string> Metadata { get; }
    public string Path { get; }
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }
    public void CopyInto(string name, torch.Tensor destination);
    public void Dispose();
    public NonFinite? FindNonFinite(string name);
    public static ShardedCheckpoint Open(string path);
    public torch.Tensor Read(string name, torch.Device? device = null, torch.ScalarType? dtype = null);
}

public static class StepInput
{
    public static IEnumerable<StepInput<TCondition>> Sequence<TCondition>(
        TrainingRecipe recipe,
        ModelCard card,
        int timesteps,
        TrainingSet<TCondition> data) where TCondition : ICondition<TCondition>;
}

public sealed record StepInput<TCondition>(
    torch.Tensor Images,
    TCondition Condition,
    int[] Timesteps,
    torch.Tensor Noise) : IDisposable where TCondition : ICondition<TCondition>
{
    public void Dispose();
    public StepInput<TCondition> To(torch.Device device);
}

public readonly record struct StepLosses(double Total, double Mse, double VariationalBound);

public abstract class TensorFile : ICheckpointFile, IDisposable
{
    public IReadOnlyDictionary<string, string> Metadata { get; }
    public string Path { get; }
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }
    public void CopyInto(string name, torch.Tensor destination);
    public void Dispose();
    public NonFinite? FindNonFinite(string name);
    public torch.Tensor Read(string name, torch.Device? device = null, torch.ScalarType? dtype = null);
}

public static class TensorFloat32
{
    public static bool IsAllowed { get; set; }
}

public sealed record TensorInfo(torch.ScalarType DType, long[] Shape)
{
    public long Bytes { get; }
    public long Elements { get; }
    public string? Refusal { get; }
    public string TypeName { get; }
    public override string ToString();
}

public sealed class TextEmbedder : torch.nn.Module<TextEmbeddings, torch.Tensor>
{
    public TextEmbedder(int tokens, int textWidth, int width, bool hasNull, torch.Device device, torch.ScalarType dtype);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public override torch.Tensor forward(TextEmbeddings text);
}

public sealed record TextEmbeddings(torch.Tensor Values, torch.Tensor? Hidden = null) : ICondition<TextEmbeddings>, IDisposable
{
    public long Count { get; }
    public void Dispose();
    public TextEmbeddings Hide(ModelCard card, torch.Generator random);
    public TextEmbeddings Select(Func<torch.Tensor, torch.Tensor> change);
    public TextEmbeddings To(torch.Device device);
    public TextEmbeddings WithNull();
}

public static class TextSampler
{
    public static TextSampler<TModel> Ddim<TModel>(
        string name,
        int steps,
        double eta = 0,
        bool clipDenoised = false) where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, TextEmbeddings, torch.Tensor>, ITextConditionalModel<TModel>;
    public static TextSampler<TModel> Ddpm<TModel>(
        string name,
        int steps,
        bool clipDenoised = false) where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, TextEmbeddings, torch.Tensor>, ITextConditionalModel<TModel>;
}

public sealed class TextSampler<TModel> : Sampler where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, TextEmbeddings, torch.Tensor>, ITextConditionalModel<TModel>
{
    public torch.Tensor Invert(
        TModel model,
        torch.Tensor samples,
        TextEmbeddings text,
        double guidance = 1,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = FirstThree,
        GuidanceInterval? interval = null,
        InferenceSession<TextEmbeddings>? session = null);
    public torch.Tensor Sample(
        TModel model,
        TextEmbeddings text,
        double guidance = 1,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        GuidanceInterval? interval = null,
        InferenceSession<TextEmbeddings>? session = null,
        torch.Tensor? start = null,
        INoiseSource? noise = null);
    public override TextSampler<TModel> WithSteps(int steps);
}

public sealed class TimestepEmbedder : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    public TimestepEmbedder(int width, torch.Device device, torch.ScalarType dtype, int intervals = 128);
    public void Initialize(torch.Generator random);
    protected override void RegisterComponents();
    public static torch.Tensor Sinusoid(torch.Tensor t, int intervals = 128);
    public override torch.Tensor forward(torch.Tensor t);
}

public sealed class TorchArchive : TensorFile
{
    public static TorchArchive Open(string path);
    public static void Save(string path, ICheckpointFile source, torch.ScalarType? dtype = null, string? spec = null);
    public static void Save(
        string path,
        IEnumerable<(string Name, torch.Tensor Tensor)> tensors,
        torch.ScalarType? dtype = null,
        string? spec = null);
    public static void SaveNested(
        string path,
        IEnumerable<(string Name, IEnumerable<(string Name, torch.Tensor Tensor)> Tensors)> groups,
        torch.ScalarType? dtype = null,
        string? spec = null);
}

public static class TorchDevice
{
    public static torch.Device OrCpu(torch.Device? device);
    public static torch.Device Parse(string word, bool tensorFloat32 = false);
}

public sealed class Trainer
{
    public Trainer(TrainingRecipe recipe, TrainingFolder folder);
    public void RequireFit<TCondition>(
        TrainingSet<TCondition> data,
        ModelCard card,
        torch.Device device) where TCondition : ICondition<TCondition>;
    public TrainingResult Run<TModel, TCondition>(
        TModel model,
        TrainingSet<TCondition> data,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        FolderClaim? claim = null) where TModel : torch.nn.Module, IModel<TModel>, IConditionedOn<TCondition> where TCondition : ICondition<TCondition>;
}

public sealed record TrainingFolder(string Path, int SaveEvery = 1000, torch.ScalarType WeightsType = Float32)
{
    public const string ClassesKey = "dit.classes";
    public const string UnreadableName = "unreadable.txt";
    public string Checkpoint { get; }
    public string LossPlot { get; }
    public string LossTable { get; }
    public string UnreadableList { get; }
    public string Weights { get; }
    public FolderClaim Claim();
}

public sealed record TrainingProgress(int Step, int Steps, StepLosses Losses, double StepsPerSecond, double ImagesPerSecond)
{
    public static TrainingProgress At(int step, TrainingRecipe recipe, StepLosses losses, TimeSpan elapsed);
}

public sealed record TrainingRecipe
{
    public TrainingRecipe();
    public int BatchSize { get; init; }
    public double Beta1 { get; init; }
    public double Beta2 { get; init; }
    public double EmaDecay { get; init; }
    public double? GradientClip { get; init; }
    public bool HorizontalFlip { get; init; }
    public double LearningRate { get; init; }
    public long Seed { get; init; }
    public int Steps { get; init; }
    public int WarmupSteps { get; init; }
    public double WeightDecay { get; init; }
    public AdamW CreateOptimizer(IEnumerable<Parameter> parameters);
    public double LearningRateAt(int step);
    public void Validate();
}

public sealed record TrainingResult(int Step, bool Cancelled, IReadOnlyList<string> Files);

public static class TrainingSet
{
    public static TrainingSet<ClassLabels> Of(ImageFolder folder, ImageShape shape);
    public static TrainingSet<ClassLabels> OfClasses(
        int count,
        IReadOnlyList<string> classes,
        Func<int[], bool[], (torch.Tensor Images, torch.Tensor Labels)> load);
    public static TrainingSet<NoCondition> OfImages(ImageFolder folder, ImageShape shape);
    public static TrainingSet<NoCondition> OfImages(int count, Func<int[], bool[], torch.Tensor> load);
    public static TrainingSet<ClassLabels> OfLatents(LatentFolder folder, ModelCard card);
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
    public static StepLosses Backward<TCondition>(
        IConditionedOn<TCondition> model,
        GaussianDiffusion process,
        StepInput<TCondition> input) where TCondition : ICondition<TCondition>;
}

public static class UnconditionalSampler
{
    public static UnconditionalSampler<TModel> Ddim<TModel>(
        string name,
        int steps,
        double eta = 0,
        bool clipDenoised = false) where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor>, IUnconditionalModel<TModel>;
    public static UnconditionalSampler<TModel> Ddpm<TModel>(
        string name,
        int steps,
        bool clipDenoised = false) where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor>, IUnconditionalModel<TModel>;
}

public sealed class UnconditionalSampler<TModel> : Sampler where TModel : torch.nn.Module<torch.Tensor, torch.Tensor, torch.Tensor>, IUnconditionalModel<TModel>
{
    public torch.Tensor Invert(
        TModel model,
        torch.Tensor samples,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        InferenceSession<NoCondition>? session = null);
    public torch.Tensor Sample(
        TModel model,
        int count,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        InferenceSession<NoCondition>? session = null,
        torch.Tensor? start = null,
        INoiseSource? noise = null);
    public override UnconditionalSampler<TModel> WithSteps(int steps);
}

public sealed record UnreadableImage(string Path, string Problem)
{
    public override string ToString();
}

public sealed record WeightsPlace(string Prefix, NameDifference Difference, IReadOnlyList<string> Others)
{
    public string? Problem { get; }
    public IEnumerable<string> Notices(string path, string model);
}
