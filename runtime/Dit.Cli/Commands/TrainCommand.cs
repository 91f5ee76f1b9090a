using System.CommandLine;
using System.Globalization;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary><c>dit train</c>: a model from a folder of images.</summary>
internal static class TrainCommand
{
    public static Command Create(CommandContext context)
    {
        var (recipe, standard) = (new TrainingRecipe(), new TrainingFolder(""));
        var data = new Option<string>("--data", "-d") { Description = "A folder with one folder of images for each class; for a model without classes, any folder of images.", HelpName = "DIR", Required = true };
        var model = CommonOptions.Model(context);
        var folder = new Option<string>("--out", "-o") { Description = "The folder for checkpoint, weights and losses.", HelpName = "DIR", Required = true };
        var steps = CommonOptions.Number("--steps", "Optimiser steps.", recipe.Steps);
        var batch = CommonOptions.Number("--batch", "Images of one step.", recipe.BatchSize);
        var rate = CommonOptions.Number("--lr", "Learning rate of AdamW.", recipe.LearningRate);
        var decay = CommonOptions.Number("--ema", "Decay of the moving average of the weights.", recipe.EmaDecay);
        var weightDecay = CommonOptions.Number("--weight-decay", "Decoupled weight decay of AdamW.", recipe.WeightDecay);
        var warmup = CommonOptions.Number("--warmup", "Steps over which the learning rate rises.", recipe.WarmupSteps);
        var clip = CommonOptions.Number<double>("--clip", "Largest norm of the gradient; without it, none is too large.");
        var seed = CommonOptions.Number("--seed", "The same seed gives the same weights.", recipe.Seed);
        var every = CommonOptions.Number("--save-every", "Steps from one checkpoint to the next.", standard.SaveEvery);
        var type = CommonOptions.RealType("--weights-dtype", "Type of the finished weights.");
        var flip = new Option<bool>("--flip") { Description = "Mirror half of the images.", DefaultValueFactory = _ => recipe.HorizontalFlip };
        var noFlip = new Option<bool>("--no-flip") { Description = "Never mirror an image." };
        var device = CommonOptions.Device();
        var command = new Command("train", """
            Train a model on a folder of images, by the recipe of the DiT paper unless told otherwise.

            A run that is stopped leaves a checkpoint that 'dit sample' takes; it cannot be resumed in this version.
            """)
        {
            data, model, folder, steps, batch, rate, weightDecay, decay, warmup, clip, seed, every, type, flip, noFlip, device,
        };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            return context.FindModel(parsed.GetRequiredValue(model)).Accept(new Visitor(
                context,
                parsed.GetRequiredValue(data),
                new TrainingRecipe
                {
                    Steps = parsed.GetValue(steps),
                    BatchSize = parsed.GetValue(batch),
                    LearningRate = parsed.GetValue(rate),
                    WeightDecay = parsed.GetValue(weightDecay),
                    EmaDecay = parsed.GetValue(decay),
                    WarmupSteps = parsed.GetValue(warmup),
                    GradientClip = parsed.GetValue(clip),
                    Seed = parsed.GetValue(seed),
                    HorizontalFlip = parsed.GetValue(flip) && !parsed.GetValue(noFlip),
                },
                new TrainingFolder(AtomicFile.FullPath(parsed.GetRequiredValue(folder)), parsed.GetValue(every), CommonOptions.RealTypes[parsed.GetRequiredValue(type)]),
                CommonOptions.ParseDevice(parsed.GetRequiredValue(device))));
        });
        return command;
    }

    private sealed class Visitor(CommandContext context, string data, TrainingRecipe recipe, TrainingFolder folder, Device device) : IModelVisitor<int>
    {
        public int VisitClassConditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
        {
            Check(TModel.Card);
            var images = ImageFolder.Open(data);
            return Train<TModel, ClassLabels>(TrainingSet.Of(images, TModel.Card.Input), $" of {Amount.Of(images.Classes.Count, "class", "classes")}");
        }

        public int VisitTextConditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> =>
            throw new DitException($"{TModel.Card.Name} is conditioned on text, and 'dit train' knows images and classes only: train it from code, as docs/training.md shows.");

        public int VisitUnconditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel>
        {
            Check(TModel.Card);
            return Train<TModel, NoCondition>(TrainingSet.OfImages(ImageFolder.OpenUnlabelled(data), TModel.Card.Input), "");
        }

        private void Check(ModelCard card)
        {
            if (card.Autoencoder is { } autoencoder)
                throw new DitException($"{card.Name} works on the latents of {autoencoder.Name}, and training starts from pixels: train a model without an autoencoder.");
            recipe.Validate();
        }

        private int Train<TModel, TCondition>(TrainingSet<TCondition> images, string classes)
            where TModel : nn.Module, IModel<TModel>, IConditionedOn<TCondition>
            where TCondition : ICondition<TCondition>
        {
            context.Out.WriteLine($"Training {TModel.Card.Name} ({Amount.Of(TModel.Card.Parameters, "parameter")}) on {Amount.Of(images.Count, "image")}{classes}");
            if (SlowAverage(recipe) is { } warning) context.Out.WriteLine(warning);
            using var model = TModel.Create(device, seed: recipe.Seed);
            var trainer = new Trainer(recipe, folder);
            return Report(Progress.Show(context, progress => trainer.Run(model, images, progress.Select<TrainingProgress>(Describe), context.Cancellation)));
        }

        private int Report(TrainingResult result)
        {
            if (!result.Cancelled)
            {
                foreach (var file in result.Files) context.Out.WriteLine($"Wrote {file}");
                return 0;
            }
            var kept = result.Files.Count == 0 ? "nothing was written" : $"the checkpoint is in {folder.Checkpoint}";
            context.Error.WriteLine($"dit: stopped after step {result.Step} of {recipe.Steps}; {kept}.");
            return DitCommand.Stopped;
        }
    }

    /// <summary>A warning where the finished weights, which are the moving average, would still be much like the untrained start.</summary>
    internal static string? SlowAverage(TrainingRecipe recipe)
    {
        const double Enough = 5; // e^-5: less than a hundredth of the start is left
        var start = Math.Pow(recipe.EmaDecay, recipe.Steps);
        if (start <= Math.Exp(-Enough)) return null;
        var fitting = Math.Floor(Math.Max(0, 1 - Enough / recipe.Steps) * 1e4) / 1e4;
        return string.Create(CultureInfo.InvariantCulture,
            $"Warning: with --ema {recipe.EmaDecay} the weights after {Amount.Of(recipe.Steps, "step")} are still {start:P0} the untrained start; --ema {fitting} fits so short a run.");
    }

    private static WorkProgress Describe(TrainingProgress now) => new((double)now.Step / now.Steps, string.Create(CultureInfo.InvariantCulture,
        $"step {now.Step}/{now.Steps}  loss {now.Losses.Total:F4} (mse {now.Losses.Mse:F4}, vb {now.Losses.VariationalBound:F4})  {now.StepsPerSecond:F2} steps/s  {now.ImagesPerSecond:F0} images/s"));
}
