namespace Dit.Consumer.Tests;

/// <summary>The files of a project that somebody makes from nothing.</summary>
internal static class ConsumerProject
{
    public const string Spec = """
        model: Tiny
        depth: 2
        width: 32
        heads: 4
        patch_size: 4
        input: { channels: 3, size: 16 }
        conditioning: { variant: adaln-zero, classes: 10, dropout: 0.1 }
        diffusion: { prediction: start-x, variance: fixed-small, schedule: squared-cosine, timesteps: 1000 }
        samplers:
          ddim-4: { method: ddim, steps: 4, eta: 0 }

        """;

    /// <summary>Samples a fresh model, and writes the picture that is named.</summary>
    public static string Sampling(string @namespace) => $"""
        using {@namespace};
        using Dit.Runtime;

        using var model = Tiny.Create(seed: 1);
        using var images = Tiny.Samplers.Ddim4.Sample(model, [3, 3, 8], guidance: 2.0, seed: 0);
        ImageGrid.Write(args[0], images);
        Console.WriteLine(Tiny.Card.Parameters + " parameters, " + string.Join(" x ", images.shape));

        """;

    /// <summary>
    /// Trains for two steps, which writes and reads every kind of file, and draws with what came of it.
    /// </summary>
    public static string Training(string @namespace) => $$"""
        using {{@namespace}};
        using Dit.Runtime;

        ShapesDataset.Write("data", count: 20, seed: 0, size: 16);
        var images = ImageFolder.Open("data");
        using var model = Tiny.Create(seed: 1);
        new Trainer(new TrainingRecipe { Steps = 2, BatchSize = 4 }, new TrainingFolder("run")).Run(model, TrainingSet.Of(images, Tiny.Card.Input));
        using var trained = Tiny.Load("run/weights.safetensors");
        using var samples = Tiny.Samplers.Ddim4.Sample(trained, [3, 3, 8], guidance: 2.0, seed: 0);
        ImageGrid.Write(args[0], samples);
        try { Tiny.Load("nowhere.safetensors"); }
        catch (DitException e) { Console.WriteLine(e.Message); } // of Dit.Checkpoints, whose using the package brings
        Console.WriteLine(Tiny.Card.Parameters + " parameters, " + string.Join(" x ", samples.shape));

        """;

    /// <summary>What both programs write at the end.</summary>
    public const string Printed = " parameters, 3 x 3 x 16 x 16\n";

    /// <summary>A project file: a program, or a library when it has no references to run with.</summary>
    public static string File(string output, params IEnumerable<string> references) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>{output}</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <TreatWarningsAsErrors Condition="'$(PublishTrimmed)' != 'true'">true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            {string.Join("\n    ", references)}
          </ItemGroup>
        </Project>

        """;

    public static string Package(string id, string version) => $"""<PackageReference Include="{id}" Version="{version}" />""";

    /// <summary>The two packages that a project with specs needs.</summary>
    public static IEnumerable<string> Packages(string version) => [Package("Dit.Gen", version), Package("Dit.Runtime", version)];

    /// <summary>libtorch for this machine.</summary>
    public static string LibTorch => Package($"libtorch-cpu-{Built.Platform}", Built.LibTorchVersion);

    public static void Write(this Shell folder, string name, string text)
    {
        var path = Path.Combine(folder.Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? folder.Folder);
        System.IO.File.WriteAllText(path, text);
    }

    /// <summary>Width and height of a PNG file, from its header.</summary>
    public static (int Width, int Height) Picture(this Shell folder, string name)
    {
        var bytes = System.IO.File.ReadAllBytes(Path.Combine(folder.Folder, name));
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], bytes[..4]);
        return (At(16), At(20));

        int At(int offset) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(offset));
    }
}
