namespace Dit.Packaging;

/// <summary>Where the repository is to be read, and which commit a package is made from.</summary>
/// <param name="Address">Such as https://github.com/OWNER/NAME.</param>
/// <param name="Commit">The commit's full name, or empty where it is unknown.</param>
internal sealed record Repository(string Address, string Commit)
{
    /// <summary>The page of a file, which stays as it is when the file changes later.</summary>
    /// <param name="path">From the root of the repository, with slashes.</param>
    public string Page(string path) => $"{Address}/blob/{Revision}/{path}";

    /// <summary>A file itself, for pictures.</summary>
    /// <param name="path">From the root of the repository, with slashes.</param>
    public string Raw(string path) => $"{Address}/raw/{Revision}/{path}";

    private string Revision => Commit.Length > 0 ? Commit : "HEAD";
}
