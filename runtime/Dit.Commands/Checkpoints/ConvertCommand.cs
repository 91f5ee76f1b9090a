using System.CommandLine;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary><c>dit convert</c>: a checkpoint under other names.</summary>
internal static class ConvertCommand
{
    private const string Description = """
        Write a checkpoint under other names: of the official code, of diffusers, or of dit.

        IN is whatever opens: .safetensors, .pt, a folder of diffusers, an index of shards. OUT is
          official    a .pt file as torch.save writes it, or a .safetensors file
          diffusers   a folder, to be used as DiTPipeline.from_pretrained(OUT, vae=...)
          dit         a .safetensors file that says which model it is of
        Weights are carried over bit for bit, with the adapters of --lora added where it is given. What computes with them is another matter: see docs/name-maps.md.
        """;

    public static Command Create(CommandContext context)
    {
        var from = new Argument<string>("IN") { Description = "The checkpoint." };
        var to = new Argument<string>("OUT") { Description = "The file or folder to write." };
        var form = new Option<string>("--to") { Description = "Whose names.", Required = true };
        form.AcceptOnlyFromAmong([.. ConvertTarget.Words]);
        var model = CommonOptions.Model(context, "the one whose spec the checkpoint carries, or whose names and shapes it has");
        var weights = CommonOptions.Weights();
        var type = new Option<string?>("--dtype") { Description = "Type of the numbers. [default: as they are]" };
        type.AcceptOnlyFromAmong([.. CommonOptions.RealTypes.Keys]);
        var lora = LoraChoice.Option();
        var command = new Command("convert", Description) { from, to, form, model, weights, lora, type };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var target = ConvertTarget.For(parsed.GetRequiredValue(form), parsed.GetRequiredValue(to));
            using var file = CheckpointFile.Open(parsed.GetRequiredValue(from));
            var match = CheckpointMatch.Find(
                context,
                file,
                CommonOptions.WeightsWords[parsed.GetRequiredValue(weights)],
                parsed.GetValue(model));
            if (match.OtherSetting is { } other) throw new DitException(other);
            ScalarType? dtype = parsed.GetValue(type) is { } word ? CommonOptions.RealTypes[word] : null;
            match.Model.Accept(new Conversion(context, file, match, LoraChoice.Of(parsed.GetValue(lora)), target, dtype));
        });
        return command;
    }

    private sealed class Conversion(
        CommandContext context,
        ICheckpointFile file,
        CheckpointMatch match,
        IReadOnlyList<LoraChoice> adapters,
        ConvertTarget target,
        ScalarType? dtype) : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => Convert<TModel>();

        public int VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel> => Convert<TModel>();

        private int Convert<TModel>()
            where TModel : nn.Module, IModel<TModel>
        {
            using var own = match.Names.Read(file.Below(match.Place.Prefix));
            using var fused = LoraChoice.Fused<TModel>(own, adapters);
            context.Notice(match.Place.Notices(file.Path, TModel.Card.Name));
            context.Notice(match.Names.Losses.Concat(target.Losses<TModel>()).Distinct());
            Progress.Show(context, progress =>
            {
                target.Write<TModel>(fused, dtype, tensors => new WatchedCheckpoint(tensors, progress, context.Cancellation));
                return true;
            });
            context.Out.WriteLine(
                $"Wrote {target.Path}: {TModel.Card.Name}, which '{file.Path}' has under the names of {match.Names.Convention}"
                    + (adapters.Count == 0 ? "" : $", with {string.Join(" and ", adapters.Select(static one => one.Word))} added"));
            return 0;
        }
    }
}
