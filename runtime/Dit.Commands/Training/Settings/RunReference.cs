using System.Text;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The page about run files: every setting with what it takes, its default and its meaning.</summary>
internal static class RunReference
{
    /// <summary>The page, as <c>docs/run-files.md</c> has it.</summary>
    public static string Markdown
    {
        get
        {
            var text = new StringBuilder(Introduction).Append(
                "\n| key | option | takes | default | what it does |\n|---|---|---|---|---|\n");
            foreach (var key in RunKeys.All)
                text.Append(
                    $"| `{key.Name}` | {string.Join(", ", key.Options.Select(static option => $"`{option}`"))} | {key.Wanted} | "
                        + $"{Default(key)} | {key.Help} |\n");
            return text.ToString().ReplaceLineEndings("\n");
        }
    }

    private static string Default(RunKey key) =>
        (key.Default is { } value ? $"`{value}`" : key.IsOfMachine ? "by the machine" : "none")
            + (key.ShortDefault is { } ofShort ? $"; short: `{ofShort}`" : "");

    private static readonly string Introduction = $"""
        # Run files

        <!-- Written from runtime/Dit.Commands/Training/Settings/RunKeys.cs; a test keeps them equal. -->

        A run file has the settings of a training run in YAML, and `dit train run.yaml` takes it:

        ```yaml
        data: data/shapes
        model: my.dit.yaml
        out: runs/first
        steps: 16000
        batch: 64
        learning_rate: 0.001
        warmup: 500
        clip: 1
        ema: 0.999
        flip: false
        ```

        - Every setting is also an option, and an option on the command line wins over the file:
          `dit train run.yaml --batch 32 --out runs/second`.
        - Relative paths count from the folder of the file. `model` is a name of `dit models` or the path of a spec.
        - A file is checked as [specs](spec.md) are: every mistake is one line with its place, such as
          `run.yaml(6,1): error DIT002: Unknown key 'lerning_rate'; did you mean 'learning_rate'?`, and nothing is trained.
          Numbers are plain digits, `0.0001` and not `1e-4`.
        - `dit schema --of run > dit-run.schema.json` prints the JSON schema with which editors complete run files; it is
          also in `definitions/dit-run.schema.json`. The first line of a run file names it:
          `# yaml-language-server: $schema=dit-run.schema.json`.

        A run leaves its settings as `{TrainingFolder.RunFileName}` in its folder, with the spec of its model as
        `{TrainingFolder.SpecName}`, so

        ```
        dit train runs/first/run.yaml --out runs/again
        ```

        repeats the run. Relative paths count from that folder, and `out` is not in the file. Checkpoints carry the same
        text, and `dit train --resume --out runs/first` takes all settings from there.

        ## Settings

        A model of at most {StartRecipes.SmallMillions} million parameters for pixels up to {StartRecipes.SmallSide} x {StartRecipes.SmallSide} starts from the short recipe, any other from the
        paper's; `recipe` decides otherwise. Where the two differ, the table has both defaults.

        """;
}
