using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Embedded texts in a file: a safetensors file with one tensor named <c>text</c>, (N, L, W).</summary>
internal static class TextFile
{
    private const string Name = "text";

    /// <summary>Reads the texts of a model.</summary>
    /// <param name="path">The file, or null when none was named.</param>
    /// <param name="card">The model, conditioned on text.</param>
    /// <returns>(N, L, W), float32.</returns>
    /// <exception cref="DitException">There is no such file, or it holds something else.</exception>
    public static Tensor Read(string? path, ModelCard card)
    {
        if (card.Condition is not ModelCondition.Text text) throw new InvalidOperationException($"{card.Name} is not conditioned on text.");
        var wanted = $"a safetensors file with one tensor named {Name}, (N, {text.Tokens}, {text.Width}), one embedded text for each row of samples";
        if (path is null) throw new DitException($"{card.Name} is conditioned on text: give --text FILE, {wanted}.");
        using var file = CheckpointFile.Open(path);
        if (!file.Tensors.TryGetValue(Name, out var info))
            throw new DitException($"'{path}' holds no tensor named {Name}: {card.Name} takes {wanted}.");
        if (file.Tensors.Count > 1)
            throw new DitException($"'{path}' holds {file.Tensors.Count} tensors: {card.Name} takes {wanted}.");
        if (info.Shape is not [> 0, var tokens, var width] || tokens != text.Tokens || width != text.Width)
            throw new DitException($"The tensor {Name} of '{path}' has the shape ({string.Join(", ", info.Shape)}): {card.Name} takes {wanted}.");
        if (info.DType is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new DitException($"The tensor {Name} of '{path}' is of type {info.DType}: embeddings are real numbers of 16, 32 or 64 bits.");
        return file.Read(Name, dtype: ScalarType.Float32);
    }
}
