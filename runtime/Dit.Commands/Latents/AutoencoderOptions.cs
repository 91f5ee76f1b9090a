using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>What the options of a command with an autoencoder come to.</summary>
/// <param name="Card">The autoencoder.</param>
/// <param name="Model">The model it was named by, if any.</param>
/// <param name="Weights">The file of its weights.</param>
/// <param name="Tile">Side of a tile in latent pixels, 0 for never; null for what is usual.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Notice">
/// Receives a sentence that says where in the file the weights are, if they have a prefix there.
/// </param>
internal sealed record AutoencoderChoice(
    AutoencoderCard Card,
    ModelCard? Model,
    string Weights,
    int? Tile,
    Device Device,
    Action<string> Notice)
{
    /// <summary>The autoencoder with its weights; the caller owns it.</summary>
    /// <exception cref="DitException">The file cannot be read, or is of another autoencoder.</exception>
    public AutoencoderKL Load() => AutoencoderKL.Load(Weights, Card, Device, notice: Notice);

    /// <summary>How to work on latents of a size; null for the whole at once.</summary>
    /// <exception cref="DitException">There are no tiles of the wanted size.</exception>
    public AutoencoderTiling? TilingOf(int rows, int columns) => Tile switch
    {
        null => AutoencoderTiling.For(rows, columns, Card.Factor),
        0 => null,
        { } tile => new AutoencoderTiling(tile, overlap: tile / 4),
    };
}

/// <summary>Options that the commands with an autoencoder have in common.</summary>
internal sealed class AutoencoderOptions
{
    private readonly CommandContext context;
    private readonly Option<string> weights = new("--vae")
    {
        Description = "Weights of the autoencoder, under the names of latent diffusion or diffusers.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string?> model;
    private readonly Option<string?> name;
    private readonly Option<int?> tile = CommonOptions.Number<int>(
        "--tile",
        "Side of the tiles that large images are worked on in, in latent pixels; 0 for never. [default: 512 image pixels where images "
            + "exceed 1024 x 1024]");
    private readonly Option<string> device = CommonOptions.Device();

    public AutoencoderOptions(CommandContext context)
    {
        this.context = context;
        model = CommonOptions.Model(context, standard: null, "The model whose autoencoder it is");
        name = new("--autoencoder")
        {
            Description = $"The autoencoder by its own name, such as {AutoencoderCard.KlF8.Name}, instead of a model.",
            HelpName = "NAME",
            CompletionSources = { _ => Known(context.Models).Select(static card => card.Name) },
        };
    }

    /// <summary>The options, for a command.</summary>
    public IEnumerable<Option> All => [weights, model, name, tile, device];

    /// <summary>What they come to.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="standard">The autoencoder where the command line names none; null where it must.</param>
    /// <exception cref="DitException">No autoencoder is named, or one that does not exist.</exception>
    public AutoencoderChoice Read(ParseResult parsed, AutoencoderCard? standard = null)
    {
        var (modelName, cardName) = (parsed.GetValue(model), parsed.GetValue(name));
        if (modelName is not null && cardName is not null)
            throw new DitException(
                "--model and --autoencoder were both given: a model says which autoencoder is its own, so leave one of them out.");
        var known = modelName is null ? null : context.FindModel(modelName).Card;
        var card = known is not null
            ? known.Autoencoder
                ?? throw new DitException($"{known.Name} works on pixels and has no autoencoder: name a model of latents with --model.")
        : cardName is not null ? Find(cardName)
        : standard
            ?? throw new DitException("Whose latents are these? Name a model with --model, or the autoencoder itself with --autoencoder.");
        return new(
            card, known, parsed.GetRequiredValue(weights), parsed.GetValue(tile), TorchDevice.Parse(parsed.GetRequiredValue(device)),
            context.Notice);
    }

    private AutoencoderCard Find(string wanted)
    {
        var found = Known(context.Models).Where(card => string.Equals(card.Name, wanted, StringComparison.OrdinalIgnoreCase)).ToArray();
        return found.Length switch
        {
            1 => found[0],
            0 => throw new DitException(
                $"There is no autoencoder '{wanted}'{DidYouMean.Suggest(wanted, [.. Known(context.Models).Select(static card => card.Name)]) ?? $"; there is {string.Join(", ", Known(context.Models).Select(static card => card.Name))}."}"),
            _ => throw new DitException($"The models have {found.Length} different autoencoders named {wanted}: say which by --model."),
        };
    }

    /// <summary>The autoencoders of some models, and those that specs name by a word.</summary>
    public static IEnumerable<AutoencoderCard> Known(IReadOnlyList<ModelDefinition> models) =>
        AutoencoderCard.Named.Concat(models.Select(static model => model.Card.Autoencoder).OfType<AutoencoderCard>()).Distinct();
}
