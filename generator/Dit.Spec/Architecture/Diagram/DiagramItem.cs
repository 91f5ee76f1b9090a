namespace Dit.Spec;

/// <summary>What a box of a diagram stands for, which gives it its color.</summary>
internal enum DiagramKind
{
    /// <summary>An argument of the module.</summary>
    Argument,

    /// <summary>A norm.</summary>
    Norm,

    /// <summary>Scales, shifts and gates.</summary>
    Modulation,

    /// <summary>A submodule, or a list of them.</summary>
    Module,

    /// <summary>A layer or another operation.</summary>
    Operation,

    /// <summary>A sum: a circle.</summary>
    Sum,
}

/// <summary>What is written in a box.</summary>
/// <param name="Title">What it is: <c>LayerNorm</c>.</param>
/// <param name="Name">The name in the state dict; empty for none.</param>
/// <param name="Note">A sentence or a shape beneath; empty for none.</param>
/// <param name="Kind">What it stands for.</param>
internal sealed record DiagramLabel(string Title, string Name, string Note, DiagramKind Kind);

/// <summary>A box in the column of a diagram, above those that it reads.</summary>
/// <param name="label">What is written in it.</param>
/// <param name="inputs">The boxes of the column that it reads.</param>
/// <param name="sides">What it reads of the condition.</param>
/// <param name="output">What leaves it: its name, where it has one, and its shape.</param>
internal sealed class DiagramItem(DiagramLabel label, IReadOnlyList<DiagramItem> inputs, IReadOnlyList<DiagramSide> sides, string output)
{
    public DiagramLabel Label => label;

    public IReadOnlyList<DiagramItem> Inputs => inputs;

    public IReadOnlyList<DiagramSide> Sides => sides;

    public string Output => output;
}

/// <summary>An arrow from the side.</summary>
/// <param name="Source">Where it comes from.</param>
/// <param name="Name">The name of what it brings; empty for none.</param>
/// <param name="Shape">Its shape.</param>
internal sealed record DiagramSide(DiagramSource Source, string Name, string Shape);

/// <summary>
/// Something beside the column that several of its boxes may read: an argument, or what is made of arguments.
/// </summary>
/// <param name="lines">How it is made, the last operation first; empty for an argument.</param>
/// <param name="arguments">The arguments that it is made of, with their shapes.</param>
internal sealed class DiagramSource(IReadOnlyList<string> lines, IReadOnlyList<string> arguments)
{
    public IReadOnlyList<string> Lines => lines;

    public IReadOnlyList<string> Arguments => arguments;
}
