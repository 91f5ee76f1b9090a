using System.Text;

namespace Dit.Checkpoints.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_is_written_whole_and_alone()
    {
        AtomicFile.Write(folder["a.txt"], stream => stream.Write("new"u8));
        AtomicFile.WriteText(folder["b.txt"], "größe");
        Assert.Equal("new", File.ReadAllText(folder["a.txt"]));
        Assert.Equal(Encoding.UTF8.GetBytes("größe"), File.ReadAllBytes(folder["b.txt"]));
        Assert.Equal(["a.txt", "b.txt"], folder.Files);
    }

    [Fact]
    public void A_file_that_exists_is_replaced()
    {
        folder.Write("a.txt", "a longer old content"u8.ToArray());
        AtomicFile.Write(folder["a.txt"], stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(folder["a.txt"]));
    }

    [Fact]
    public void A_failure_while_writing_leaves_the_old_file_and_nothing_else()
    {
        folder.Write("a.txt", "old"u8.ToArray());
        Assert.Throws<FormatException>(() => AtomicFile.Write(folder["a.txt"], stream =>
        {
            stream.Write("half"u8);
            throw new FormatException();
        }));
        Assert.Equal("old", File.ReadAllText(folder["a.txt"]));
        Assert.Equal(["a.txt"], folder.Files);
    }

    [Fact]
    public void A_disk_that_fails_while_writing_is_a_mistake_that_names_the_file()
    {
        var e = Assert.Throws<DitException>(() =>
            AtomicFile.Write(folder["a.txt"], _ => throw new IOException("No space left on device.")));
        Assert.Equal($"Cannot write '{folder["a.txt"]}': No space left on device.", e.Message);
        Assert.Empty(folder.Files);
    }

    // Libraries wrap what a stream throws, and put the name of the file behind it as .NET does.
    [Theory]
    [InlineData("No space left on device")]
    [InlineData("Disk quota exceeded")]
    [InlineData("Too many open files")]
    [InlineData("Read-only file system")]
    public void A_refusal_of_the_system_names_the_users_path_however_it_is_wrapped(string reason)
    {
        Func<Exception, Exception>[] wraps =
        [
            static e => e,
            static e => new InvalidOperationException("zip", e),
            static e => new AggregateException(e),
            static e => new AggregateException(new FormatException("x", e)),
        ];
        foreach (var wrap in wraps)
        {
            var file = Assert.Throws<DitException>(() =>
                AtomicFile.Write(folder["a.txt"], stream => throw wrap(new IOException($"{reason} : '{((FileStream)stream).Name}'"))));
            Assert.Equal($"Cannot write '{folder["a.txt"]}': {reason}.", file.Message);

            var refused = Assert.Throws<DitException>(() =>
                AtomicFolder.Write(folder["b"], inside => throw wrap(new IOException($"{reason} : '{Path.Combine(inside, "c")}'"))));
            Assert.Equal($"Cannot write '{folder["b"]}': {reason}.", refused.Message);

            var below = Assert.Throws<DitException>(() =>
                AtomicFolder.Write(folder["b"] + "/", inside =>
                    AtomicFile.Write(Path.Combine(inside, "c.txt"), _ => throw wrap(new IOException(reason)))));
            Assert.Equal($"Cannot write '{folder["b"]}/c.txt': {reason}.", below.Message);
        }
        Assert.Empty(folder.Files);
    }

    [UnixFact("Windows names are limited in another way.")]
    public void A_name_that_is_too_long_is_refused_before_anything_is_written()
    {
        var path = folder[new string('n', 300)];
        var expected = $"Cannot write '{path}': the path is longer than the file system allows, or a name in it is.";
        Assert.Equal(expected, Assert.Throws<DitException>(() => AtomicFile.RequireWritable(path)).Message);
        Assert.Equal(expected,
            Assert.Throws<DitException>(() => AtomicFile.Write(path, _ => Assert.Fail("Nothing is to be written."))).Message);
        Assert.Equal(
            expected.Replace("Cannot write", "The folder").Replace("':", "' cannot be created:"),
            Assert.Throws<DitException>(() => AtomicFile.CreateFolder(path)).Message);
    }

    [Fact]
    public void The_longest_name_that_the_file_system_takes_can_be_written()
    {
        var path = folder[new string('n', 255)];
        AtomicFile.WriteText(path, "x");
        Assert.Equal("x", File.ReadAllText(path));
    }

    [Fact]
    public void A_folder_that_is_missing_or_none_is_named_with_the_path()
    {
        var missing = Assert.Throws<DitException>(() => AtomicFile.WriteText(folder["no/such/a.txt"], "x"));
        Assert.Equal($"Cannot write '{folder["no/such/a.txt"]}': the folder '{folder["no/such"]}' does not exist.", missing.Message);

        folder.Write("file", [1]);
        var none = Assert.Throws<DitException>(() => AtomicFile.WriteText(folder["file/a.txt"], "x"));
        Assert.Contains($"'{folder["file"]}' is a file, not a folder", none.Message);

        var refused = Assert.Throws<DitException>(() => AtomicFile.WriteText(folder.Root, "x"));
        Assert.Contains("it is a folder", refused.Message);
        Assert.Throws<DitException>(() => AtomicFile.WriteText("", "x"));
        Assert.Throws<DitException>(() => AtomicFile.WriteText("a\0b", "x"));
    }

    [Fact]
    public void Asking_whether_a_file_can_be_written_changes_nothing()
    {
        folder.Write("a.txt", "old"u8.ToArray());
        AtomicFile.RequireWritable(folder["a.txt"]);
        AtomicFile.RequireWritable(folder["b.txt"]);
        Assert.Throws<DitException>(() => AtomicFile.RequireWritable(folder.Root));
        Assert.Throws<DitException>(() => AtomicFile.RequireWritable(folder["no/b.txt"]));
        Assert.Equal(["a.txt"], folder.Files);
        Assert.Equal("old", File.ReadAllText(folder["a.txt"]));
    }

    [LinuxFact("Only Linux has /proc, which takes no files.")]
    public void A_folder_that_takes_no_files_is_named_with_the_path()
    {
        var e = Assert.Throws<DitException>(() => AtomicFile.WriteText("/proc/a.txt", "x"));
        Assert.StartsWith("Cannot write '/proc/a.txt': ", e.Message);
        Assert.Equal(e.Message, Assert.Throws<DitException>(() => AtomicFile.RequireWritable("/proc/a.txt")).Message);
        Assert.DoesNotContain(".tmp", e.Message);
    }
}
