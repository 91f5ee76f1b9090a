namespace Dit.Spec;

public enum Activation
{
    Silu = 0,
    GeluTanh = 1,
    Gelu = 2,
}

public sealed record Argument(string Name, EquatableArray<Dim> Shape, string Meaning, ValueKind Kind = Real);

public abstract record Autoencoder
{
    public static Autoencoder.Kl KlF8 { get; }
    public string Name { get; }
    public static Autoencoder.Kl VaVaeF16D32 { get; }
    public R Match<R>(Func<Autoencoder.None, R> none, Func<Autoencoder.Kl, R> kl);
    public sealed record Kl(
        string Called,
        int Channels,
        EquatableArray<int> Multipliers,
        int ResidualBlocks,
        int LatentChannels,
        double Scale,
        double Shift,
        bool QuantConvolutions) : Autoencoder
    {
        public EquatableArray<int> AttentionLevels { get; init; }
        public bool ChannelStatistics { get; init; }
        public bool HasWord { get; }
        public override string ToString();
    }
    public sealed record None : Autoencoder
    {
        public None();
    }
}

public abstract record Backbone
{
    public abstract string BlocksWord { get; }
    public abstract string ConditioningWord { get; }
    public abstract int Depth { get; init; }
    public abstract int Heads { get; init; }
    public abstract int HiddenWidth { get; init; }
    public virtual JointSpec? Joint { get; }
    public abstract int PatchSize { get; init; }
    public abstract int Width { get; init; }
    public abstract string Word { get; }
    public R Match<R>(Func<Backbone.Dit, R> dit, Func<Backbone.UVit, R> uVit, Func<Backbone.UniDiffuser, R> uniDiffuser);
    public sealed record Dit(
        int Depth,
        int Width,
        int Heads,
        int PatchSize,
        int HiddenWidth,
        Numerics Numerics,
        ConditioningVariant Variant) : Backbone
    {
        public BlockSpec Block { get; init; }
        public override string BlocksWord { get; }
        public override string ConditioningWord { get; }
        public override int Depth { get; init; }
        public override int Heads { get; init; }
        public override int HiddenWidth { get; init; }
        public override int PatchSize { get; init; }
        public PositionSpec Positions { get; init; }
        public override int Width { get; init; }
        public override string Word { get; }
    }
    public sealed record UVit(
        int Depth,
        int Width,
        int Heads,
        int PatchSize,
        int HiddenWidth,
        bool QkvBias,
        bool TimeMlp,
        bool FinalConvolution) : Backbone
    {
        public override string BlocksWord { get; }
        public override string ConditioningWord { get; }
        public override int Depth { get; init; }
        public override int Heads { get; init; }
        public override int HiddenWidth { get; init; }
        public override int PatchSize { get; init; }
        public int Skips { get; }
        public override int Width { get; init; }
        public override string Word { get; }
    }
    public sealed record UniDiffuser(
        int Depth,
        int Width,
        int Heads,
        int PatchSize,
        int HiddenWidth,
        int ClipWidth,
        int TextTokens,
        int TextWidth,
        bool DataType) : Backbone
    {
        public override string BlocksWord { get; }
        public override string ConditioningWord { get; }
        public override int Depth { get; init; }
        public override int Heads { get; init; }
        public override int HiddenWidth { get; init; }
        public override JointSpec? Joint { get; }
        public override int PatchSize { get; init; }
        public int Skips { get; }
        public override int Width { get; init; }
        public override string Word { get; }
    }
}

public enum BlockModulation
{
    PerBlock = 0,
    Shared = 1,
}

public enum BlockPosition
{
    None = 0,
    Rotary = 1,
}

public sealed record BlockSpec(NormKind Norm, MlpKind Mlp, QueryKeyNorm QueryKeyNorm, BlockPosition Position, bool Shift)
{
    public static BlockSpec Default { get; }
    public BlockModulation Modulation { get; init; }
}

public abstract record Condition
{
    public double Dropout { get; }
    public bool HasNull { get; }
    public R Match<R>(Func<Condition.None, R> none, Func<Condition.ClassLabels, R> classLabels, Func<Condition.Text, R> text);
    public sealed record ClassLabels(int Count, double Dropout) : Condition
    {
        public int Rows { get; }
    }
    public sealed record None : Condition
    {
        public None();
    }
    public sealed record Text(int Tokens, int Width, double Dropout) : Condition
    {
        public bool HasSizes { get; init; }
        public bool IsMasked { get; init; }
    }
}

public abstract record ConditioningVariant
{
    public static IReadOnlyList<ConditioningVariant> All { get; }
    public bool IsAdaptive { get; }
    public string Word { get; }
    public R Match<R>(
        Func<ConditioningVariant.InContext, R> inContext,
        Func<ConditioningVariant.CrossAttention, R> crossAttention,
        Func<ConditioningVariant.AdaLN, R> adaLN,
        Func<ConditioningVariant.AdaLNZero, R> adaLNZero,
        Func<ConditioningVariant.AdaLNZeroCrossAttention, R> adaLNZeroCrossAttention);
    public sealed record AdaLN : ConditioningVariant
    {
        public AdaLN();
    }
    public sealed record AdaLNZero : ConditioningVariant
    {
        public AdaLNZero();
    }
    public sealed record AdaLNZeroCrossAttention : ConditioningVariant
    {
        public AdaLNZeroCrossAttention();
    }
    public sealed record CrossAttention : ConditioningVariant
    {
        public CrossAttention();
    }
    public sealed record InContext : ConditioningVariant
    {
        public InContext();
    }
}

public sealed record Costs(EquatableArray<ModelLayer> Layers, long SamplingActivations)
{
    public KeptActivations Kept { get; init; }
    public static Costs Of(Evaluation network);
}

public sealed record DeclaredModel(ModelSpec Spec, TextRange At)
{
    public EquatableArray<SpecError> Warnings { get; init; }
    public static IEnumerable<(string Path, SpecError Error)> Collisions(IEnumerable<(string Path, DeclaredModel Model)> models);
}

public static class Describe
{
    public static Value Add(Value left, Value right);
    public static Value AsToken(Value x);
    public static Value Call(string member, params Value[] arguments);
    public static Member Chain(string name, params Member[] links);
    public static Statement ForEach(string list, string[] streams, Value[] arguments, Skip skip = None);
    public static Value JoinFeatures(params Value[] parts);
    public static Value JoinTokens(params Value[] parts);
    public static Statement Let(string name, Value value);
    public static Statement Let(string name, Value value, params Dim[] sides);
    public static Module Module(
        string type,
        string summary,
        Argument[] arguments,
        Member[] members,
        Statement[] body,
        string returns,
        string? start = null);
    public static Statement Return(params Value[] values);
    public static Statement Split(string name, Value value, params string[][] groups);
}

public sealed record Description(Module Network, string Summary, EquatableArray<ShapeLetter> Letters, string Start, string Checkpoints)
{
    public Member.Table? Places { get; }
    public Member.Table? Positions { get; }
    public static bool IsRotary(Member member);
    public static Description Of(ModelSpec spec);
    public static Member.Table? PlacesOf(Module network);
}

public static class Diagram
{
    public static Module Block(Module network);
    public static string Of(Module module, string title);
}

public static class DidYouMean
{
    public static string? Nearest(string word, IReadOnlyList<string> words);
    public static string? Suggest(string word, IReadOnlyList<string> words);
}

public enum DiffKind
{
    Same = 0,
    Removed = 1,
    Added = 2,
}

public sealed record DiffLine(DiffKind Kind, string Text)
{
    public override string ToString();
}

public static class DiffSummary
{
    public static string Of(ModelDiff diff);
    public static IReadOnlyList<string> Of(SpecDiff diff);
    public static string Verdict(LoadVerdict verdict);
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

public sealed record Dim(EquatableArray<DimLetter> Letters, long Constant)
{
    public static Dim Batch { get; }
    public bool IsLetter { get; }
    public long Size { get; }
    public static Dim Letter(string name, long size);
    public Dim? Part(int parts);
    public override string ToString();
    public Dim With(IReadOnlyDictionary<string, Dim> letters);
    public static Dim operator +(Dim left, Dim right);
    public static implicit operator Dim(long size);
    public static Dim operator *(int times, Dim side);
}

public sealed record DimLetter(int Factor, string Name, long Size);

public static class EquatableArray
{
    public static EquatableArray<T> Of<T>(params T[] items) where T : IEquatable<T>;
    public static EquatableArray<T> ToEquatableArray<T>(IEnumerable<T> items) where T : IEquatable<T>;
}

public readonly struct EquatableArray<T> : IEquatable<EquatableArray<T>>, IReadOnlyList<T>, IEnumerable<T>, IEnumerable, IReadOnlyCollection<T> where T : IEquatable<T>
{
    public EquatableArray(IEnumerable<T> items);
    public int Count { get; }
    public T this[int index] { get; }
    public bool Equals(EquatableArray<T> other);
    public override bool Equals(object? obj);
    public IEnumerator<T> GetEnumerator();
    public override int GetHashCode();
    public override string ToString();
    public static bool operator ==(EquatableArray<T> left, EquatableArray<T> right);
    public static bool operator !=(EquatableArray<T> left, EquatableArray<T> right);
}

public sealed record Evaluation(Module Module, string Path, IReadOnlyList<Traced> Arguments, IReadOnlyList<TracedStatement> Statements)
{
    public IReadOnlyList<Traced> Results { get; }
    public static Evaluation Fitting(Module module);
    public static (Evaluation Evaluation, IReadOnlyList<ShapeError> Errors) Of(Module module);
}

public abstract record Fit
{
    public R Match<R>(Func<EquatableArray<Dim>, R> gives, Func<string, R> misfit);
    public sealed record Gives(EquatableArray<Dim> Shape) : Fit;
    public sealed record Misfit(string Because) : Fit;
}

public abstract record FlowTimes
{
    public R Match<R>(Func<FlowTimes.Uniform, R> uniform, Func<FlowTimes.LogitNormal, R> logitNormal);
    public sealed record LogitNormal(double Mean, double Deviation) : FlowTimes;
    public sealed record Uniform : FlowTimes
    {
        public Uniform();
    }
}

public static class Identifier
{
    public static bool HasUnprintable(string text);
    public static bool IsFreeForModel(string identifier);
    public static bool IsFreeForSampler(string identifier);
    public static bool IsKeyword(string identifier);
    public static bool IsUnprintable(string text, int index);
    public static bool IsValid(string identifier);
    public static string OfModel(string name);
    public static string OfNamespace(string? name);
    public static string OfSampler(string name);
}

public enum Impact
{
    Name = 0,
    Tensors = 1,
    Positions = 2,
    Meaning = 3,
    Training = 4,
    Sampling = 5,
}

public abstract record Initialization
{
    public bool IsFixed { get; }
    public sealed record Normal(double Std) : Initialization;
    public sealed record One : Initialization
    {
        public One();
    }
    public sealed record RotaryTable(int Rows, int Columns, bool IsSine) : Initialization;
    public sealed record SinCosTable(int Rows, int Columns) : Initialization
    {
        public PositionSpec Positions { get; init; }
    }
    public sealed record XavierUniform : Initialization
    {
        public XavierUniform();
    }
    public sealed record Zero : Initialization
    {
        public Zero();
    }
}

public sealed record InputSpec(int Channels, int Height, int Width);

public sealed record JointSpec(int ClipWidth, int TextTokens, int TextWidth, bool HasDataType)
{
    public const int DataTypes = 2;
}

public sealed record KeptActivations(long All, long Checkpointed, long OfBlock);

public enum LastStep
{
    None = 0,
    Mean = 1,
    Tweedie = 2,
    Euler = 3,
}

public sealed record LayoutDiff(EquatableArray<ParameterChange> Changes, LayoutTotals A, LayoutTotals B)
{
    public int KeptCount { get; }
    public IEnumerable<ParameterChange> NotKept { get; }
    public static LayoutDiff Between(ModelLayout a, ModelLayout b);
}

public sealed record LayoutTotals(long Parameters, long Trainable, long Macs, long TrainingMemory, long SamplingMemory)
{
    public static LayoutTotals Of(ModelLayout layout);
}

public sealed record LineDiff(IReadOnlyList<DiffLine> Lines)
{
    public int Count { get; }
    public int FirstLine { get; }
    public static LineDiff Between(string a, string b);
    public (IReadOnlyList<string> Shown, int Left) Excerpt(int around = 2, int most = 2147483647);
    public override string ToString();
}

public abstract record LoadVerdict
{
    public R Match<R>(
        Func<LoadVerdict.AsItIs, R> asItIs,
        Func<LoadVerdict.LoadsWithOtherMeaning, R> loadsWithOtherMeaning,
        Func<LoadVerdict.RecomputePositions, R> recomputePositions,
        Func<LoadVerdict.DoesNotLoad, R> doesNotLoad);
    public sealed record AsItIs : LoadVerdict
    {
        public AsItIs();
    }
    public sealed record DoesNotLoad(EquatableArray<ParameterChange> Because) : LoadVerdict;
    public sealed record LoadsWithOtherMeaning(EquatableArray<SettingChange> Because) : LoadVerdict;
    public sealed record RecomputePositions(bool LoadingNotices, EquatableArray<SettingChange> AlsoMeans) : LoadVerdict;
}

public enum LossWeight
{
    Uniform = 0,
    Velocity = 1,
    Likelihood = 2,
}

public abstract record Member(string Name)
{
    public sealed record Activate(Activation Kind) : Member;
    public sealed record Chain(string Name, EquatableArray<Member> Links) : Member;
    public sealed record Child(string Name, Module Module) : Member;
    public sealed record Convolution(string Name, int In, int Out, int Kernel, Initialization Start) : Member;
    public sealed record Embedding(string Name, int Rows, Dim Width, Initialization Start) : Member;
    public sealed record Linear(string Name, Dim In, Dim Out, Initialization Start) : Member
    {
        public bool HasBias { get; init; }
    }
    public sealed record Norm(string Name, NormKind Kind, Dim Width, bool IsAffine, double Eps) : Member;
    public sealed record Patches(string Name, int Channels, int Patch, Dim Tokens, Dim Width, Initialization Start) : Member;
    public sealed record Repeated(string Name, int Count, Module Module) : Member;
    public sealed record Table(string Name, EquatableArray<Dim> Sides, Initialization Start) : Member
    {
        public bool IsBuffer { get; init; }
        public bool IsTrained { get; }
        public TablePlaces? Places { get; init; }
    }
}

public enum MethodProcess
{
    Any = 0,
    Gaussian = 1,
    Flow = 2,
}

public sealed record MethodSetting(string Name, string Argument, object Value, object Default)
{
    public bool IsAlwaysShown { get; init; }
    public bool IsDefault { get; }
}

public enum MlpKind
{
    GeluTanh = 0,
    Gelu = 1,
    SwiGlu = 2,
}

public sealed record ModelDiff(ModelSpec A, ModelSpec B, EquatableArray<SettingChange> Settings, LayoutDiff Layout, LoadVerdict Verdict)
{
    public bool Differs { get; }
    public static ModelDiff Between(ModelSpec a, ModelSpec b);
}

public static class ModelFamily
{
    public static string Of(string name);
}

public sealed record ModelLayer(string Name, EquatableArray<long> Output, long Macs, long Saved);

public sealed record ModelLayout(EquatableArray<ModelParameter> Parameters, EquatableArray<ModelLayer> Layers, long SamplingActivations)
{
    public KeptActivations Kept { get; init; }
    public long Macs { get; }
    public long ParameterCount { get; }
    public long TrainableCount { get; }
    public long TrainingActivations { get; }
    public long TrainingState { get; }
    public static ModelLayout Of(Evaluation network);
    public static ModelLayout Of(ModelSpec spec);
    public static ModelLayout Of(Module network);
}

public sealed record ModelParameter(string Name, EquatableArray<long> Shape, Initialization Initialization)
{
    public long Count { get; }
    public bool IsBuffer { get; init; }
    public bool IsTrained { get; }
}

public sealed record ModelSpec(
    string Name,
    Backbone Backbone,
    InputSpec Input,
    Condition Condition,
    ProcessSpec Process,
    Autoencoder Autoencoder,
    EquatableArray<SamplerSpec> Samplers)
{
    public string ClassName { get; }
    public int ContextTokens { get; }
    public int Depth { get; }
    public int GridHeight { get; }
    public int GridWidth { get; }
    public string Hash { get; }
    public int HeadWidth { get; }
    public int Heads { get; }
    public int HiddenWidth { get; }
    public Numerics Numerics { get; }
    public int OutputChannels { get; }
    public int PatchSize { get; }
    public int Tokens { get; }
    public int Width { get; }
}

public static class ModelTable
{
    public const string Name = "models";
    public static IReadOnlyList<string>? Changes(string before, string now);
    public static string Markdown(IEnumerable<ModelSpec> models);
    public static IReadOnlyList<ModelSpec> Models(string markdown);
}

public sealed record Module(
    string Type,
    string Summary,
    EquatableArray<Argument> Arguments,
    EquatableArray<Member> Members,
    EquatableArray<Statement> Body,
    string Returns,
    string? Start = null)
{
    public bool IsRandom { get; }
    public Member? Find(string name);
    public bool IsBlock(Member? member);
}

public enum NormKind
{
    Layer = 0,
    Rms = 1,
}

public enum Numerics
{
    Official = 0,
    Diffusers = 1,
}

public abstract record ParameterChange(string Name)
{
    public R Match<R>(
        Func<ParameterChange.Kept, R> kept,
        Func<ParameterChange.Reshaped, R> reshaped,
        Func<ParameterChange.Appeared, R> appeared,
        Func<ParameterChange.Gone, R> gone);
    public sealed record Appeared(string Name, EquatableArray<long> Shape) : ParameterChange;
    public sealed record Gone(string Name, EquatableArray<long> Shape) : ParameterChange;
    public sealed record Kept(string Name, EquatableArray<long> Shape) : ParameterChange;
    public sealed record Reshaped(string Name, EquatableArray<long> From, EquatableArray<long> To, bool IsPositionTable) : ParameterChange;
}

public sealed record ParameterGroup(string Name, EquatableArray<ParameterChange> Members, bool IsWholeBlocks)
{
    public static IReadOnlyList<ParameterGroup> Of(LayoutDiff diff);
}

public static class Parameters
{
    public static IEnumerable<ModelParameter> Of(Module module, string prefix = "");
    public static IEnumerable<Member> Ordered(Module module);
}

public sealed record PositionSpec(double Scale, int? Base)
{
    public static PositionSpec Default { get; }
}

public enum Prediction
{
    Epsilon = 0,
    StartX = 1,
    Velocity = 2,
    Score = 3,
}

public abstract record ProcessSpec
{
    public int OutputsPerChannel { get; }
    public Prediction Predicts { get; }
    public R Match<R>(Func<ProcessSpec.Gaussian, R> gaussian, Func<ProcessSpec.Flow, R> flow);
    public sealed record Flow(
        Prediction Prediction,
        Variance Variance,
        Schedule Schedule,
        Prediction Loss,
        LossWeight Weight,
        FlowTimes Times,
        double Shift,
        bool CosineLoss) : ProcessSpec;
    public sealed record Gaussian(Prediction Prediction, Variance Variance, Schedule Schedule, int Timesteps) : ProcessSpec;
}

public static class ProcessWords
{
    public static string Of(Prediction prediction);
    public static string Output(ProcessSpec process);
    public static string Predicted(ProcessSpec process);
    public static (string Name, string Range) Times(ProcessSpec process);
}

public static class PythonModel
{
    public static string Of(Description description, string name, string notes);
    public static string Of(ModelSpec spec);
}

public enum QueryKeyNorm
{
    None = 0,
    Layer = 1,
    Rms = 2,
}

public static class Repeats
{
    public static bool IsFirst(string name);
    public static string Starred(string name);
}

public static class Result
{
    public static Result<EquatableArray<T>> All<T>(IEnumerable<Result<T>> results) where T : IEquatable<T>;
    public static Result<R> Apply<A, B, R>((Result<A> A, Result<B> B) both, Func<A, B, R> join);
    public static Result<R> Apply<A, B, C, R>((Result<A> A, Result<B> B, Result<C> C) all, Func<A, B, C, R> join);
    public static Result<R> Apply<A, B, C, D, R>((Result<A> A, Result<B> B, Result<C> C, Result<D> D) all, Func<A, B, C, D, R> join);
    public static Result<R> Apply<A, B, C, D, E, R>(
        (Result<A> A, Result<B> B, Result<C> C, Result<D> D, Result<E> E) all,
        Func<A, B, C, D, E, R> join);
    public static Result<T> Fail<T>(SpecError error);
    public static Result<T> Of<T>(T value);
}

public abstract record Result<T>
{
    public IReadOnlyList<SpecError> ErrorsOrNone { get; }
    public Result<T> Ensure(Func<T, IEnumerable<SpecError>> check);
    public R Match<R>(Func<T, R> ok, Func<IReadOnlyList<SpecError>, R> failed);
    public Result<R> Select<R>(Func<T, R> map);
    public Result<R> Then<R>(Func<T, Result<R>> next);
    public Result<T> WithoutErrors();
    public sealed record Failed(IReadOnlyList<SpecError> Errors) : Result<T>;
    public sealed record Ok(T Value) : Result<T>;
}

public sealed record Rule(string Id, string Title)
{
    public static readonly Rule BadMatrix;
    public static readonly Rule BadName;
    public static readonly Rule BlockFitsVariant;
    public static readonly Rule Character;
    public static readonly Rule ClippingIsSaid;
    public static readonly Rule ConditionFitsVariant;
    public static readonly Rule ConditionIsSeen;
    public static readonly Rule DepthFitsSkips;
    public static readonly Rule DuplicateKey;
    public static readonly Rule GroupsDivideChannels;
    public static readonly Rule HeadsDivideWidth;
    public static readonly Rule HiddenWidthIsWhole;
    public static readonly Rule JointIsUnconditional;
    public static readonly Rule JointProcess;
    public static readonly Rule KeyInMatrixAndOutside;
    public static readonly Rule LanguageIsNewEnough;
    public static readonly Rule LatentFitsInput;
    public static readonly Rule MatrixHole;
    public static readonly Rule MembersInRange;
    public static readonly Rule MissingKey;
    public static readonly Rule ModelNamesDiffer;
    public static readonly Rule NotASpec;
    public static readonly Rule NotAvailable;
    public static readonly Rule NotUtf8;
    public static readonly Rule NumericsFitModel;
    public static readonly Rule OneCondition;
    public static readonly Rule OrderWithinSteps;
    public static readonly Rule OutOfRange;
    public static readonly Rule PatchDividesInput;
    public static readonly Rule ProcessIsConsistent;
    public static readonly Rule RotaryFitsHeads;
    public static readonly Rule SamplerFitsProcess;
    public static readonly Rule SamplerNamesDiffer;
    public static readonly Rule StepsWithinTimesteps;
    public static readonly Rule Tab;
    public static readonly Rule TokensInRange;
    public static readonly Rule UnknownKey;
    public static readonly Rule UnknownValue;
    public static readonly Rule WidthFitsSinusoids;
    public static readonly Rule WrongType;
    public static readonly Rule Yaml;
    public static readonly Rule YamlFeature;
    public static readonly Rule YamlWord;
    public static IReadOnlyList<Rule> All { get; }
    public bool IsWarning { get; init; }
}

public abstract record SamplerMethod
{
    public virtual IReadOnlyList<MethodSetting> Options { get; }
    public virtual MethodProcess Process { get; }
    public virtual bool TakesClipping { get; }
    public virtual bool TakesSteps { get; }
    public abstract string Title { get; }
    public string Type { get; }
    public abstract string Word { get; }
    public sealed record Consistency(StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Ddim(double Eta) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override MethodProcess Process { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Ddpm : SamplerMethod
    {
        public Ddpm();
        public override MethodProcess Process { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Deis(int Order = 2, StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod.Multistep
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Dopri5(double RelativeTolerance = 0.001, double AbsoluteTolerance = 1E-06) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override bool TakesClipping { get; }
        public override bool TakesSteps { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record DpmSolver(int Order = 2, StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod.Multistep
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record DpmSolverPlusPlus(int Order = 2, StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod.Multistep
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Edm(
        double Churn = 40,
        double ChurnMin = 0.05,
        double ChurnMax = 50,
        double ChurnNoise = 1.003,
        StepSpacing Spacing = Usual) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override MethodProcess Process { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Euler(StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record EulerAncestral(StepSpacing Spacing = Usual) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override MethodProcess Process { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record EulerMaruyama(
        DiffusionForm Form = Sigma,
        double Norm = 1,
        LastStep LastStep = Mean,
        double LastStepSize = 0.04) : SamplerMethod.Sde
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Heun(StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record Lms(int Order = 2, StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod.Multistep
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public abstract record Multistep(int Order, StepSpacing Spacing, double Shift) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
    }
    public abstract record Sde(DiffusionForm Form, double Norm, LastStep LastStep, double LastStepSize) : SamplerMethod
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override MethodProcess Process { get; }
        public override bool TakesClipping { get; }
    }
    public sealed record SdeDpmSolverPlusPlus(int Order = 2, StepSpacing Spacing = Usual, double Shift = 1) : SamplerMethod.Multistep
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record StochasticHeun(
        DiffusionForm Form = Sigma,
        double Norm = 1,
        LastStep LastStep = Mean,
        double LastStepSize = 0.04) : SamplerMethod.Sde
    {
        public override string Title { get; }
        public override string Word { get; }
    }
    public sealed record UniPc(
        int Order = 2,
        UniPcVariant Variant = Bh2,
        StepSpacing Spacing = Usual,
        double Shift = 1) : SamplerMethod.Multistep
    {
        public override IReadOnlyList<MethodSetting> Options { get; }
        public override string Title { get; }
        public override string Word { get; }
    }
}

public sealed record SamplerSpec(string Name, SamplerMethod Method, int? Steps, bool ClipDenoised)
{
    public string PropertyName { get; }
    public static bool ClipsByDefault(Autoencoder autoencoder);
}

public enum Schedule
{
    Linear = 0,
    SquaredCosine = 1,
    ScaledLinear = 2,
    FlowLinear = 3,
    FlowGvp = 4,
    FlowVp = 5,
}

public sealed record SessionContext(string Name, long Tokens, string? Mask, EquatableArray<Statement> Statements);

public sealed record SessionNetwork(
    string Patches,
    string Positions,
    EquatableArray<Statement> Condition,
    string Entering,
    long ContextTokens,
    bool JoinsTokens,
    bool IsContextFirst,
    EquatableArray<SessionStage> Stages,
    IReadOnlyDictionary<string, EquatableArray<SessionOp>> Modules)
{
    public SessionContext? Attended { get; init; }
    public string? Rotary { get; init; }
    public Member.Chain? SharedModulation { get; init; }
}

public abstract record SessionOp
{
    public sealed record AdaptiveNorm(Member.Norm Norm, SessionPart? Shift, SessionPart Scale) : SessionOp;
    public sealed record Attention(Member.Linear Qkv, Member.Linear Proj, int Heads) : SessionOp
    {
        public bool IsRotary { get; init; }
        public Member.Norm? KeyNorm { get; init; }
        public Member.Norm? QueryNorm { get; init; }
    }
    public sealed record Branch(Member.Child Child) : SessionOp;
    public sealed record Convolution(Member.Convolution Layer) : SessionOp;
    public sealed record CrossAttention(Member.Linear Q, Member.Linear Kv, Member.Linear Proj, int Heads) : SessionOp
    {
        public bool IsMasked { get; init; }
    }
    public sealed record Identity : SessionOp
    {
        public Identity();
    }
    public sealed record LearnedNorm(Member.Norm Norm) : SessionOp;
    public sealed record Mlp(Member.Linear First, Member.Linear Second, Activation Activation) : SessionOp;
    public sealed record Modulation(string Name, Member.Chain Chain) : SessionOp;
    public sealed record Output(Member.Linear Layer) : SessionOp;
    public sealed record Pop(Member.Linear Layer) : SessionOp;
    public sealed record Push : SessionOp
    {
        public Push();
    }
    public sealed record Residual(SessionPart? Gate) : SessionOp;
    public sealed record SwiGlu(Member.Linear First, Member.Linear Second) : SessionOp;
    public sealed record Table(string Name, Member.Table Member, bool IsShared) : SessionOp;
}

public sealed record SessionPart(string Name, int Index);

public abstract record SessionReading
{
    public R Match<R>(Func<SessionNetwork, R> steps, Func<string, R> calls);
    public static SessionReading Of(Evaluation network);
    public static SessionReading Of(Module network);
    public sealed record Calls(string Because) : SessionReading;
    public sealed record Steps(SessionNetwork Network) : SessionReading;
}

public abstract record SessionStage
{
    public sealed record Each(string Name, bool Pushes) : SessionStage;
    public sealed record One(string Name) : SessionStage;
    public sealed record Own(SessionOp Op) : SessionStage;
}

public sealed record SettingChange(string Key, string? From, string? To, Impact Impact, string? Remark);

public static class Shape
{
    public static long Count(EquatableArray<Dim> shape);
    public static EquatableArray<Dim> Of(params Dim[] sides);
    public static string Text(EquatableArray<Dim> shape);
}

public sealed record ShapeError(string Module, string Path, string Statement, string Because)
{
    public override string ToString();
}

public sealed record ShapeLetter(string Name, long Size, string Meaning);

public static class ShapeRules
{
    public static Fit Add(EquatableArray<Dim> left, EquatableArray<Dim> right);
    public static Fit AddTable(EquatableArray<Dim> x, Member.Table table);
    public static Fit AsToken(EquatableArray<Dim> x);
    public static Fit Convolution(Member.Convolution layer, EquatableArray<Dim> x);
    public static Fit CrossAttention(int heads, EquatableArray<Dim> q, EquatableArray<Dim> kv, EquatableArray<Dim>? mask = null);
    public static Fit Embedding(Member.Embedding layer, EquatableArray<Dim> indices);
    public static Fit FillDropped(EquatableArray<Dim> x, Member.Table? table);
    public static Fit Gated(EquatableArray<Dim> x, EquatableArray<Dim> gate, EquatableArray<Dim> branch);
    public static Fit JoinFeatures(IReadOnlyList<EquatableArray<Dim>> parts);
    public static Fit JoinTokens(IReadOnlyList<EquatableArray<Dim>> parts);
    public static Fit Linear(Member.Linear layer, EquatableArray<Dim> x);
    public static Fit MeanOfTokens(EquatableArray<Dim> x);
    public static Fit Modulate(Member.Norm norm, EquatableArray<Dim> x, EquatableArray<Dim>? shift, EquatableArray<Dim> scale);
    public static Fit Norm(Member.Norm norm, EquatableArray<Dim> x);
    public static Fit Patches(Member.Patches layer, EquatableArray<Dim> x);
    public static Fit SelfAttention(int heads, EquatableArray<Dim> qkv);
    public static Fit SelfAttention(int heads, EquatableArray<Dim> qkv, IReadOnlyList<Member.Norm> norms, EquatableArray<Dim>? rotary);
    public static Fit Sinusoid(int features, EquatableArray<Dim> t);
    public static Fit Split(int parts, EquatableArray<Dim> x);
    public static Fit SwiGlu(EquatableArray<Dim> x);
    public static Fit Tokens(EquatableArray<Dim> x, Dim first, Dim count);
    public static Fit Unpatchify(Value.Unpatchify patches, EquatableArray<Dim> x);
}

public enum Skip
{
    None = 0,
    Push = 1,
    Pop = 2,
}

public sealed record SpecDiff(EquatableArray<ModelDiff> Models, EquatableArray<ModelSpec> Added, EquatableArray<ModelSpec> Removed)
{
    public bool Differs { get; }
    public static SpecDiff Between(IReadOnlyList<ModelSpec> a, IReadOnlyList<ModelSpec> b);
}

public sealed record SpecError(Rule Rule, string Message, TextRange At)
{
    public SpecFix? Fix { get; init; }
}

public sealed record SpecFile(EquatableArray<DeclaredModel> Models, EquatableArray<SpecError> Errors)
{
    public const int MaxBytes = 400000;
    public static IReadOnlyList<string> Extensions { get; }
    public EquatableArray<ModelSpec> StandIns { get; init; }
    public EquatableArray<SpecError> Warnings { get; }
    public static bool IsSpec(string path);
    public static string OrderKey(string path);
    public static SpecFile Parse(byte[] bytes);
    public static SpecFile Parse(string text, Encoding? encoding = null);
}

public sealed record SpecFix(TextRange At, string Text);

public static class SpecReference
{
    public static string Markdown { get; }
}

public static class SpecSchema
{
    public static string Json { get; }
}

public static class SpecWriter
{
    public static string? Block(Backbone backbone);
    public static IReadOnlyList<KeyValuePair<string, string>> SettingsOf(SamplerSpec sampler);
    public static string Write(BlockSpec block);
    public static string Write(ModelSpec spec);
}

public static class StandardParts
{
    public const string RotaryType = "RotaryPositions";
    public static Module CaptionEmbedder(int tokens, int textWidth, bool hasNull, Dim width);
    public static Module LabelEmbedder(int rows, Dim width);
    public static Module PatchEmbedding(InputSpec input, int patch, Dim tokens, Dim width);
    public static Module RotaryPositions(int rows, int columns, Dim tokens, Dim headWidth);
    public static Module SizeEmbedder(int features, Dim width);
    public static Module TextEmbedder(int tokens, int textWidth, bool hasNull, Dim width);
    public static Module TimestepEmbedder(int features, int intervals, Dim width);
}

public abstract record Statement
{
    public string Label { get; }
    public sealed record ForEach(
        string List,
        EquatableArray<string> Streams,
        EquatableArray<Value> Arguments,
        Skip Skip = None) : Statement;
    public sealed record Let(string Name, Value Value, EquatableArray<Dim> Shape = default) : Statement;
    public sealed record Return(EquatableArray<Value> Values) : Statement;
    public sealed record Split(string Name, Value Value, EquatableArray<EquatableArray<string>> Groups) : Statement
    {
        public IEnumerable<string> Parts { get; }
    }
}

public enum StepSpacing
{
    Usual = 0,
    Time = 1,
    LogSnr = 2,
    Karras = 3,
    Leading = 4,
    Trailing = 5,
    Linspace = 6,
}

public sealed record TablePlaces(Dim Patches, int Rows, int Columns, int Before = 0);

public readonly record struct TextRange(int Start, int Length, int Line, int Column, int EndLine, int EndColumn);

public sealed class Traced
{
    public Evaluation? Inside { get; }
    public Member? Member { get; }
    public IReadOnlyList<Traced> Operands { get; }
    public Value? Operation { get; }
    public string Path { get; }
    public EquatableArray<Dim> Shape { get; }
}

public sealed record TracedStatement(Statement Statement, IReadOnlyList<Traced> Values, IReadOnlyList<Evaluation> Inside);

public enum UniPcVariant
{
    Bh1 = 0,
    Bh2 = 1,
}

public abstract record Value
{
    public IEnumerable<string> Names { get; }
    public IEnumerable<Value> Operands { get; }
    public static implicit operator Value(string name);
    public sealed record Activate(Activation Kind, Value X) : Value;
    public sealed record Add(Value Left, Value Right) : Value;
    public sealed record AddTable(Value X, string Table) : Value;
    public sealed record AsToken(Value X) : Value;
    public sealed record Call(string Member, EquatableArray<Value> Arguments) : Value;
    public sealed record CrossAttention(Value Q, Value Kv, int Heads, Value? Mask = null) : Value;
    public sealed record FillDropped(Value X, string? Table) : Value;
    public sealed record Gated(Value X, Value Gate, Value Branch) : Value;
    public sealed record JoinFeatures(EquatableArray<Value> Parts) : Value;
    public sealed record JoinTokens(EquatableArray<Value> Parts) : Value;
    public sealed record MeanOfTokens(Value X) : Value;
    public sealed record Modulate(string Norm, Value X, Value? Shift, Value Scale) : Value;
    public sealed record Name(string Text) : Value;
    public sealed record Parameter(string Table) : Value;
    public sealed record SelfAttention(
        Value Qkv,
        int Heads,
        string? QueryNorm = null,
        string? KeyNorm = null,
        Value? Rotary = null) : Value
    {
        public bool IsPlain { get; }
    }
    public sealed record Sinusoid(Value T, int Features, int Intervals) : Value;
    public sealed record SwiGlu(Value X) : Value;
    public sealed record Tokens(Value X, Dim First, Dim Count) : Value;
    public sealed record Unpatchify(Value X, int Rows, int Columns, int Patch, int Channels) : Value;
}

public enum ValueKind
{
    Real = 0,
    Index = 1,
    Droppable = 2,
    Flag = 3,
}

public enum Variance
{
    LearnedRange = 0,
    FixedSmall = 1,
    FixedLarge = 2,
    None = 3,
    Ignored = 4,
}
