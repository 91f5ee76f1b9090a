namespace Dit.Spec.Tests;

/// <summary>How a spec is written down: line ends, marks and layout that mean nothing, and slips that do.</summary>
public class TextTests
{
    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Line_ends_do_not_matter_and_places_count_them_once(string lineEnd)
    {
        Assert.Equal(Specs.Model(Specs.Tiny), Specs.Model(Specs.Tiny.Replace("\n", lineEnd)));
        var spec = Specs.Tiny.Replace("heads: 4", "heads: 5").Replace("\n", lineEnd);

        var at = Assert.Single(SpecFile.Parse(spec).Errors).At;

        Assert.Equal((3, 8, "32"), (at.Line, at.Column, spec.Substring(at.Start, at.Length)));
    }

    [Fact]
    public void A_byte_order_mark_does_not_matter_and_offsets_count_it()
    {
        Assert.Equal(Specs.Model(Specs.Tiny), Specs.Model("\uFEFF" + Specs.Tiny));
        var spec = "\uFEFF" + Specs.Tiny.Replace("heads: 4", "heads: 5");

        var at = Assert.Single(SpecFile.Parse(spec).Errors).At;

        Assert.Equal((3, 8, "32"), (at.Line, at.Column, spec.Substring(at.Start, at.Length)));
    }

    [Theory]
    [InlineData("---\n", "")]
    [InlineData("---\n", "\n...\n")]
    [InlineData("# a comment\twith a tab\n\t\n\t# and one behind a tab\n", "")]
    public void Document_marks_comments_and_blank_lines_do_not_matter(string before, string behind) =>
        Assert.Equal(Specs.Model(Specs.Tiny), Specs.Model(before + Specs.Tiny + behind));

    [Fact]
    public void A_word_that_yaml_reads_as_something_else_is_a_name_when_it_is_quoted() =>
        Assert.Equal("no", Specs.Model(Specs.Tiny.Replace("model: Tiny/2", "model: \"no\"")).Name);

    [Fact]
    public void Every_anchor_alias_and_tag_is_reported() => Assert.Equal(
        [("DIT012", 1), ("DIT012", 2), ("DIT012", 4)],
        SpecFile
            .Parse(
                Specs
                    .Tiny.Replace("model: Tiny/2", "model: &a Tiny")
                    .Replace("depth: 2", "depth: !!int 2")
                    .Replace("heads: 4", "heads: *a"))
            .Errors.Select(static e => (e.Rule.Id, e.At.Line)));

    [Fact]
    public void A_message_shows_a_long_or_invisible_text_short_and_visible()
    {
        var error = Assert.Single(
            SpecFile.Parse(Specs.Tiny.Replace("autoencoder: none", $"autoencoder: \"\\u200b{new string('x', 5000)}\"")).Errors);

        Assert.StartsWith("'autoencoder' cannot be '\\u200bxxxx", error.Message);
        Assert.True(error.Message.Length < 250);
    }

    [Fact]
    public void A_file_that_is_far_too_long_is_refused_before_it_is_read() =>
        Assert.Contains("characters; a spec has at most 100000", Assert.Single(SpecFile.Parse(Specs.Tiny + new string('\n', 100_000))
            .Errors).Message);

    [Fact]
    public void A_name_has_a_length_that_compilers_and_file_systems_take()
    {
        Assert.Empty(SpecFile.Parse(Specs.Tiny.Replace("model: Tiny/2", $"model: {new string('a', 100)}")).Errors);
        Assert.Equal(
            "DIT008",
            Assert.Single(SpecFile.Parse(Specs.Tiny.Replace("model: Tiny/2", $"model: {new string('a', 101)}")).Errors).Rule.Id);
    }

    [Fact]
    public void A_model_of_a_hundred_samplers_is_legal_and_one_more_is_too_many()
    {
        static string Samplers(int count) =>
            "samplers:\n"
            + string.Concat(
                Enumerable.Range(2, count).Select(static i => FormattableString.Invariant($"  ddim-{i}: {{ method: ddim, steps: {i} }}\n"))
            );

        Assert.Equal(100, Specs.Model(Specs.With(Samplers(100))).Samplers.Count);
        Assert.Equal(
            "'samplers' has 101 entries; at most 100 are possible",
            Assert.Single(SpecFile.Parse(Specs.With(Samplers(101))).Errors).Message);
    }

    [Fact]
    public void A_sampler_of_a_diffusion_does_not_fit_a_flow() => Assert.Contains(
        SpecFile.Parse(Specs.With("diffusion: { prediction: velocity, variance: none, schedule: flow-vp }")).Errors,
        static e => e.Rule == Rule.SamplerFitsProcess && e.Message.StartsWith("This is a sampler of Gaussian diffusions"));

    [Fact]
    public void Ancestral_sampling_with_euler_s_method_is_of_diffusions_only()
    {
        const string Sampler = "\nsamplers:\n  a: { method: euler-ancestral, steps: 20, spacing: karras }";
        var spec = Specs.Model(Specs.With("diffusion: { schedule: linear }" + Sampler));
        Assert.Equal(new SamplerMethod.EulerAncestral(StepSpacing.Karras), Assert.Single(spec.Samplers).Method);
        var error = Assert.Single(SpecFile.Parse(Specs.With("diffusion: { schedule: flow-vp }" + Sampler)).Errors);
        Assert.Equal(
            (Rule.SamplerFitsProcess, "This is a sampler of Gaussian diffusions, and the model's process is a flow; use euler, dopri5, "
                + "dpm-solver++ or sde-euler"),
            (error.Rule, error.Message));
        Assert.Equal(16, error.At.Column);
    }

    [Fact]
    public void The_multistep_methods_have_orders_up_to_three() => Assert.All(
        (SamplerMethod.Multistep[])
            [
                new SamplerMethod.DpmSolverPlusPlus(3), new SamplerMethod.SdeDpmSolverPlusPlus(3), new SamplerMethod.DpmSolver(3),
                new SamplerMethod.UniPc(3), new SamplerMethod.Deis(3), new SamplerMethod.Lms(3),
            ],
        static method => Assert.Equal(
            method,
            Assert.Single(Specs.Model(Specs.With($"samplers:\n  a: {{ method: {method.Word}, steps: 20, order: 3 }}")).Samplers).Method));

    [Fact]
    public void A_flow_schedule_makes_the_model_a_flow_that_predicts_the_velocity() => Assert.Equal(
        Prediction.Velocity,
        Assert.IsType<ProcessSpec.Flow>(Specs.Model(Specs.With("diffusion: { schedule: flow-vp }\nsamplers: {}")).Process).Prediction);
}
