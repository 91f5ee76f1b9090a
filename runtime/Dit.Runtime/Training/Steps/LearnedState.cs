using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What a run changes.</summary>
/// <param name="Model">The model.</param>
/// <param name="State">What is saved: the model, or the adapters on it.</param>
/// <param name="Parameters">What the optimizer moves.</param>
internal sealed record LearnedState(nn.Module Model, nn.Module State, Parameter[] Parameters)
{
    public static LearnedState Of(nn.Module model, Lora? lora)
    {
        var state = lora?.State ?? model;
        return new(model, state, [.. state.parameters().Where(static parameter => parameter.requires_grad)]);
    }
}
