using System.Collections.Concurrent;
using CsCheck;
using Dit.Spec;
using Microsoft.CodeAnalysis;
using Xunit.Abstractions;

namespace Dit.Generator.Tests;

/// <summary>
/// Random specs, legal ones and damaged ones, through the generator: it never throws, an error says something about a
/// place in the text, and whatever C# it writes compiles, and whatever model it reads is read again from its canonical
/// text. The specs are the same in every run.
/// </summary>
public partial class PropertyTests(ITestOutputHelper output)
{
    private const int LegalSpecs = 1_000;
    private const int MutatedSpecs = 2_500;
    private const int Batch = 100;

    /// <summary>
    /// The syntax of every file is checked; types and names, which take most of the time, in one batch of so many.
    /// </summary>
    private const int BoundOnceIn = 8;

    [Fact]
    public void Random_and_mutated_specs_give_located_errors_or_csharp_that_compiles()
    {
        var found = new ConcurrentBag<Outcome>();
        Parallel.ForEach(Batches(), new ParallelOptions { MaxDegreeOfParallelism = 2 }, batch => found.Add(Check(batch)));

        var (valid, models, bound) = (found.Sum(static o => o.Valid), found.Sum(static o => o.Models), found.Sum(static o => o.Bound));
        var mutatedValid = valid - LegalSpecs;
        output.WriteLine(
            $"{LegalSpecs + MutatedSpecs} specs, {valid} valid ({mutatedValid} of {MutatedSpecs} mutated ones); {models} models written, "
                + $"{bound} of them compiled");
        Assert.InRange(mutatedValid / (double)MutatedSpecs, 0.08, 0.6); // less would test the reader only, more would hardly test it
        Assert.True(models >= LegalSpecs && bound >= 250, $"{models} models were written and {bound} compiled");
    }

    /// <param name="Index">Its place in the order of all.</param>
    /// <param name="IsLegal">Whether its specs are legal by construction.</param>
    private sealed record Batched(int Index, bool IsLegal, IReadOnlyList<string> Specs);

    /// <param name="Valid">Specs without an error.</param>
    /// <param name="Models">Models written.</param>
    /// <param name="Bound">Models compiled.</param>
    private sealed record Outcome(int Valid, int Models, int Bound);

    private static IEnumerable<Batched> Batches() =>
        Enumerable.Range(0, (LegalSpecs + MutatedSpecs) / Batch).Select(static batch =>
        {
            var random = new PCG(1, (ulong)batch);
            var legal = batch < LegalSpecs / Batch;
            return new Batched(
                batch,
                legal,
                [.. Enumerable.Range(0, Batch).Select(i => (legal ? Legal(i) : Mutated(i)).Generate(random, null, out _))]);
        });

    private static Outcome Check(Batched batch)
    {
        var files = batch.Specs.Select(static (spec, i) => new SpecText($"s{i}.dit.yaml", spec)).ToArray();
        var run = Generate.From(files);
        Assert.Null(run.Result.Exception); // the driver turns what a generator throws into a warning
        var read = batch.Specs.Select(static spec => (Spec: spec, File: SpecFile.Parse(spec))).ToArray();
        foreach (var (spec, file) in read)
            CheckErrors(spec, file, batch.IsLegal);

        var collisions = run.Diagnostics.Count(static d => d.Id == Rule.ModelNamesDiffer.Id);
        Assert.Equal(read.Sum(static r => r.File.Errors.Count + r.File.Warnings.Count), run.Diagnostics.Length - collisions);
        Assert.True(batch.IsLegal ? collisions == 0 : collisions < Batch);

        var complaints = batch.Index % BoundOnceIn == 0
            ? run.CompilerComplaints()
            : run.Result.GeneratedSources.SelectMany(static source => source.SyntaxTree.GetDiagnostics());
        if (complaints.FirstOrDefault() is { } complaint)
            Assert.Fail($"{complaint}\n\nof\n\n{Culprit(complaint, read)}");
        var models = run.Result.GeneratedSources.Length - 1; // and the list of them
        return new(read.Count(static r => r.File.Errors.Count == 0), models, batch.Index % BoundOnceIn == 0 ? models : 0);
    }

    private static void CheckErrors(string spec, SpecFile file, bool isLegal)
    {
        if (isLegal && file.Errors.Count > 0)
            Assert.Fail($"{file.Errors[0]}\n\nin a spec that is legal:\n\n{spec}");
        if (file.Errors.Count == 0 != file.Models.Count > 0)
            Assert.Fail($"{file.Errors.Count} errors and {file.Models.Count} models in\n\n{spec}");
        foreach (var error in file.Errors.Concat(file.Warnings))
            if (
                error.Message.Length < 10
                || error.Message.Length > 1000
                || error.Message.Any(char.IsControl)
                || error.At.Start < 0
                || error.At.Length < 0
                || error.At.Start + error.At.Length > spec.Length
                || error.At.Line < 1)
                Assert.Fail($"{error}\n\nin\n\n{spec}");
        foreach (var model in file.Models)
            if (
                SpecFile.Parse(SpecWriter.Write(model.Spec)) is not { Errors.Count: 0, Warnings.Count: 0, Models: [{ Spec: var read }] }
                || read != model.Spec)
                Assert.Fail($"{model.Spec}\n\nis written as\n\n{SpecWriter.Write(model.Spec)}\n\nof\n\n{spec}");
    }

    private static string Culprit(Diagnostic complaint, IEnumerable<(string Spec, SpecFile File)> read)
    {
        var file = Path.GetFileName(complaint.Location.SourceTree?.FilePath ?? "");
        var line = complaint.Location.SourceTree?.GetText().Lines[complaint.Location.GetLineSpan().StartLinePosition.Line].ToString();
        return line
            + "\n\n"
            + string.Join("\n\n", read.Where(r => r.File.Models.Any(m => $"{m.Spec.ClassName}.g.cs" == file)).Select(static r => r.Spec));
    }
}
