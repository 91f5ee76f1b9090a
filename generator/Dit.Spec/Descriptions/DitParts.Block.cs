using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>What <see cref="BlockSpec"/> changes in the blocks, named as in LightningDiT's code.</summary>
internal sealed partial class DitParts
{
    private const string Rotary = "rotary", RotaryMember = "feat_rope", QueryNorm = "q_norm", KeyNorm = "k_norm";

    private bool IsRotary => dit.Block.Position == BlockPosition.Rotary;

    /// <summary>Whether the condition shifts the norms of a block.</summary>
    public bool HasShift => dit.Block.Shift;

    /// <summary>The tables of rotary positions, a member of the network; none without these.</summary>
    public Member[] RotaryTables => !IsRotary ? [] :
        [new Member.Child(RotaryMember, StandardParts.RotaryPositions(spec.GridHeight, spec.GridWidth, T, K))];

    /// <summary>The statement that gives them a name.</summary>
    public Statement[] RotaryStatements => IsRotary ? [Let(Rotary, Call(RotaryMember))] : [];

    /// <summary>What a block and its attention take besides.</summary>
    public Value[] RotaryArguments => IsRotary ? [Rotary] : [];

    /// <summary>The argument for it.</summary>
    public Argument[] Positions => IsRotary ? [new(Rotary, Shape.Of(T, 2 * K), "Rotary positions, cosines and sines")] : [];

    /// <summary>Self-attention as a branch of a block.</summary>
    public Value Attend(Value x) => Call("attn", [x, .. RotaryArguments]);

    /// <summary>
    /// Both branches of an adaptive block and their norms; norms with a weight come first in the state dict.
    /// </summary>
    public Member[] AdaptiveBranches => BranchesAround();

    /// <summary>The same, with a branch between them.</summary>
    public Member[] BranchesAround(params Member[] between)
    {
        Member attention = new Member.Child("attn", Attention), mlp = new Member.Child("mlp", Mlp);
        return dit.Block.Norm == NormKind.Rms
            ? [AdaptiveNorm("norm1"), AdaptiveMlpNorm, attention, .. between, mlp]
            : [AdaptiveNorm("norm1"), attention, .. between, AdaptiveMlpNorm, mlp];
    }

    /// <summary>The names of what is regressed for the norm of a branch.</summary>
    public string[] Regressions(int branch) => HasShift ? [$"shift{branch}", $"scale{branch}"] : [$"scale{branch}"];

    /// <summary>The same in words.</summary>
    public string Regresses => HasShift ? "scale and shift" : "scale";

    /// <summary>The same in words, with a gate.</summary>
    public string RegressesGated => HasShift ? "scale, shift and gate" : "scale and gate";

    /// <summary>The modulated norm of a branch.</summary>
    public Value Modulate(int branch, Value x) =>
        new Value.Modulate($"norm{branch}", x, HasShift ? new Value.Name($"shift{branch}") : null, $"scale{branch}");

    private Value SelfAttention => dit.Block.QueryKeyNorm == QueryKeyNorm.None
        ? new Value.SelfAttention(Call("qkv", "x"), spec.Heads, Rotary: RotaryArguments.FirstOrDefault())
        : new Value.SelfAttention(Call("qkv", "x"), spec.Heads, QueryNorm, KeyNorm, RotaryArguments.FirstOrDefault());

    // LightningDiT's LayerNorm here is PyTorch's, whose eps is 1e-5.
    private Member[] QueryKeyNorms => dit.Block.QueryKeyNorm switch
    {
        QueryKeyNorm.Layer => [HeadNorm(QueryNorm, NormKind.Layer, 1e-5), HeadNorm(KeyNorm, NormKind.Layer, 1e-5)],
        QueryKeyNorm.Rms => [HeadNorm(QueryNorm, NormKind.Rms, 1e-6), HeadNorm(KeyNorm, NormKind.Rms, 1e-6)],
        _ => [],
    };

    private Member HeadNorm(string name, NormKind kind, double eps) => new Member.Norm(name, kind, K, IsAffine: true, eps);

    /// <summary>What distinguishes a block from the paper's, in words behind "blocks"; empty for nothing.</summary>
    public static string Differing(BlockSpec block)
    {
        string[] all =
        [
            block.Norm == NormKind.Rms ? "RMS norm" : "",
            block.Mlp switch { MlpKind.SwiGlu => "SwiGLU", MlpKind.Gelu => "exact GELU", _ => "" },
            block.QueryKeyNorm == QueryKeyNorm.None ? "" : "query-key norm",
            block.Position == BlockPosition.Rotary ? "rotary positions" : "",
            block.Shift ? "" : "no shift",
            block.Modulation == BlockModulation.Shared ? "shared modulation" : "",
        ];
        string[] words = [.. all.Where(static one => one.Length > 0)];
        return words.Length == 0 ? "" : $" with {string.Join(", ", words.Take(words.Length - 1))}"
            + $"{(words.Length > 1 ? " and " : "")}{words[words.Length - 1]}";
    }

    private string Prepared => (QueryKeyNorms.Length > 0, IsRotary) switch
    {
        (true, true) => ", with norms of queries and keys, and rotary positions",
        (true, false) => ", with norms of queries and keys",
        (false, true) => ", with rotary positions",
        _ => "",
    };
}
