using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>A spec's bytes and what it is called in messages.</summary>
/// <param name="Path">A path, or <c>REVISION:PATH</c>.</param>
/// <param name="Bytes">The file: as many of its bytes as a spec can have, and one more.</param>
/// <param name="IsCarried">Whether it is the spec that a checkpoint carries.</param>
internal sealed record SpecBytes(string Path, byte[] Bytes, bool IsCarried = false)
{
    /// <summary>Reads a file.</summary>
    public static SpecBytes Of(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[SpecFile.MaxBytes + 1];
        return new(path, bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)]);
    }
}

/// <summary>
/// Where specs are read from: a file, a folder, either of these at a git revision, or a checkpoint that carries its
/// spec.
/// </summary>
/// <param name="Label">What it is called in messages.</param>
internal abstract record SpecSource(string Label)
{
    /// <summary>Every spec in it, in the order of their paths.</summary>
    /// <exception cref="DitException">There is none.</exception>
    public abstract IReadOnlyList<SpecBytes> Read(CancellationToken cancellation);

    /// <summary>What two words of a command line name.</summary>
    /// <remarks>
    /// What exists on disk is meant before a revision is. A first word that is no path is a revision of the second; two
    /// of them are the current folder at each, where one may be without a spec: a repository gets its first one some
    /// day.
    /// </remarks>
    /// <exception cref="DitException">They name nothing.</exception>
    public static (SpecSource A, SpecSource B) Of(string a, string b) =>
        One(b) is { } second ? (One(a) ?? (IsPath(a) ? null : second.At(a)) ?? throw Nothing(a), second)
        : One(a) is null && !IsPath(a) && !IsPath(b) ? (Here(a), Here(b))
        : throw Nothing(b);

    /// <summary>The same path at a revision; null where it is not on disk.</summary>
    protected virtual SpecSource? At(string revision) => null;

    private static SpecSource? One(string word) =>
        File.Exists(word) ? CarriedSpec.IsCheckpoint(word) ? new Checkpoint(word) : new FileOnDisk(word)
        : Directory.Exists(word) ? CarriedSpec.IsFolder(word) ? new Checkpoint(word) : new FolderOnDisk(word)
        : PathAt(word) is var colon and >= 0 ? new InGit(word, word, word[..colon], word[(colon + 1)..], Environment.CurrentDirectory)
        : null;

    // No revision begins with a dash or holds a backslash, and nobody names one like a spec.
    private static bool IsPath(string word) =>
        word.Length == 0 || word[0] == '-' || word.Contains('\\', StringComparison.Ordinal) || IsDrive(word) || IsYaml(word);

    /// <summary>Whether a path is called like a YAML file, and so like a spec.</summary>
    internal static bool IsYaml(string path) =>
        path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);

    private static bool IsDrive(string word) => word is [(>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ':', '/' or '\\', ..];

    /// <summary>Where the colon of <c>REVISION:PATH</c> is; -1 if the word is no such thing.</summary>
    internal static int PathAt(string word)
    {
        if (word.StartsWith('-') || IsDrive(word)) return -1;
        var depth = 0; // main@{10:30}:a.dit.yaml
        for (var i = 0; i < word.Length; i++)
        {
            depth += word[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (word[i] == ':' && depth == 0) return i;
        }
        return -1;
    }

    private static InGit Here(string revision) =>
        new($"{revision}:.", $"{revision}:./", revision, ".", Environment.CurrentDirectory, MayBeEmpty: true);

    private static DitException Nothing(string word) => new($"There is no file or folder '{word}'.");

    private sealed record FileOnDisk(string Path) : SpecSource(Path)
    {
        // Read once, as it may be a pipe.
        public override IReadOnlyList<SpecBytes> Read(CancellationToken cancellation) =>
            SpecBytes.Of(Path) is var read && CarriedSpec.IsBinary(read) ? [CarriedSpec.Of(Path)] : [read];

        protected override SpecSource At(string revision) => new InGit(
            $"{revision}:{Path}", $"{revision}:./{System.IO.Path.GetFileName(Path)}", revision, Path, Parent(Path));

        private static string Parent(string path) => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? path;
    }

    private sealed record FolderOnDisk(string Path) : SpecSource(Path)
    {
        private static readonly EnumerationOptions Below = new() { RecurseSubdirectories = true, IgnoreInaccessible = false };

        // Build outputs hold copies of the specs.
        public override IReadOnlyList<SpecBytes> Read(CancellationToken cancellation) => Some(Label,
            Directory.EnumerateFiles(Path, "*", Below)
                .Where(file =>
                    SpecFile.IsSpec(file)
                    && IsSource(System.IO.Path.GetRelativePath(Path, file).Split(System.IO.Path.DirectorySeparatorChar)))
                .Order(StringComparer.Ordinal).Select(SpecBytes.Of));

        protected override SpecSource At(string revision) =>
            new InGit($"{revision}:{Path}", $"{revision}:./", revision, Path, System.IO.Path.GetFullPath(Path));
    }

    private sealed record Checkpoint(string Path) : SpecSource(Path)
    {
        public override IReadOnlyList<SpecBytes> Read(CancellationToken cancellation) => [CarriedSpec.Of(Path)];

        protected override SpecSource At(string revision) =>
            throw new DitException(
                $"There is no file or folder '{revision}', and a checkpoint is not looked for at git revisions: name a spec, or a folder "
                    + $"of specs.");
    }

    private sealed record InGit(string Label, string Object, string Revision, string Path, string Folder, bool MayBeEmpty = false)
        : SpecSource(Label)
    {
        public override IReadOnlyList<SpecBytes> Read(CancellationToken cancellation)
        {
            var git = new Git(Folder, cancellation);
            var type = git.Run("cat-file", "-t", Object);
            return (type.Code, type.Out.Trim()) switch
            {
                (0, "blob") => [new(Label, Bytes(git, Object))],
                (0, "tree") => MayBeEmpty ? [.. Tree(git)] : Some(Label, Tree(git)),
                (0, var other) => throw new DitException($"'{Label}' is a {other}, not a file or folder; write REVISION:PATH."),
                _ => throw Why(git, type.Error),
            };
        }

        // Each entry is "MODE TYPE ID<tab>PATH", ended by a zero.
        private IEnumerable<SpecBytes> Tree(Git git) => git.Run("ls-tree", "-r", "-z", "--full-tree", Object).Out
            .Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(static entry =>
                (Id: entry.Split('\t')[0].Split(' ')[^1], Path: entry[(entry.IndexOf('\t', StringComparison.Ordinal) + 1)..]))
            .Where(static entry => SpecFile.IsSpec(entry.Path) && IsSource(entry.Path.Split('/')))
            .OrderBy(static entry => entry.Path, StringComparer.Ordinal)
            .Select(entry => new SpecBytes($"{Label.TrimEnd('/')}/{entry.Path}", Bytes(git, entry.Id)));

        private byte[] Bytes(Git git, string id) =>
            git.Run("cat-file", "blob", id) is { Code: 0, Bytes: var bytes }
                ? bytes
                : throw new DitException($"git cannot read '{Label}'.");

        // Asked in the order in which things can be missing: the repository, the revision, the path.
        private DitException Why(Git git, string complaint)
        {
            if (git.Run("rev-parse", "--git-dir") is { Code: not 0, Error: var refusal })
                return new($"There is no file or folder '{Word}', and it cannot be read as a git revision in {Folder}: {refusal}");
            if (Revision.Length > 0 && git.Run("rev-parse", "--verify", "--quiet", Revision + "^{}").Code != 0)
                return new($"There is no file or folder '{Word}', and no revision '{Revision}' in the git repository of {Folder}.");
            if (
                !complaint.Contains("exist", StringComparison.Ordinal)
                && !complaint.Contains("not a valid object", StringComparison.OrdinalIgnoreCase))
                return new($"git cannot read '{Label}': {complaint}");
            var hint =
                Word == Label && !Path.StartsWith('.')
                    ? "; paths count from the top of the repository, or from here when they start with ./"
                    : "";
            return new($"There is no '{Path}' at revision '{Revision}'{hint}.");
        }

        private string Word => Object == Label ? Label : Revision;
    }

    /// <summary>What specs are called: <c>*.dit.yaml or *.dit.yml</c>.</summary>
    public static string Files { get; } = string.Join(" or ", SpecFile.Extensions.Select(static e => $"*{e}"));

    private static bool IsSource(string[] path) => !path[..^1].Any(static folder => folder is "bin" or "obj");

    private static IReadOnlyList<SpecBytes> Some(string label, IEnumerable<SpecBytes> texts) =>
        texts.ToArray() is { Length: > 0 } found ? found : throw new DitException($"There is no {Files} file in '{label}'.");
}
