namespace Dit.Generator;

/// <summary>Names of the pipeline's steps: tests assert on them that nothing is computed twice.</summary>
public static class Steps
{
    /// <summary>A file's path and text to its models and errors.</summary>
    public const string Files = "Dit.Files";

    /// <summary>The models of a file, without locations: what moves in a file changes nothing here.</summary>
    public const string Models = "Dit.Models";

    /// <summary>The class names of all models, each once.</summary>
    public const string Names = "Dit.Names";

    /// <summary>The namespace, and the names in it that hide those of the libraries.</summary>
    public const string Place = "Dit.Place";

    /// <summary>What one output needs: a model, its namespace, and whether it is the one of its name.</summary>
    public const string Outputs = "Dit.Outputs";
}
