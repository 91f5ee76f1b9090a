using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Low-rank adapters on the linear layers of a model (LoRA, Hu et al., arXiv 2106.09685).</summary>
/// <remarks>
/// A layer with an adapter computes <c>x W^T + b + s (x A^T) B^T</c>, with A (R, in), B (out, R) and
/// <c>s = Scale alpha / R</c>. While adapters are attached, the model's own parameters require no gradient, and
/// training changes the adapters alone. They are not part of the model's state dict: saving the model saves its own
/// weights.
/// <para>
/// Attach them after the model was moved or converted. A session packs or calls what the layers are when it is created:
/// after a change of the scale or of the adapters make another.
/// </para>
/// </remarks>
public sealed class Lora : IDisposable
{
    private readonly ModelCard card;
    private readonly nn.Module model;
    private readonly IReadOnlyList<LoraAdapter> adapters;
    private readonly Parameter[] frozen;
    private readonly AdapterState state = new();
    private string? hash; // of the model's weights, which do not change
    private double scale = 1;
    private bool isDetached;

    private Lora(nn.Module model, ModelCard card, IReadOnlyList<LoraLayer> layers, int rank, double alpha)
    {
        using var scope = NewDisposeScope(); // for what a parameter is made of
        (this.model, this.card, Rank, Alpha) = (model, card, rank, alpha);
        Layers = [.. layers.Select(static layer => layer.Name)];
        adapters = [.. layers.Select(Adapter)];
        frozen = [.. model.parameters().Where(static parameter => parameter.requires_grad)];
        foreach (var parameter in frozen) parameter.requires_grad = false;

        LoraAdapter Adapter(LoraLayer layer)
        {
            var (device, type) = (layer.Layer.weight.device, layer.Layer.weight.dtype);
            return new(
                layer.Layer,
                state.Add(layer.Name + LoraFile.AName, Layer.Unset([rank, layer.Input], device, type)),
                state.Add(layer.Name + LoraFile.BName, Layer.Unset([layer.Output, rank], device, type)),
                () => scale * alpha / rank);
        }
    }

    /// <summary>R.</summary>
    public int Rank { get; }

    /// <summary>alpha.</summary>
    public double Alpha { get; }

    /// <summary>The names of the layers with an adapter, in the order of the model's state dict.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>A and B of each layer: what training changes.</summary>
    public IEnumerable<Parameter> Parameters => state.parameters();

    /// <summary>
    /// How much all adapters count, beside alpha / R: 1 by default, 0 is the model without them. It may be changed at
    /// any time.
    /// </summary>
    /// <exception cref="DitException">It is not finite.</exception>
    public double Scale
    {
        get => scale;
        set => scale = double.IsFinite(value) ? value : throw new DitException($"The scale of LoRA is {value}; it must be finite.");
    }

    /// <summary>The adapters as a module: its state dict has their names without a prefix.</summary>
    internal nn.Module State => state;

    /// <summary>The metadata of a file of these adapters.</summary>
    internal Dictionary<string, string> Metadata => LoraConfig.Metadata(card, Rank, Alpha, Layers, Base);

    /// <summary>The hash of the model's own weights.</summary>
    internal string Base => hash ??= WeightsHash.Of(model);

    /// <summary>Attaches new adapters, with which the model gives what it gave before: every B is zero.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="options">The rank and the layers.</param>
    /// <param name="seed">
    /// The same seed gives the same adapters. A is uniform between -1 / sqrt(in) and 1 / sqrt(in), as in the paper's
    /// code.
    /// </param>
    /// <returns>The adapters, the caller's to dispose, before or after the model.</returns>
    /// <exception cref="DitException">
    /// An option makes no sense, the rank is larger than a layer, there are no such layers, or one has an adapter
    /// already.
    /// </exception>
    public static Lora Attach<TModel>(TModel model, LoraOptions options, long seed = 0)
        where TModel : nn.Module, IModel<TModel>
    {
        options.Validate();
        LoraLayer[] layers = [.. LoraLayer.Of(model).Where(layer => (layer.Kind & options.Targets) != 0)];
        if (layers.Length == 0) throw new DitException($"{TModel.Card.Name} has no linear layers of the kind {options.Targets}.");
        foreach (var layer in layers)
            if (options.Rank > Math.Min(layer.Input, layer.Output))
                throw new DitException(
                    $"A rank of {options.Rank} is too large for '{layer.Name}' of {TModel.Card.Name}, whose weight is {layer.Output} x "
                        + $"{layer.Input}: at most {Math.Min(layer.Input, layer.Output)} is possible.");
        RequireFree(layers, TModel.Card);
        var lora = new Lora(model, TModel.Card, layers, options.Rank, options.Alpha);
        using var random = new Generator((ulong)seed);
        foreach (var parameter in lora.state.Named.Where(static one => one.Name.EndsWith(LoraFile.AName, StringComparison.Ordinal)))
            Init.Uniform(parameter.Value, 1 / Math.Sqrt(parameter.Value.shape[1]), random);
        foreach (var parameter in lora.state.Named.Where(static one => one.Name.EndsWith(LoraFile.BName, StringComparison.Ordinal)))
            Init.Zero(parameter.Value);
        return lora;
    }

    /// <summary>Attaches the adapters of a file.</summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="path">
    /// A file of <see cref="Save"/>, of a training run, of diffusers or of peft, as long as the names of the layers are
    /// those of the model.
    /// </param>
    /// <returns>The adapters, the caller's to dispose, before or after the model.</returns>
    /// <exception cref="DitException">
    /// The file cannot be read or its adapters do not fit the model, and the message says what differs; or a layer has
    /// an adapter already.
    /// </exception>
    public static Lora Load<TModel>(TModel model, string path)
        where TModel : nn.Module, IModel<TModel>
    {
        using var file = CheckpointFile.Open(path);
        return Load(model, file);
    }

    /// <summary>Attaches the adapters of an open file.</summary>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="file">The file; it stays the caller's.</param>
    /// <inheritdoc cref="Load{TModel}(TModel, string)"/>
    public static Lora Load<TModel>(TModel model, ICheckpointFile file)
        where TModel : nn.Module, IModel<TModel>
    {
        var found = LoraFile.Of(file, TModel.Card, LoraLayer.Of(model));
        LoraLayer[] layers = [.. found.Adapters.Select(static adapter => adapter.Layer)];
        RequireFree(layers, TModel.Card);
        var lora = new Lora(model, TModel.Card, layers, found.Rank, found.Alpha);
        try
        {
            var tensors = lora.state.state_dict();
            foreach (var (layer, a, b) in found.Adapters)
            {
                file.CopyInto(a, tensors[layer.Name + LoraFile.AName]);
                file.CopyInto(b, tensors[layer.Name + LoraFile.BName]);
            }
            return lora;
        }
        catch
        {
            lora.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A checkpoint with adapters added to its weights, tensor by tensor as they are read, so that it need not fit into
    /// memory. The numbers are those of <see cref="Fuse"/> on a model of the checkpoint's type.
    /// </summary>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <param name="file">
    /// The checkpoint, under the model's own names; the result owns it from here on, and disposing of the result closes
    /// it.
    /// </param>
    /// <param name="path">The file of adapters, as for <see cref="Load{TModel}(TModel, string)"/>.</param>
    /// <param name="scale">As <see cref="Scale"/>.</param>
    /// <exception cref="DitException">The file cannot be read, or its adapters do not fit the model.</exception>
    public static ICheckpointFile Fused<TModel>(ICheckpointFile file, string path, double scale = 1)
        where TModel : nn.Module, IModel<TModel>
    {
        using var shapes = TModel.Create(META);
        var adapters = CheckpointFile.Open(path);
        try
        {
            return new FusedCheckpoint(file, adapters, LoraFile.Of(adapters, TModel.Card, LoraLayer.Of(shapes)), scale);
        }
        catch
        {
            adapters.Dispose();
            throw;
        }
    }

    /// <summary>Writes the adapters as a safetensors file, for <see cref="Load{TModel}(TModel, string)"/>.</summary>
    /// <remarks>
    /// The names and the metadata of rank and alpha are those of diffusers and peft:
    /// <c>transformer.blocks.0.attn.qkv.lora_A.weight</c>. The metadata holds the card of the model and a hash of its
    /// weights, too. <see cref="Scale"/> is not saved.
    /// </remarks>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="dtype">Type of the numbers in the file; the adapters' by default.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public void Save(string path, ScalarType? dtype = null)
    {
        RequireAttached();
        using var scope = NewDisposeScope();
        SafeTensors.Save(path, state.state_dict().Select(static one => (LoraFile.Prefix + one.Key, one.Value)), Metadata, dtype);
    }

    /// <summary>
    /// Adds the adapters, at the present scale, to the model's weights in place, and detaches them: from now on the
    /// model alone gives what both gave. It cannot be undone, because the sum is rounded.
    /// </summary>
    public void Fuse()
    {
        RequireAttached();
        foreach (var adapter in adapters) adapter.Fuse();
        Dispose();
    }

    /// <summary>
    /// Detaches the adapters and frees them: the model's weights are as before, bit for bit, and require gradients
    /// again.
    /// </summary>
    public void Dispose()
    {
        if (isDetached) return;
        isDetached = true;
        foreach (var adapter in adapters) adapter.Dispose();
        foreach (var parameter in frozen.Where(static parameter => !parameter.IsInvalid)) parameter.requires_grad = true;
        state.Dispose();
    }

    private void RequireAttached() => ObjectDisposedException.ThrowIf(isDetached, this);

    private static void RequireFree(IEnumerable<LoraLayer> layers, ModelCard card)
    {
        if (layers.FirstOrDefault(static layer => LoraAdapter.Of(layer.Layer) is not null) is { } taken)
            throw new DitException(
                $"'{taken.Name}' of {card.Name} has an adapter already: fuse or dispose of the Lora that is attached before the next.");
    }

    /// <summary>The parameters of all adapters under their names.</summary>
    private sealed class AdapterState() : nn.Module(nameof(Lora))
    {
        private readonly List<(string Name, Parameter Value)> named = [];

        public IReadOnlyList<(string Name, Parameter Value)> Named => named;

        public Parameter Add(string name, Parameter parameter)
        {
            register_parameter(name, parameter);
            named.Add((name, parameter));
            return parameter;
        }

        protected override void RegisterComponents() { } // done by name, without reflection
    }
}
