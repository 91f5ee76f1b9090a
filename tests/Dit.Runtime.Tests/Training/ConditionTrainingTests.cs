using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Training of every kind of condition by the same code.</summary>
public sealed class ConditionTrainingTests : IDisposable
{
    private const int Images = 12;

    private static readonly TrainingRecipe Short = new() { Steps = 100, BatchSize = 8, LearningRate = 5e-3, EmaDecay = 0.5, Seed = 5 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Images of one brightness, one of three.</summary>
    private static Tensor Brightness(int[] indices)
    {
        using var scope = NewDisposeScope();
        return (tensor(Array.ConvertAll(indices, i => (float)(i % 3))) - 1)
            .view(-1, 1, 1, 1)
            .expand(-1, 3, 4, 8)
            .contiguous()
            .MoveToOuterDisposeScope();
    }

    /// <summary>The text of an image says its brightness in every number.</summary>
    private static TextEmbeddings Text(int[] indices)
    {
        using var scope = NewDisposeScope();
        return new(
            (tensor(Array.ConvertAll(indices, i => (float)(i % 3))) - 1)
                .view(-1, 1, 1)
                .expand(-1, 3, 6)
                .contiguous()
                .MoveToOuterDisposeScope());
    }

    private static TrainingSet<TextEmbeddings> WithTexts =>
        TrainingSet.OfTexts(Images, static (indices, _) => (Brightness(indices), Text(indices)));

    private static TrainingSet<NoCondition> Alone => TrainingSet.OfImages(Images, static (indices, _) => Brightness(indices));

    private static TrainingSet<ClassLabels> WithClasses => TrainingSet.OfClasses(
        Images, ["dark", "gray", "bright"], static (indices, _) => (Brightness(indices), tensor(Array.ConvertAll(indices, i => i % 3L))));

    /// <summary>The mean squared error of each step.</summary>
    private double[] Losses<TModel, TCondition>(TrainingSet<TCondition> data)
        where TModel : nn.Module, IModel<TModel, TCondition, GaussianDiffusion>
        where TCondition : ICondition<TCondition>
    {
        using var model = TModel.Create();
        var progress = new Each<TrainingProgress>();
        new Trainer(Short, new TrainingFolder(folder[typeof(TModel).Name])).Run(model, data, progress);
        return [.. progress.Seen.Select(at => at.Losses.Mse)];
    }

    [Fact]
    public void A_hundred_steps_lower_the_loss_whatever_the_condition()
    {
        Assert.All(
            [
                Losses<OfText, TextEmbeddings>(WithTexts),
                Losses<OfPooledText, TextEmbeddings>(WithTexts),
                Losses<OfTextAlways, TextEmbeddings>(WithTexts),
                Losses<OfClasses, ClassLabels>(WithClasses),
                Losses<OfNothing, NoCondition>(Alone),
            ],
            static mse =>
            {
                Assert.Equal(100, mse.Length);
                Assert.True(mse[^20..].Average() < 0.8 * mse[..20].Average(), $"{mse[..20].Average()} to {mse[^20..].Average()}");
            });
    }

    [Fact]
    public void A_hundred_steps_leave_no_tensor_behind()
    {
        using var text = OfText.Create();
        using var always = OfTextAlways.Create();
        using var nothing = OfNothing.Create();
        var before = LiveTensors.Count();
        new Trainer(Short, new TrainingFolder(folder["text"])).Run(text, WithTexts);
        Assert.Equal(before, LiveTensors.Count());
        new Trainer(Short, new TrainingFolder(folder["always"])).Run(always, WithTexts);
        Assert.Equal(before, LiveTensors.Count());
        new Trainer(Short, new TrainingFolder(folder["nothing"])).Run(nothing, Alone);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void What_a_step_hides_depends_on_the_seed_and_its_number_alone_and_is_the_same_for_texts_and_classes()
    {
        var whole = Drawn(Short, OfText.Card, WithTexts);
        Assert.Equal(whole, Drawn(Short with { Steps = 7, LearningRate = 1 }, OfText.Card, WithTexts));
        Assert.NotEqual(whole, Drawn(Short with { Seed = 6 }, OfText.Card, WithTexts));
        Assert.InRange(whole.Average(static hidden => hidden ? 1.0 : 0), 0.15, 0.35);

        var labels = StepInput.Sequence(Short, OfClasses.Card, OfClasses.Process, WithClasses).Take(50).SelectMany(input =>
        {
            using (input) return input.Condition.Values.data<long>().ToArray();
        });
        Assert.Equal(whole, labels.Select(static label => label == OfClasses.Card.NullClass));

        static bool[] Drawn(TrainingRecipe recipe, ModelCard card, TrainingSet<TextEmbeddings> data) =>
            [.. StepInput.Sequence(recipe, card, OfText.Process, data).Take(50).SelectMany(input =>
            {
                using (input) return Marks(input.Condition);
            })];
    }

    [Fact]
    public void Texts_keep_their_values_and_stay_hidden_where_the_data_hid_them()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        var texts = new TextEmbeddings(Text([0, 1, 2]).Values, tensor(new[] { false, true, false }));
        var never = texts.Drop(OfText.Card with { Condition = new ModelCondition.Text(3, 6, 1e-9) }, random);
        Assert.Equal([false, true, false], Marks(never));
        var all = texts.Drop(OfText.Card with { Condition = new ModelCondition.Text(3, 6, 1) }, random);
        Assert.Equal([true, true, true], Marks(all));
        Assert.True(all.Values.equal(texts.Values).all().item<bool>());
        Assert.Null(Text([0]).Drop(OfTextAlways.Card, random).DropMask);
    }

    private static bool[] Marks(TextEmbeddings texts) => texts.DropMask?.data<bool>().ToArray() ?? [];

    [Fact]
    public void A_step_draws_the_same_noise_and_timesteps_for_texts_and_classes()
    {
        using var text = StepInput.Sequence(Short, OfText.Card, OfText.Process, WithTexts).Skip(3).First();
        using var classes = StepInput.Sequence(Short, OfClasses.Card, OfClasses.Process, WithClasses).Skip(3).First();
        Assert.Equal(classes.Times, text.Times);
        Assert.Equal(classes.Noise.data<float>().ToArray(), text.Noise.data<float>().ToArray());
        Assert.Equal(classes.Images.data<float>().ToArray(), text.Images.data<float>().ToArray());
    }

    [Fact]
    public void Only_models_of_classes_write_class_names()
    {
        var few = Short with { Steps = 2 };
        using var text = OfText.Create();
        using var classes = OfClasses.Create();
        new Trainer(few, new TrainingFolder(folder["text"])).Run(text, WithTexts);
        new Trainer(few, new TrainingFolder(folder["classes"])).Run(classes, WithClasses);
        Assert.DoesNotContain(TrainingFolder.ClassesKey, Metadata("text").Keys);
        Assert.Equal("""["dark","gray","bright"]""", Metadata("classes")[TrainingFolder.ClassesKey]);
        using var loaded = OfText.Load(new TrainingFolder(folder["text"]).Weights);

        IReadOnlyDictionary<string, string> Metadata(string name)
        {
            using var file = SafeTensorsFile.Open(new TrainingFolder(folder[name]).Weights);
            return file.Metadata;
        }
    }

    [Fact]
    public void Texts_of_another_shape_end_the_run_at_its_first_step_and_leave_nothing()
    {
        using var model = OfText.Create();
        var data = TrainingSet.OfTexts(Images, static (indices, _) =>
            (Brightness(indices), new TextEmbeddings(zeros(indices.Length, 3, 5))));
        var error = Assert.Throws<DitException>(() => new Trainer(Short, new TrainingFolder(folder["run"])).Run(model, data));
        Assert.StartsWith("Of-Text: text must have the shape (8, 3, 6)", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void An_unconditional_model_learns_from_a_folder_of_plain_images()
    {
        foreach (var i in Enumerable.Range(0, 4))
            ImageFile.WritePng(folder[$"{i}.png"], RgbImage.Filled(8, 4, ((byte)(60 * i), 0, 0)));
        using var model = OfNothing.Create();
        var data = TrainingSet.OfImages(ImageFolder.OpenUnlabeled(folder.Root), OfNothing.Card.Input);
        Assert.Equal(4, data.Count);
        var result = new Trainer(Short with { Steps = 2, BatchSize = 4 }, new TrainingFolder(folder["run"])).Run(model, data);
        Assert.Equal((2, false), (result.Step, result.Cancelled));
    }
}
