using System.Text.Json.Serialization;

namespace Dit.Runtime;

/// <summary>
/// How the metadata of a checkpoint is written as JSON: code made at compile time, since trimmed and native programs
/// have no reflection for it.
/// </summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(TrainingRecipe))]
[JsonSerializable(typeof(LossScale))]
internal sealed partial class TrainingJson : JsonSerializerContext;
