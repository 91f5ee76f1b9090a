using System.Globalization;

namespace Dit.Runtime;

/// <summary>
/// An event file of TensorBoard: a sequence of framed <c>Event</c> messages (tensorflow/core/util/event.proto), the
/// first of which names the version of the format.
/// </summary>
/// <remarks>
/// The file is created with the first event. A resumed run writes a new one, which begins by starting a session at its
/// first step: TensorBoard then drops what earlier files say of this step and later ones.
/// </remarks>
/// <param name="folder">The folder of the run, which exists when the first event is written.</param>
/// <param name="after">Steps that the run has made.</param>
internal sealed class TensorBoardFile(string folder, int after) : IDisposable
{
    private const string Version = "brain.Event:2";

    // Numbers of fields.
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7; // Event
    private const int Value = 1, Tag = 1, SimpleValue = 2, Image = 4; // Summary and its Value
    private const int Height = 1, Width = 2, ColorSpace = 3, Encoded = 4; // Summary.Image
    private const int Status = 1, Start = 1; // SessionLog
    private const int Rgb = 3;

    private FileStream? stream;

    /// <summary>The event files of a run, the oldest first.</summary>
    public static IEnumerable<string> Of(string folder) =>
        Directory.EnumerateFiles(folder, "events.out.tfevents.*").Order(StringComparer.Ordinal);

    /// <summary>Writes numbers of a step.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="scalars">Their names and values; TensorBoard groups them by the part of the name before a
    /// slash.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public void Write(int step, IEnumerable<(string Tag, double Value)> scalars)
    {
        var summary = new ProtobufWriter();
        foreach (var (tag, value) in scalars)
            summary.Message(Value, new ProtobufWriter().Text(Tag, tag).Float(SimpleValue, (float)value));
        Append(step, summary);
    }

    /// <summary>Writes an image of a step.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="tag">Its name.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public void Write(int step, string tag, RgbImage image)
    {
        var value = new ProtobufWriter()
            .Integer(Height, image.Height)
            .Integer(Width, image.Width)
            .Integer(ColorSpace, Rgb)
            .Bytes(Encoded, ImageFile.EncodePng(image));
        Append(step, new ProtobufWriter().Message(Value, new ProtobufWriter().Text(Tag, tag).Message(Image, value)));
    }

    /// <inheritdoc/>
    public void Dispose() => stream?.Dispose();

    private void Append(int step, ProtobufWriter summary)
    {
        try
        {
            stream ??= Create();
            Append(stream, Event(step).Message(Summary, summary));
            stream.Flush();
        }
        catch (Exception e) when (WriteFailure.Of(e) is { } refusal)
        {
            throw new DitException($"Cannot write an event file in '{folder}': {WriteFailure.Reason(refusal, folder, folder)}.", e);
        }
    }

    // TensorBoard reads the files of a folder in the order of their names. Two runs that start in the same second share
    // a file, which it reads as it would read two.
    private FileStream Create()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds():D10}.dit");
        var created = new FileStream(Path.Combine(folder, name), FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete);
        Append(created, Event(0).Text(FileVersion, Version));
        if (after > 0) Append(created, Event(after + 1).Message(SessionLog, new ProtobufWriter().Integer(Status, Start)));
        return created;
    }

    private static ProtobufWriter Event(int step) =>
        new ProtobufWriter().Double(WallTime, (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds).Integer(Step, step);

    private static void Append(FileStream stream, ProtobufWriter message) => stream.Write(RecordFrame.Of(message.Written));
}
