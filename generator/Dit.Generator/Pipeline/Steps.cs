namespace Dit.Generator;

/// <summary>Names of the pipeline's steps: tests assert on them that nothing is computed twice.</summary>
public static class Steps
{
    /// <summary>A file's path and text to its models and errors.</summary>
    public const string Files = "Dit.Files";

    /// <summary>The models of a file, without locations: what moves in a file changes nothing here.</summary>
    public const string Models = "Dit.Models";

    /// <summary>The class names of all models.</summary>
    public const string Names = "Dit.Names";

    /// <summary>Names that several models claim.</summary>
    public const string Collisions = "Dit.Collisions";

    /// <summary>What one output needs: a model, its namespace, and whether its name is its own.</summary>
    public const string Outputs = "Dit.Outputs";
}
