namespace Dit.Spec;

public abstract record Autoencoder
{
    public static Autoencoder.Kl KlF8 { get; }
    public string Name { get; }
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
        public override string ToString();
    }
    public sealed record None : Autoencoder
    {
        public None();
    }
}

public enum Bearing
{
    Name = 0,
    Tensors = 1,
    Positions = 2,
    Meaning = 3,
    Training = 4,
    Sampling = 5,
}

public abstract record Condition
{
    public double Dropout { get; }
    public bool HasNull { get; }
    public R Match<R>(Func<Condition.None, R> none, Func<Condition.ClassLabels, R> classLabels, Func<Condition.Text, R> text);
    public sealed record ClassLabels(int Count, double Hidden) : Condition
    {
        public int Rows { get; }
    }
    public sealed record None : Condition
    {
        public None();
    }
    public sealed record Text(int Tokens, int Width, double Hidden) : Condition;
}

public sealed record ConditioningSpec(ConditioningVariant Variant, Condition Condition);

public abstract record ConditioningVariant
{
    public static IReadOnlyList<ConditioningVariant> All { get; }
    public string Word { get; }
    public R Match<R>(
        Func<ConditioningVariant.InContext, R> inContext,
        Func<ConditioningVariant.CrossAttention, R> crossAttention,
        Func<ConditioningVariant.AdaLN, R> adaLN,
        Func<ConditioningVariant.AdaLNZero, R> adaLNZero);
    public sealed record AdaLN : ConditioningVariant
    {
        public AdaLN();
    }
    public sealed record AdaLNZero : ConditioningVariant
    {
        public AdaLNZero();
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

public sealed record DeclaredModel(ModelSpec Spec, TextRange At)
{
    public EquatableArray<SpecError> Warnings { get; init; }
    public static IEnumerable<(string Path, SpecError Error)> Collisions(IEnumerable<(string Path, DeclaredModel Model)> models);
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

public sealed record DiffusionSpec(Prediction Prediction, Variance Variance, Schedule Schedule, int Timesteps);

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

public abstract record Initialization
{
    public sealed record Normal(double Std) : Initialization;
    public sealed record One : Initialization
    {
        public One();
    }
    public sealed record SinCosTable : Initialization
    {
        public SinCosTable();
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
        Func<LoadVerdict.MeansSomethingElse, R> meansSomethingElse,
        Func<LoadVerdict.RecomputePositions, R> recomputePositions,
        Func<LoadVerdict.DoesNotLoad, R> doesNotLoad);
    public sealed record AsItIs : LoadVerdict
    {
        public AsItIs();
    }
    public sealed record DoesNotLoad(EquatableArray<ParameterChange> Because) : LoadVerdict;
    public sealed record MeansSomethingElse(EquatableArray<SettingChange> Because) : LoadVerdict;
    public sealed record RecomputePositions(bool LoadingNotices, EquatableArray<SettingChange> AlsoMeans) : LoadVerdict;
}

public sealed record ModelDiff(ModelSpec A, ModelSpec B, EquatableArray<SettingChange> Settings, PlanDiff Plan, LoadVerdict Verdict)
{
    public bool Differs { get; }
    public static ModelDiff Between(ModelSpec a, ModelSpec b);
}

public sealed record ModelPlan(EquatableArray<PlannedParameter> Parameters, EquatableArray<PlannedLayer> Layers, long SamplingActivations)
{
    public long Macs { get; }
    public long ParameterCount { get; }
    public long TrainableCount { get; }
    public long TrainingActivations { get; }
    public long TrainingState { get; }
    public static ModelPlan Of(ModelSpec spec);
}

public sealed record ModelSpec(
    string Name,
    int Depth,
    int Width,
    int Heads,
    int PatchSize,
    int HiddenWidth,
    Numerics Numerics,
    InputSpec Input,
    ConditioningSpec Conditioning,
    DiffusionSpec Diffusion,
    Autoencoder Autoencoder,
    EquatableArray<SamplerSpec> Samplers)
{
    public int BlockTokens { get; }
    public string ClassName { get; }
    public int ContextTokens { get; }
    public int GridHeight { get; }
    public int GridWidth { get; }
    public string Hash { get; }
    public int HeadWidth { get; }
    public int OutputChannels { get; }
    public int Tokens { get; }
}

public static class ModelTable
{
    public const string Name = "models";
    public static IReadOnlyList<string>? Changes(string before, string now);
    public static string Markdown(IEnumerable<ModelSpec> models);
    public static IReadOnlyList<ModelSpec> Models(string markdown);
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
    public static IReadOnlyList<ParameterGroup> Of(PlanDiff diff);
}

public sealed record PlanDiff(EquatableArray<ParameterChange> Changes, PlanTotals A, PlanTotals B)
{
    public int KeptCount { get; }
    public IEnumerable<ParameterChange> NotKept { get; }
    public static PlanDiff Between(ModelPlan a, ModelPlan b);
}

public sealed record PlanTotals(long Parameters, long Trainable, long Macs, long TrainingMemory, long SamplingMemory)
{
    public static PlanTotals Of(ModelPlan plan);
}

public sealed record PlannedLayer(string Name, EquatableArray<long> Output, long Macs, long Saved);

public sealed record PlannedParameter(string Name, EquatableArray<long> Shape, Initialization Initialization)
{
    public long Count { get; }
}

public enum Prediction
{
    Epsilon = 0,
    StartX = 1,
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
    public sealed record Failed(IReadOnlyList<SpecError> Errors) : Result<T>;
    public sealed record Ok(T Value) : Result<T>;
}

public sealed record Rule(string Id, string Title)
{
    public static readonly Rule BadMatrix;
    public static readonly Rule BadName;
    public static readonly Rule Character;
    public static readonly Rule ClippingIsSaid;
    public static readonly Rule ConditionIsSeen;
    public static readonly Rule DuplicateKey;
    public static readonly Rule GroupsDivideChannels;
    public static readonly Rule HeadsDivideWidth;
    public static readonly Rule HiddenWidthIsWhole;
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
    public static readonly Rule OutOfRange;
    public static readonly Rule PatchDividesInput;
    public static readonly Rule ProcessIsConsistent;
    public static readonly Rule SamplerFitsProcess;
    public static readonly Rule SamplerNamesDiffer;
    public static readonly Rule StepsWithinTimesteps;
    public static readonly Rule Tab;
    public static readonly Rule TokensInRange;
    public static readonly Rule UnknownKey;
    public static readonly Rule UnknownValue;
    public static readonly Rule WidthMultipleOfFour;
    public static readonly Rule WrongType;
    public static readonly Rule Yaml;
    public static readonly Rule YamlFeature;
    public static readonly Rule YamlWord;
    public static IReadOnlyList<Rule> All { get; }
    public bool IsWarning { get; init; }
}

public abstract record SamplerMethod
{
    public abstract R Match<R>(Func<SamplerMethod.Ddpm, R> ddpm, Func<SamplerMethod.Ddim, R> ddim);
    public sealed record Ddim(double Eta) : SamplerMethod
    {
        public override R Match<R>(Func<SamplerMethod.Ddpm, R> ddpm, Func<SamplerMethod.Ddim, R> ddim);
    }
    public sealed record Ddpm : SamplerMethod
    {
        public Ddpm();
        public override R Match<R>(Func<SamplerMethod.Ddpm, R> ddpm, Func<SamplerMethod.Ddim, R> ddim);
    }
}

public sealed record SamplerSpec(string Name, SamplerMethod Method, int Steps, bool ClipDenoised)
{
    public string PropertyName { get; }
}

public enum Schedule
{
    Linear = 0,
    SquaredCosine = 1,
}

public sealed record SettingChange(string Key, string? From, string? To, Bearing Bearing, string? Remark);

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
    public static string Write(ModelSpec spec);
}

public readonly record struct TextRange(int Start, int Length, int Line, int Column, int EndLine, int EndColumn);

public enum Variance
{
    LearnedRange = 0,
    FixedSmall = 1,
    FixedLarge = 2,
}
