using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>A reading of a model's description that <c>dit check</c> writes to a file.</summary>
/// <param name="Option">The option that names the file.</param>
/// <param name="Extension">What the file's name ends in.</param>
/// <param name="What">What the file is, behind the name of the model: <c>in PyTorch</c>.</param>
/// <param name="Help">What the option does.</param>
/// <param name="Read">The reading.</param>
internal sealed record SpecReading(string Option, string Extension, string What, string Help, Func<ModelSpec, string> Read)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SpecReading> All { get; } =
    [
        new(
            "--python", ".py", "in PyTorch", "Write the model in PyTorch to this file: one module of Python that needs nothing but torch.",
            PythonModel.Of),
        new(
            "--diagram", ".svg", "its block", "Write a picture of the model's block to this file.",
            static spec => Diagram.Of(Diagram.Block(Description.Of(spec).Network), spec.Name)),
    ];

    /// <summary>The option.</summary>
    public Option<string?> Create() => new(Option) { Description = Help, HelpName = $"FILE{Extension}" };

    /// <summary>Refuses a file whose name says that it is something else.</summary>
    /// <exception cref="DitException">It does not end as it should.</exception>
    public void RequireName(string file)
    {
        if (!Path.GetExtension(file).Equals(Extension, StringComparison.OrdinalIgnoreCase))
            throw new DitException($"{Option} writes a {Extension} file, and '{file}' does not end in {Extension}.");
    }

    /// <summary>Writes the file of the first model; a notice says so where there are several.</summary>
    /// <returns>What was written, in a line.</returns>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public string Write(CommandContext context, string path, IReadOnlyList<DeclaredModel> models, string file)
    {
        var first = models[0].Spec;
        AtomicFile.WriteText(file, Read(first));
        if (models.Count > 1)
            context.Notice(
                $"'{path}' declares {models.Count} models, and {file} has the first. "
                + $"For the next, check \"{path}#{models[1].Spec.Name}\".");
        return $"Wrote {file}: {first.Name}, {What}";
    }
}
