using System.Diagnostics;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>What of a run is there to be looked at: samples, the page, and the proof that it can be resumed.</summary>
internal sealed partial class TrainVisitor
{
    private string Page => Path.Combine(folder.Path, ReportPage.FileName);

    private Trainer TrainerOf(TrainingRecipe recipe, TrainingFolder folder, AutoencoderKL? decoder) => new(recipe, folder)
    {
        Workers = settings.Workers,
        Decoder = decoder,
        OnSpike = settings.OnSpike,
        Notice = context.Notice,
    };

    /// <summary>What makes pictures of latents; null where none are drawn, or nothing was named.</summary>
    private AutoencoderKL? Decoder(ModelCard card)
    {
        if (settings.Autoencoder is not { } file) return null;
        if (card.Autoencoder is not { } autoencoder)
            throw new DitException($"{card.Name} draws pixels, with no autoencoder: leave --vae out.");
        return verify || folder.SampleEvery == 0 ? null : AutoencoderKL.Load(file, autoencoder, device, notice: context.Notice);
    }

    private string? NoSamples(ModelCard card) => folder.SampleEvery == 0 || card.IsPixelSpace || settings.Autoencoder is not null
        ? null
        : $"No samples are drawn: {card.Name} draws latents, and --vae FILE makes pictures of them.";

    /// <summary>What lies in the folder beside the files of the trainer.</summary>
    private IEnumerable<string> Written() =>
        ((string[])[folder.Samples, Page, Path.Combine(folder.Path, RunSession.FileName)]).Where(static path => Path.Exists(path));

    /// <summary>Trains, and leaves the record of this session and the page of the run, however it ends.</summary>
    private TrainingResult Recorded(Func<TrainingResult> train)
    {
        var (session, clock) = (RunSession.Begin($"{context.Name.Value} {ShowVersion.OfProgram}", device), Stopwatch.StartNew());
        session = session with
        {
            FirstStep = from?.Step ?? 0,
            Data = Path.GetFullPath(data),
            Autoencoder = settings.Autoencoder is { } file ? Path.GetFullPath(file) : null,
        };
        try
        {
            var result = train();
            Record(session, clock.Elapsed);
            return result;
        }
        catch (DitException mistake)
        {
            Record(session with { Failure = mistake.Message }, clock.Elapsed);
            throw;
        }
    }

    // A page that cannot be written is no reason to lose the message of what ended the run.
    private void Record(RunSession session, TimeSpan elapsed)
    {
        if (!File.Exists(folder.Checkpoint)) return; // nothing was trained that is there to be seen
        try
        {
            (session with { Seconds = elapsed.TotalSeconds }).AppendTo(folder.Path);
            ReportPage.Write(folder.Path, target: null, context.Name);
        }
        catch (Exception e) when (e is DitException or IOException or UnauthorizedAccessException)
        {
            context.Notice($"There is no {ReportPage.FileName}: {e.Message}");
        }
    }

    private int Verify<TModel, TCondition, TProcess>(TrainingSet<TCondition> images, TrainingRecipe recipe)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var steps = Math.Min(ResumeProof.UsualSteps, recipe.Steps);
        if (steps < 2) throw new DitException("A run of 1 step cannot be interrupted: --verify-resume needs --steps 2 or more.");
        var proof = new ResumeProof(Train, steps);
        var verdict = Progress.Show(context, progress =>
        {
            progress.Report(new(0.01, $"training {steps} steps twice"));
            return proof.Run(folder);
        });
        var compared =
            $"{Amount.Of(verdict.Tensors, "tensor")} ({Amount.Bytes(verdict.Bytes)}: weights, averages, moments and losses) and the "
            + $"metrics of {Amount.Of(verdict.Steps, "step")}";
        if (verdict.Difference is { } difference)
        {
            context.Say(
                $"{steps} steps of {TModel.Card.Name}, stopped after step {steps / 2} and resumed, differ from {steps} without a break; "
                    + $"the first difference is {difference}. Compared were {compared}.");
            return DitCommand.InternalError;
        }
        context.Out.WriteLine(
            $"Verified: {steps} steps of {TModel.Card.Name}, stopped after step {steps / 2} and resumed from the checkpoint, give the same "
                + $"bits as {steps} without a break. Compared were {compared}.");
        return 0;

        void Train(TrainingFolder into, TrainingCheckpoint? from, int until)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
            using var model = TModel.Create(device, seed: recipe.Seed);
            if (from is null) Start<TModel>()?.Fill(model);
            var watch = new Watch(now => { if (now.Step >= until) stop.Cancel(); });
            TrainerOf(recipe, into, decoder: null).Run<TModel, TCondition, TProcess>(model, images, watch, stop.Token, from: from);
            context.Cancellation.ThrowIfCancellationRequested();
        }
    }

    private sealed class Watch(Action<TrainingProgress> see) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => see(value);
    }
}
