namespace Dit.Kernels;

/// <summary>A step that is done token by token, on the panels of a block.</summary>
internal abstract unsafe class TokenStep
{
    /// <summary>Rows of hidden features at once; 0 where there are none.</summary>
    public virtual int HiddenRows => 0;

    /// <summary>Rows of a head in memory; 0 where there is no attention.</summary>
    public virtual int HeadRows => 0;

    /// <summary>Does it.</summary>
    public abstract void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels);
}

/// <summary>a = LayerNorm(x), modulated by the condition or scaled and shifted by what is learned.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="learned">Scale, then shift, (2 D); null where the condition gives them.</param>
/// <param name="scale">Where the scale begins.</param>
/// <param name="shift">Where the shift begins; null for none.</param>
/// <param name="width">D.</param>
/// <param name="eps">Added to the variance.</param>
internal sealed unsafe class NormStep(CpuKernels kernels, NativeBuffer? learned, long scale, long? shift, int width, float eps) : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        var values = learned is null ? place.Condition : learned.Start;
        foreach (var panel in panels)
        {
            var x = place.X + (long)place.Rows * (panel.First - place.First);
            kernels.Norm(x, place.A.At(panel, place.First, 0), width, panel.Width, values + scale, learned is null ? 1 : 0,
                shift is { } at ? values + at : null, eps);
        }
        kernels.Complete(place.Weights, panels, place.A, width);
    }
}

/// <summary>a = x / rms(x) weight, modulated by the condition where that has a scale.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="weight">The norm's own scale, (D).</param>
/// <param name="scale">Where the scale begins in the modulation; null for none.</param>
/// <param name="shift">Where the shift begins in the modulation; null for none.</param>
/// <param name="width">D.</param>
/// <param name="eps">Added to the mean square.</param>
internal sealed unsafe class RmsNormStep(CpuKernels kernels, NativeBuffer weight, long? scale, long? shift, int width, float eps)
    : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        var factors = scale is { } from ? place.Condition + from : null;
        var added = shift is { } at ? place.Condition + at : null;
        foreach (var panel in panels)
        {
            var x = place.X + (long)place.Rows * (panel.First - place.First);
            kernels.RmsNorm(x, place.A.At(panel, place.First, 0), width, panel.Width, weight.Start, factors, added, eps);
        }
        kernels.Complete(place.Weights, panels, place.A, width);
    }
}

/// <summary>a = x.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="width">D.</param>
internal sealed unsafe class CopyStep(CpuKernels kernels, int width) : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        var length = (long)place.Rows * (panels[^1].First + panels[^1].Width - place.First) * sizeof(float);
        Buffer.MemoryCopy(place.X, place.A.At(panels[0], place.First, 0), length, length);
        kernels.Complete(place.Weights, panels, place.A, width);
    }
}

/// <summary>
/// Attention of a to the condition's tokens, whose keys and values are there: no token needs another.
/// </summary>
/// <param name="kernels">The kernels.</param>
/// <param name="query">What gives queries, head by head.</param>
/// <param name="queryBias">Their bias; that of the values is in the projection's.</param>
/// <param name="layer">The number of the step among those that attend to them.</param>
/// <param name="heads">H.</param>
/// <param name="headWidth">K.</param>
internal sealed unsafe class AttendStep(
    CpuKernels kernels, PackedWeights query, NativeBuffer queryBias, int layer, int heads, int headWidth) : TokenStep
{
    private readonly float scale = 1f / MathF.Sqrt(headWidth);

    public override int HeadRows { get; } = PackedWeights.Padded(headWidth, kernels.TileRows);

    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        kernels.Multiply(query, ..query.Depth, panels, place.A, place.Y, add: false);
        for (var head = 0; head < heads; head++)
        {
            var (keys, row) = (place.Attended(layer, head), head * headWidth);
            foreach (var panel in panels)
                Attend(place.Scratch, keys, queryBias.Start + row, place.Y.At(panel, place.First, row),
                    place.O.At(panel, place.First, row), panel.Width);
        }
    }

    private void Attend(FusedScratch scratch, in HeadKeys keys, float* bias, float* q, float* output, int width)
    {
        kernels.BiasScale(q, headWidth, width, bias, scale);
        kernels.MultiplyPanel(keys.Keys, keys.PaddedTokens, headWidth, headWidth, q, width, scratch.Scores);
        kernels.Softmax(scratch.Scores, keys.Tokens, width, scratch.Sums);
        kernels.MultiplyPanel(keys.Values, HeadRows, keys.PaddedTokens, keys.Tokens, scratch.Scores, width, scratch.Mixed);
        kernels.ScaleLanes(scratch.Mixed, output, headWidth, width, scratch.Sums);
    }
}

/// <summary>y = projection of what attention gave.</summary>
internal sealed unsafe class ProjectStep(CpuKernels kernels, PackedWeights weights) : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels) =>
        kernels.Multiply(weights, ..weights.Depth, panels, place.O, place.Y, add: false);
}

/// <summary>x += gate (y + bias).</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="bias">The bias of the layer before, (D).</param>
/// <param name="gate">Where the gate begins in the modulation; null for none.</param>
/// <param name="width">D.</param>
internal sealed unsafe class ResidualStep(CpuKernels kernels, NativeBuffer bias, long? gate, int width) : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        var factors = gate is { } at ? place.Condition + at : null;
        foreach (var panel in panels)
        {
            var offset = (long)place.Rows * (panel.First - place.First);
            kernels.Residual(place.X + offset, place.Scratch.Y + offset, width, panel.Width, bias.Start, factors);
        }
    }
}

/// <summary>What is between the two layers of an MLP.</summary>
internal enum HiddenActivation
{
    /// <summary>The tanh form of GELU.</summary>
    Gelu,

    /// <summary>GELU by the error function.</summary>
    ExactGelu,

    /// <summary>The first half of the features by SiLU, times the second half.</summary>
    SwiGlu,
}

/// <summary>y = second(activation(first(a))), some hidden features at a time, which never leave the cache.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="first">The first layer, piece by piece; of a gate, the gate's rows follow in each piece.</param>
/// <param name="bias">Its bias.</param>
/// <param name="second">The second layer.</param>
/// <param name="activation">What is between them.</param>
internal sealed unsafe class MlpStep(
    CpuKernels kernels, PackedWeights[] first, NativeBuffer bias, PackedWeights second, HiddenActivation activation) : TokenStep
{
    /// <summary>Hidden features at once.</summary>
    public const int Piece = WeightLayout.DepthBlock;

    public override int HiddenRows { get; } = first.Max(static piece => piece.Rows);

    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        for (var i = 0; i < first.Length; i++)
        {
            var (from, to) = (i * Piece, Math.Min((i + 1) * Piece, second.Depth));
            var hidden = place.Hidden(first[i].Rows);
            kernels.Multiply(first[i], ..first[i].Depth, panels, place.A, hidden, add: false);
            foreach (var panel in panels) Activate(hidden.At(panel, place.First, 0), first[i].Rows, from, to - from, panel.Width);
            kernels.Multiply(second, from..to, panels, hidden, place.Y, add: i > 0);
        }
    }

    private void Activate(float* x, int rows, int from, int features, int width)
    {
        var own = bias.Start + from;
        if (activation == HiddenActivation.SwiGlu)
            kernels.SwiGlu(x, x + (long)rows / 2 * width, features, width, own, own + second.Depth);
        else if (activation == HiddenActivation.ExactGelu) kernels.ExactGelu(x, features, width, own);
        else kernels.Gelu(x, features, width, own);
    }
}

/// <summary>Keeps x for a later step.</summary>
/// <param name="skip">Where it is kept.</param>
internal sealed unsafe class PushStep(int skip) : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        var length = (long)place.Rows * (panels[^1].First + panels[^1].Width - place.First) * sizeof(float);
        Buffer.MemoryCopy(place.X, place.Skip(skip), length, length);
    }
}

/// <summary>x = a linear layer of x beside what was kept.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="skip">Where it was kept.</param>
/// <param name="own">The half of the layer for x.</param>
/// <param name="kept">The half for what was kept.</param>
/// <param name="bias">The layer's bias, (D).</param>
/// <param name="width">D.</param>
internal sealed unsafe class PopStep(CpuKernels kernels, int skip, PackedWeights own, PackedWeights kept, NativeBuffer bias, int width)
    : TokenStep
{
    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        kernels.Multiply(own, ..own.Depth, panels, new(place.X, place.Rows), place.Y, add: false);
        kernels.Multiply(kept, ..kept.Depth, panels, new(place.Skip(skip), place.Rows), place.Y, add: true);
        foreach (var panel in panels)
        {
            var offset = (long)place.Rows * (panel.First - place.First);
            kernels.AddBias(place.X + offset, place.Scratch.Y + offset, width, panel.Width, bias.Start);
        }
    }
}

/// <summary>x = the tokens of the image, and of the condition where they are joined.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="weights">The patch embedding, (D, C P P).</param>
/// <param name="added">Positions and bias, (T, D).</param>
/// <param name="sizes">The model's sizes.</param>
internal sealed unsafe class EmbedStep(CpuKernels kernels, PackedWeights weights, NativeBuffer added, ModelSizes sizes) : TokenStep
{
    public override int HiddenRows => weights.Depth;

    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        foreach (var panel in panels) Gather(place, panel);
        kernels.Multiply(weights, ..weights.Depth, panels, place.Hidden(weights.Depth), new(place.X, place.Rows), add: false);
        foreach (var panel in panels) Add(place, panel);
    }

    // The pixels of a patch as features in the order of the convolution's weights, (C, P, P); zeros for what is no
    // patch.
    private void Gather(in BlockPointers place, TokenPanel panel)
    {
        var (patch, columns, width) = (sizes.Patch, sizes.ImageWidth / sizes.Patch, sizes.ImageWidth);
        var to = place.Scratch.Hidden + (long)weights.Depth * (panel.First - place.First);
        for (var c = 0; c < sizes.Channels; c++)
            for (var p = 0; p < patch; p++)
                for (var q = 0; q < patch; q++)
                    for (var lane = 0; lane < panel.Width; lane++)
                    {
                        var token = panel.First + lane;
                        var (row, column) = (token / columns, token % columns);
                        *to++ = token < sizes.ImageTokens
                            ? place.Image[((long)c * sizes.ImageHeight + row * patch + p) * width + column * patch + q]
                            : 0;
                    }
    }

    private void Add(in BlockPointers place, TokenPanel panel)
    {
        var x = place.X + (long)place.Rows * (panel.First - place.First);
        var joined = (int)(added.Length / sizes.Width);
        for (var lane = 0; lane < panel.Width; lane++)
        {
            var token = panel.First + lane;
            if (token >= joined) break; // padding
            var isImage = token < sizes.ImageTokens;
            var from = isImage ? added.Start + (long)token * sizes.Width
                : place.Condition + (long)(token - sizes.ImageTokens) * sizes.Width;
            for (var f = 0; f < sizes.Width; f++) x[(long)f * panel.Width + lane] =
                (isImage ? x[(long)f * panel.Width + lane] : 0) + from[f];
        }
    }
}

/// <summary>The pixels of the result: a linear layer of a, its patches put in their places.</summary>
internal sealed unsafe class OutputStep(CpuKernels kernels, PackedWeights weights, NativeBuffer bias, ModelSizes sizes) : TokenStep
{
    public override int HiddenRows => weights.Rows;

    public override void Run(in BlockPointers place, ReadOnlySpan<TokenPanel> panels)
    {
        kernels.Multiply(weights, ..weights.Depth, panels, place.A, place.Hidden(weights.Rows), add: false);
        foreach (var panel in panels) Scatter(place, panel);
    }

    // Features are the pixels of a patch row by row, channels last.
    private void Scatter(in BlockPointers place, TokenPanel panel)
    {
        var (patch, columns) = (sizes.Patch, sizes.ImageWidth / sizes.Patch);
        var from = place.Scratch.Hidden + (long)weights.Rows * (panel.First - place.First);
        var tokens = Math.Min(panel.Width, sizes.ImageTokens - panel.First);
        for (var feature = 0; feature < patch * patch * sizes.OutputChannels; feature++)
        {
            var (pixel, c) = (feature / sizes.OutputChannels, feature % sizes.OutputChannels);
            var plane = place.Output + (long)c * sizes.ImageHeight * sizes.ImageWidth;
            for (var lane = 0; lane < tokens; lane++)
            {
                var token = panel.First + lane;
                var (row, column) = (token / columns * patch + pixel / patch, token % columns * patch + pixel % patch);
                plane[(long)row * sizes.ImageWidth + column] = from[(long)feature * panel.Width + lane] + bias.Start[feature];
            }
        }
    }
}

/// <summary>The condition's tokens as panels, for attention to them: one task for each pass.</summary>
internal sealed unsafe class ContextPhase(int tokens, int width) : FusedPhase
{
    public override int Tasks(FusedWorkspace workspace) => 1;

    public override void Run(FusedWorkspace workspace, int task, FusedScratch scratch)
    {
        var from = (float*)workspace.Conditions[task];
        foreach (var panel in workspace.ContextLayout.Panels)
        {
            var to = workspace.Context(task) + (long)workspace.Rows * panel.First;
            for (var lane = 0; lane < panel.Width; lane++)
                for (var f = 0; f < width; f++)
                    to[(long)f * panel.Width + lane] = panel.First + lane < tokens ? from[(long)(panel.First + lane) * width + f] : 0;
        }
    }
}
