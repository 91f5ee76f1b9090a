namespace Dit.Spec;

/// <summary>
/// A model's network, described once: parameters, shapes, costs, code, sessions and pictures are readings of it.
/// </summary>
/// <remarks>
/// Pipeline value: immutable, structural equality. A reading is a pure function that knows operations and no network; a
/// new network is a description, and no reading changes.
/// </remarks>
/// <param name="Network">The network, whose members are named as the checkpoint's.</param>
/// <param name="Summary">
/// What it is, after "a": <c>Diffusion Transformer of 28 adaLN-Zero blocks ... (arXiv 2212.09748)</c>.
/// </param>
/// <param name="Letters">The letters of its shapes, besides N.</param>
/// <param name="Start">How a new model starts, in a few words: <c>the output is zero</c>.</param>
/// <param name="Checkpoints">
/// Whose checkpoints its names are of: <c>under the names of the official checkpoints (...)</c>.
/// </param>
public sealed record Description(Module Network, string Summary, EquatableArray<ShapeLetter> Letters, string Start, string Checkpoints)
{
    /// <summary>The description of a spec's model.</summary>
    public static Description Of(ModelSpec spec) => Descriptions.Of(spec);

    /// <summary>The fixed position table; null for a network without one.</summary>
    public Member.Table? Positions => Network.Members.OfType<Member.Table>().FirstOrDefault(static table => !table.IsTrained);

    /// <summary>
    /// The table of the patches' places, fixed or learned; null for a network that takes one size only.
    /// </summary>
    public Member.Table? Places => PlacesOf(Network);

    /// <summary>The table of the patches' places in a network.</summary>
    public static Member.Table? PlacesOf(Module network) =>
        network.Members.OfType<Member.Table>().FirstOrDefault(static table => table.Places is not null);

    /// <summary>Whether a submodule holds the rotary positions of the patches.</summary>
    public static bool IsRotary(Member member) =>
        member is Member.Child child
        && child.Module.Members.Any(static table => table is Member.Table { Start: Initialization.RotaryTable });
}

/// <summary>A letter of a model's shapes.</summary>
/// <param name="Name">The letter: <c>T</c>.</param>
/// <param name="Size">What it stands for in this model.</param>
/// <param name="Meaning">What it counts, in words: <c>tokens</c>.</param>
public sealed record ShapeLetter(string Name, long Size, string Meaning);
