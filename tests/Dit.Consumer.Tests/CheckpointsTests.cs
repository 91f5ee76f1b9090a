using System.Text.RegularExpressions;

namespace Dit.Consumer.Tests;

/// <summary>A program that has only the package Dit.Checkpoints, and libtorch.</summary>
public sealed partial class CheckpointsTests(Packed packed) : IClassFixture<Packed>
{
    // The sum of a tensor's elements, each times its place in row-major order: a tensor that is read in a wrong order
    // has a different one.
    private const string Program = """
        using Dit.Checkpoints;
        using static TorchSharp.torch;

        foreach (var argument in args)
        {
            var (path, names) = (argument.Split('=')[0], argument.Split('=')[1].Split(','));
            using var file = CheckpointFile.Open(path);
            foreach (var name in names)
            {
                using var scope = NewDisposeScope();
                var tensor = file.Read(name, dtype: ScalarType.Float64).reshape(-1);
                var sum = (tensor * arange(1, tensor.shape[0] + 1)).sum().item<double>();
                Console.WriteLine($"{Path.GetFileName(path)} {name}: {file.Tensors[name]}, {sum:F4}");
            }
            SafeTensors.Save("converted.safetensors", file);
            using var converted = CheckpointFile.Open("converted.safetensors");
            Console.WriteLine($"{converted.Tensors.Count} tensors");
        }
        try
        {
            CheckpointFile.Open("Program.cs");
        }
        catch (DitException e)
        {
            Console.WriteLine(e.Message);
        }

        """;

    // Computed from the definitions in golden/torch/make_fixtures.py, and for the safetensors file with Python's struct
    // and math.fsum.
    private static readonly (string File, string Sums, int Tensors)[] Golden =
    [
        ("torch/lightning.pt", "state_dict.first_stage_model.encoder.conv_in.weight: Float32 (2, 2), 20.0000", 2),
        ("torch/lightning.legacy.pt", "state_dict.first_stage_model.encoder.conv_in.weight: Float32 (2, 2), 20.0000", 2),
        ("torch/training.pt", "ema.weight: Float32 (2, 3), 70.0000; ema.bias: Float32 (2,), 3.0000", 10),
        ("dit/dit-p8.safetensors", "act.x_embedder: Float32 (4, 4, 24), -865.8631; act.t_embedder: Float32 (4, 24), -153.1401", 59),
    ];

    [Fact]
    public void Alone_it_reads_the_files_of_PyTorch_and_safetensors_into_tensors()
    {
        var folder = Project("checkpoints", ConsumerProject.LibTorch);
        folder.Dotnet("build", "--verbosity", "quiet").Succeeds();

        string[] arguments = [.. Golden.Select(static golden => Path.Combine(Built.Root, "tests", "golden", golden.File)
            + "=" + string.Join(',', Names().Matches(golden.Sums).Select(static name => name.Value)))];
        IEnumerable<string> lines = Golden.SelectMany(static golden => golden.Sums.Split("; ")
            .Select(line => $"{Path.GetFileName(golden.File)} {line}\n").Append($"{golden.Tensors} tensors\n"));
        Assert.Equal(
            string.Concat(lines) + "'Program.cs' starts with the text 'using Di', as no checkpoint does; "
                + "a safetensors file, one of torch.save or an index of shards is accepted.\n",
            folder.Dotnet(["run", "--no-build", "--", .. arguments]).Succeeds());
    }

    [Fact]
    public void A_program_without_libtorch_is_an_error_that_says_what_to_add()
    {
        var told = Project("checkpoints-alone").Dotnet("build", "--verbosity", "quiet").Fails(1);
        Assert.Contains("error DIT901: Consumer is a program without libtorch", told, StringComparison.Ordinal);
        Assert.Contains(ConsumerProject.LibTorch, told, StringComparison.Ordinal);
    }

    // The README is what a stranger copies from.
    [Fact]
    public void The_program_of_its_readme_compiles()
    {
        var readme = System.Text.Encoding.UTF8.GetString(packed.Read("Dit.Checkpoints", "README.md"));
        var program = Block().Matches(readme).Single(static block => block.Groups[1].Value == "csharp").Groups[2].Value;
        var references = Block().Matches(readme).Single(static block => block.Groups[1].Value == "xml").Groups[2].Value;
        var folder = packed.EmptyFolder("checkpoints-readme");
        folder.Write("Consumer.csproj", ConsumerProject.File("Exe", references));
        folder.Write("Program.cs", Usings().Replace(program, static usings => $"{usings.Value}using var model = nn.Linear(64, 10);\n", 1));
        folder.Dotnet("build", "--verbosity", "quiet").Succeeds();
    }

    private Shell Project(string name, params string[] more)
    {
        var folder = packed.EmptyFolder(name);
        folder.Write("Consumer.csproj", ConsumerProject.File("Exe", [ConsumerProject.Package("Dit.Checkpoints", packed.Version), .. more]));
        folder.Write("Program.cs", Program);
        return folder;
    }

    [GeneratedRegex(@"[\w.]+(?=: )")]
    private static partial Regex Names();

    [GeneratedRegex(@"```(\w+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"(?:using [^\n=]*;\n)+")]
    private static partial Regex Usings();
}
