using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>
/// Keeps the embeddings that a joint model draws with its images, and writes them when all are drawn: <c>clip</c>,
/// (N, 1, W), and where texts are drawn too <c>text</c>, (N, L, W), a row for each image.
/// </summary>
/// <param name="path">The safetensors file.</param>
/// <param name="card">The model.</param>
internal sealed class JointEmbeddings(string path, ModelCard card) : ISampleWatcher, IDisposable
{
    private readonly List<Tensor> clips = [], texts = [];

    public string? Kept => null;

    /// <summary>Takes the embeddings of a batch, which stay the caller's.</summary>
    public void Add(Tensor clip, Tensor? text)
    {
        clips.Add(clip.cpu().clone().DetachFromDisposeScope());
        if (text is not null) texts.Add(text.cpu().clone().DetachFromDisposeScope());
    }

    public void Observe(int first, SamplingProgress progress, Lazy<IReadOnlyList<RgbImage>> soFar) { }

    public string? Finish()
    {
        using var scope = NewDisposeScope();
        (string, Tensor)[] written = [("clip", cat(clips)), .. texts.Count == 0 ? [] : new[] { ("text", cat(texts)) }];
        var metadata = new Dictionary<string, string> { [ModelCard.NameKey] = card.Name };
        if (card.Spec is { } spec) metadata[ModelCard.SpecKey] = spec;
        SafeTensors.Save(path, written, metadata);
        return $"Wrote the CLIP embeddings of the images{(texts.Count == 0 ? "" : " and the texts that belong to them")} to {path}";
    }

    public void Dispose()
    {
        foreach (var kept in (Tensor[])[.. clips, .. texts]) kept.Dispose();
    }
}
