using Dit.Generator.Emit;
using Dit.Spec;
using Dit.Testing;

namespace Dit.Generator.Tests;

/// <summary>A backbone that is only a description: the generator knows nothing else of it.</summary>
[Collection(nameof(Snapshot))]
public class TwoStreamTests
{
    private static readonly ModelSpec Model = Assert.Single(SpecFile.Parse(TwoStreamDescription.Spec).Models).Spec;

    private static readonly Description Description = TwoStreamDescription.Of(Model);

    private static string Source =>
        ModelEmitter.Emit(
            new ModelInput(Model, "two-stream.dit.yaml", false), Description, new Place("Consumer", IsListPublic: false, default, default));

    [Fact]
    public void Its_source_compiles_and_matches_its_snapshot()
    {
        Generate.In(new Project { Code = [Source] }).AssertCompiles();

        Snapshot.Verify(Source, "../../Dit.Runtime.Tests/Models/TwoStream.g", "cs");
    }

    [Fact]
    public void Its_shapes_fit() => Assert.Empty(Evaluation.Of(Description.Network).Errors);

    [Fact]
    public void A_session_says_why_it_cannot_fuse_its_steps() => Assert.Equal(
        "TwoStream: the tokens pass through the blocks in several streams, or through no list of them",
        SessionReading.Of(Description.Network).Match(static _ => "", static because => because));
}
