using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Dit.Generator.Tests;

/// <summary>The program of docs/serving.md.</summary>
public class ServingPageTests
{
    // What a web project has without writing it.
    private const string Implicit = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        global using Consumer;
        global using Dit.Checkpoints;
        """;

    [Fact]
    public void The_program_compiles_without_a_warning()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "serving.md"));
        var program = Assert.Single(Regex.Matches(page, "```csharp\n(.*?)```", RegexOptions.Singleline)).Groups[1].Value;
        var models = Generate.From(
            new SpecText("shapes.dit.yaml", File.ReadAllText(Path.Combine(Repository.Root, "definitions", "shapes.dit.yaml"))));

        Assert.Empty(models.ComplaintsOfProgram(AspNet(), Implicit, program));
        // It is looked at: a name that does not exist is one.
        Assert.Contains(
            models.ComplaintsOfProgram(AspNet(), Implicit, program.Replace("WritePng", "WritePgn", StringComparison.Ordinal)),
            static complaint => complaint.Contains("WritePgn", StringComparison.Ordinal));
    }

    // Every .NET SDK brings it beside the runtime that these tests run on.
    private static IEnumerable<MetadataReference> AspNet()
    {
        var shared = Path.GetFullPath(
            Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location) ?? "", "..", "..", "Microsoft.AspNetCore.App"));
        var newest = Directory
            .GetDirectories(shared)
            .OrderBy(static folder =>
                Version.TryParse(Path.GetFileName(folder).Split('-')[0], out var version) ? version : new Version(0, 0))
            .Last();
        return Directory.GetFiles(newest, "*.dll").Select(static file => MetadataReference.CreateFromFile(file));
    }
}
