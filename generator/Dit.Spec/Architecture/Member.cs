namespace Dit.Spec;

/// <summary>What a module is made of. Names are the checkpoint's.</summary>
/// <remarks>A closed sum. Pipeline value: immutable, structural equality.</remarks>
/// <param name="Name">The name in the state dict, below the module's own.</param>
public abstract record Member(string Name)
{
    /// <summary>
    /// A linear layer, as a rule with a bias that starts from zero: <c>weight</c> (out, in), <c>bias</c> (out).
    /// </summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="In">Features in.</param>
    /// <param name="Out">Features out.</param>
    /// <param name="Start">What the weight starts from.</param>
    public sealed record Linear(string Name, Dim In, Dim Out, Initialization Start) : Member(Name)
    {
        /// <summary>Whether it has a bias.</summary>
        public bool HasBias { get; init; } = true;
    }

    /// <summary>
    /// A convolution of an image that keeps its size, with zeros around it and a bias that starts from zero:
    /// <c>weight</c> (out, in, K, K), <c>bias</c> (out).
    /// </summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="In">Channels in.</param>
    /// <param name="Out">Channels out.</param>
    /// <param name="Kernel">K, odd.</param>
    /// <param name="Start">What the weight starts from.</param>
    public sealed record Convolution(string Name, int In, int Out, int Kernel, Initialization Start) : Member(Name);

    /// <summary>
    /// Non-overlapping patches to tokens, a convolution whose stride is its kernel: <c>weight</c> (D, C, P, P),
    /// <c>bias</c> (D).
    /// </summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="Channels">C.</param>
    /// <param name="Patch">P.</param>
    /// <param name="Tokens">T, which the grid of patches must have.</param>
    /// <param name="Width">D.</param>
    /// <param name="Start">What the weight starts from.</param>
    public sealed record Patches(string Name, int Channels, int Patch, Dim Tokens, Dim Width, Initialization Start) : Member(Name);

    /// <summary>
    /// A norm over the last side: <c>weight</c> and, for LayerNorm, <c>bias</c>, where it has a scale of its own.
    /// </summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="Kind">Which norm.</param>
    /// <param name="Width">D.</param>
    /// <param name="IsAffine">Whether it has a learned scale (and shift).</param>
    /// <param name="Eps">Added to the variance.</param>
    public sealed record Norm(string Name, NormKind Kind, Dim Width, bool IsAffine, double Eps) : Member(Name);

    /// <summary>A row for each index: <c>weight</c> (rows, D).</summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="Rows">How many rows.</param>
    /// <param name="Width">D.</param>
    /// <param name="Start">What it starts from.</param>
    public sealed record Embedding(string Name, int Rows, Dim Width, Initialization Start) : Member(Name);

    /// <summary>A tensor without a layer, such as a position table.</summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="Sides">Its shape; the first side may be 1, for the batch.</param>
    /// <param name="Start">What it starts from; a fixed table is not trained.</param>
    public sealed record Table(string Name, EquatableArray<Dim> Sides, Initialization Start) : Member(Name)
    {
        /// <summary>Whether training changes it.</summary>
        public bool IsTrained => !Start.IsFixed && !IsBuffer;

        /// <summary>Whether it is a buffer of the state dict, which is no parameter.</summary>
        public bool IsBuffer { get; init; } = Start is Initialization.RotaryTable;

        /// <summary>
        /// The grid of patches whose places it holds, so that it has a form for other grids; null for any other table.
        /// </summary>
        public TablePlaces? Places { get; init; } =
            Start is Initialization.SinCosTable grid ? new(Sides[Sides.Count - 2], grid.Rows, grid.Columns) : null;
    }

    /// <summary>An activation, for <see cref="Chain"/>; it has no parameters.</summary>
    /// <param name="Kind">Which activation.</param>
    public sealed record Activate(Activation Kind) : Member("");

    /// <summary>Layers one after the other, named by their numbers as in <c>nn.Sequential</c>.</summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="Links">
    /// Linear layers and activations; a layer is named <c>0</c>, <c>1</c>, ... by its place.
    /// </param>
    public sealed record Chain(string Name, EquatableArray<Member> Links) : Member(Name);

    /// <summary>A submodule.</summary>
    /// <param name="Name">The name in the state dict.</param>
    /// <param name="Module">What it is.</param>
    public sealed record Child(string Name, Module Module) : Member(Name);

    /// <summary>Equal submodules, named by their numbers as in <c>nn.ModuleList</c>.</summary>
    /// <param name="Name">The name of the list in the state dict.</param>
    /// <param name="Count">How many.</param>
    /// <param name="Module">What each is.</param>
    public sealed record Repeated(string Name, int Count, Module Module) : Member(Name);
}

/// <summary>The tokens whose places a table holds.</summary>
/// <param name="Patches">
/// T, the letter of the patches, which distinguishes them from other tokens of the same number.
/// </param>
/// <param name="Rows">Rows of patches.</param>
/// <param name="Columns">Columns of patches.</param>
/// <param name="Before">Other tokens before the patches.</param>
public sealed record TablePlaces(Dim Patches, int Rows, int Columns, int Before = 0);

/// <summary>Norms.</summary>
public enum NormKind
{
    /// <summary>LayerNorm (arXiv 1607.06450).</summary>
    Layer,

    /// <summary>Root mean square norm (arXiv 1910.07467).</summary>
    Rms,
}

/// <summary>Activations.</summary>
public enum Activation
{
    /// <summary>SiLU: x sigmoid(x).</summary>
    Silu,

    /// <summary>The tanh form of GELU (arXiv 1606.08415).</summary>
    GeluTanh,

    /// <summary>GELU by the error function.</summary>
    Gelu,
}
