using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>Inference sessions: the steps of each module, and the method that makes a session.</summary>
internal static class SessionEmitter
{
    /// <summary>The method that adds a module's steps to a session.</summary>
    public static string Steps(Module module, EquatableArray<SessionOp> ops)
    {
        var lines = ops.Select(op => Line(op)).ToArray();
        return lines is [var only] && !only.StartsWith("var ", StringComparison.Ordinal)
            ? $"internal void AddTo(SessionBuilder session) => {only}"
            : $$"""
                /// <summary>The same as steps of an inference session.</summary>
                internal void AddTo(SessionBuilder session)
                {
                {{Code.Indent(string.Join("\n", lines))}}
                }
                """;
    }

    /// <summary>The statements that add what a network's tokens pass through.</summary>
    public static string Stages(EquatableArray<SessionStage> stages) => string.Join("\n", stages.SelectMany(static stage => stage switch
    {
        SessionStage.Each { Pushes: false } list =>
            new[] { $"foreach (var {MemberCode.Each(list.Name)} in {list.Name})", $"    {MemberCode.Each(list.Name)}.AddTo(session);" },
        SessionStage.Each list =>
        [
            $"foreach (var {MemberCode.Each(list.Name)} in {list.Name})",
            "{",
            $"    {MemberCode.Each(list.Name)}.AddTo(session);",
            $"    {Line(new SessionOp.Push())}",
            "}",
        ],
        SessionStage.One one => [$"{one.Name}.AddTo(session);"],
        SessionStage.Own own => [Line(own.Op)],
        _ => throw new InvalidOperationException($"Unknown stage {stage}."),
    }));

    private static string Line(SessionOp op) => op switch
    {
        SessionOp.Modulation regressed => $"var {regressed.Name} = session.Modulation({MemberCode.Link(regressed.Chain, 1)});",
        SessionOp.Table { IsShared: true } table => $"var {table.Name} = session.SharedModulation({table.Member.Name});",
        SessionOp.Table table => $"var {table.Name} = session.Modulation({table.Member.Name});",
        SessionOp.AdaptiveNorm { Norm.Kind: NormKind.Rms } norm =>
            $"session.Norm({norm.Norm.Name}, shift: {Shift(norm)}, scale: {Part(norm.Scale)});",
        SessionOp.AdaptiveNorm norm =>
            $"session.Norm(shift: {Shift(norm)}, scale: "
                + $"{Part(norm.Scale)}{(BodyCode.IsOfficial(norm.Norm.Eps) ? "" : $", eps: {Code.Literal(norm.Norm.Eps)}")});",
        SessionOp.LearnedNorm norm => $"session.Norm({norm.Norm.Name});",
        SessionOp.Identity => "session.Identity();",
        SessionOp.Branch branch => $"{branch.Child.Name}.AddTo(session);",
        SessionOp.Attention attention =>
            $"session.Attention({attention.Qkv.Name}, {attention.Proj.Name}, heads: {attention.Heads}"
                + (attention.QueryNorm is { } query ? $", queryNorm: {query.Name}" : "")
                + (attention.KeyNorm is { } key ? $", keyNorm: {key.Name}" : "")
                + (attention.IsRotary ? ", rotary: true);" : ");"),
        SessionOp.CrossAttention attention =>
            $"session.CrossAttention({attention.Q.Name}, {attention.Kv.Name}, {attention.Proj.Name}, heads: {attention.Heads});",
        SessionOp.Mlp mlp =>
            $"session.Mlp({mlp.First.Name}, {mlp.Second.Name}{(mlp.Activation == Activation.Gelu ? ", exactGelu: true" : "")});",
        SessionOp.SwiGlu mlp => $"session.SwiGlu({mlp.First.Name}, {mlp.Second.Name});",
        SessionOp.Push => "session.Push();",
        SessionOp.Pop pop => $"session.Pop({pop.Layer.Name});",
        SessionOp.Convolution convolution => $"session.Convolution({convolution.Layer.Name});",
        SessionOp.Residual { Gate: { } gate } => $"session.Residual(gate: {Part(gate)});",
        SessionOp.Residual => "session.Residual();",
        SessionOp.Output output => $"session.Output({output.Layer.Name});",
        _ => throw new InvalidOperationException($"Unknown step {op}."),
    };

    private static string Shift(SessionOp.AdaptiveNorm norm) => norm.Shift is { } shift ? Part(shift) : "null";

    private static string Part(SessionPart part) => $"{part.Name}[{part.Index}]";
}
