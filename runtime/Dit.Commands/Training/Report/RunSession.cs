using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>
/// From the start of a program that trains to its end: a line of <see cref="FileName"/> in the folder of a run. A run
/// that was resumed has several.
/// </summary>
internal sealed record RunSession
{
    /// <summary>The file, a JSON object on a line each.</summary>
    public const string FileName = "sessions.jsonl";

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>How long it took.</summary>
    public double Seconds { get; init; }

    /// <summary>Steps that were made before it.</summary>
    public int FirstStep { get; init; }

    /// <summary>What was trained on.</summary>
    public string Data { get; init; } = "";

    /// <summary>The weights of the autoencoder; null where none were named.</summary>
    public string? Autoencoder { get; init; }

    /// <summary>The program and its version.</summary>
    public string Program { get; init; } = "";

    /// <summary>The processor or the device.</summary>
    public string Processor { get; init; } = "";

    /// <summary>Threads of a computation.</summary>
    public int Threads { get; init; }

    /// <summary>Memory that the process may use, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>The operating system and the runtime.</summary>
    public string System { get; init; } = "";

    /// <summary>How it ended, if not by itself: the message.</summary>
    public string? Failure { get; init; }

    /// <summary>A session that begins now.</summary>
    /// <param name="program">The program and its version.</param>
    /// <param name="device">Where it computes.</param>
    public static RunSession Begin(string program, Device device) => new()
    {
        Started = DateTimeOffset.UtcNow,
        Program = program,
        Processor = device.type == TorchSharp.DeviceType.CPU ? ProcessorName() : $"{device}",
        Threads = get_num_threads(),
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        System = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, {RuntimeInformation.FrameworkDescription}",
    };

    /// <summary>Adds this session to the folder of a run.</summary>
    public void AppendTo(string run) => File.AppendAllText(
        Path.Combine(run, FileName), JsonSerializer.Serialize(this, RunSessionJson.Default.RunSession) + "\n");

    /// <summary>The sessions of a run that ended; lines that are damaged are left out.</summary>
    public static IReadOnlyList<RunSession> Read(string run)
    {
        var path = Path.Combine(run, FileName);
        return File.Exists(path) ? [.. File.ReadLines(path).Select(Parse).OfType<RunSession>()] : [];

        static RunSession? Parse(string line)
        {
            try
            {
                return JsonSerializer.Deserialize(line, RunSessionJson.Default.RunSession);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    private static string ProcessorName()
    {
        const string Linux = "/proc/cpuinfo", Name = "model name";
        var line = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.ProcessArchitecture}");
    }
}

/// <summary>How sessions are written as JSON, as code made at compile time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunSession))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class RunSessionJson : JsonSerializerContext;
