namespace Dit.Spec;

/// <summary>
/// The reading of a description as a Python file: the same model in PyTorch, with the same state dict.
/// </summary>
/// <remarks>
/// It knows operations and no network, and writes what a careful engineer would write by hand for this one model. The
/// file needs nothing but torch.
/// </remarks>
public static class PythonModel
{
    // Names that the file has besides its classes and sizes, and words that cannot be one.
    private static readonly HashSet<string> Taken =
    [
        "F", "math", "nn", "torch", "super", "range",
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
        "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
        "return", "try", "while", "with", "yield",
        .. PythonHelpers.Names,
    ];

    /// <summary>The file of a spec's model.</summary>
    public static string Of(ModelSpec spec) => Of(Description.Of(spec), spec.Name, Notes(spec));

    /// <summary>The file of a network.</summary>
    /// <param name="description">The network.</param>
    /// <param name="name">The model's name, on one line.</param>
    /// <param name="notes">What else a reader should know, in whole sentences.</param>
    public static string Of(Description description, string name, string notes)
    {
        var (network, sizes) = (description.Network, new PythonSizes(description.Letters));
        var className = ClassName(description);
        var what = $"{name}: a {description.Summary}";
        string[] classes =
        [
            .. PythonModule.Below(network, sizes),
            PythonModule.Of(network, sizes, className, what, $"The paper's initialization: {description.Start}", isNetwork: true),
        ];
        string[] helpers = [.. PythonHelpers.CalledBy(string.Join("\n", classes))];
        var code = string.Join("\n\n\n", [Sizes(description), .. helpers, .. classes]);
        return $"""
            {Header(description, className, what, notes, code)}
            {(code.Contains("math.") ? "import math\n\n" : "")}import torch
            import torch.nn as nn
            import torch.nn.functional as F

            {code}

            """.Replace("\r\n", "\n");
    }

    private static string Header(Description description, string className, string what, string notes, string code)
    {
        // The first line stands behind three quotes.
        string Lines(string text) => string.Join("\n", Words.Wrap(PythonText.Escape(text), PythonText.MaxColumns - 3));

        return $""""
            """{Lines($"{what}.")}

            {Lines(notes)}
            {Lines($"Its state dict is {description.Checkpoints}.")}

                model = {className}()
                model.load_state_dict(torch.load("weights.pt"))

            Written by Dit.Gen from the model's spec. It needs torch {Version(code)} or later, and nothing else.
            """
            """".Replace("\r\n", "\n");
    }

    // That of scaled_dot_product_attention, or of RMSNorm.
    private static string Version(string code) => code.Contains("nn.RMSNorm(") ? "2.4" : "2.0";

    private static string Sizes(Description description) => string.Join("\n",
    [
        "# Sizes, by the letters of the shapes; N is the batch.",
        .. description.Letters.Select(static letter => $"{letter.Name} = {letter.Size}  # {letter.Meaning}"),
    ]);

    private static string ClassName(Description description) =>
        Taken.Contains(description.Network.Type) || description.Letters.Any(letter => letter.Name == description.Network.Type)
            ? $"{description.Network.Type}Model"
            : description.Network.Type;

    private static string Notes(ModelSpec spec)
    {
        var (times, range) = ProcessWords.Times(spec.Process);
        return $"It predicts {ProcessWords.Output(spec.Process)}. {times} are {range}."
            + spec.Condition.Match(
                static _ => "",
                static labels =>
                    $" Labels are 0 to {labels.Count - 1}{(labels.Rows > labels.Count ? $", and {labels.Count} for no class" : "")}.",
                static text => $" Texts are embeddings of {text.Tokens} tokens."
                    + (text.IsMasked ? " The mask is true for the tokens that are attended." : "")
                    + (text.HasSizes ? " Height and width are the image's, in pixels; the aspect ratio is height by width." : ""));
    }
}
