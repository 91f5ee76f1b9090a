using Dit.Runtime;
using Models;

// How long to train: 200 steps give patches of the right colours, some thousand give shapes.
var steps = args is [var word, ..] && int.TryParse(word, out var number) ? number : 200;
var run = Path.Combine("runs", DateTime.Now.ToString("yyyyMMdd-HHmmss"));

// The data: a folder with one folder of images for each class. These are drawn; put your own here.
if (!Directory.Exists("data")) ShapesDataset.Write("data", count: 2000, seed: 0);
var images = ImageFolder.Open("data");

// The model, declared in shapes.dit.yaml.
using var model = Shapes.Create(seed: 1);
Console.WriteLine($"{Shapes.Card.Name}: {Shapes.Card.Parameters:N0} parameters, {images.Count:N0} images of {images.Classes.Count} classes");

var recipe = new TrainingRecipe { Steps = steps, BatchSize = 32, LearningRate = 1e-3, EmaDecay = 0.99, GradientClip = 1, HorizontalFlip = false };
new Trainer(recipe, new TrainingFolder(run)).Run(model, TrainingSet.Of(images, Shapes.Card.Input), new Printed());

// Four images of each class, from the averaged weights that training left.
using var trained = Shapes.Load(Path.Combine(run, "weights.safetensors"));
int[] labels = [.. Enumerable.Range(0, images.Classes.Count).SelectMany(label => Enumerable.Repeat(label, 4))];
using var samples = Shapes.Samplers.Ddim50.Sample(trained, labels, guidance: 2.0, seed: 0);
ImageGrid.Write("samples.png", samples, new ImageGridOptions(Columns: 4, Scale: 3, RowLabels: images.Classes));
Console.WriteLine($"Wrote {Path.GetFullPath("samples.png")}");

internal sealed class Printed : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress now)
    {
        if (now.Step % 20 == 0 || now.Step == now.Steps) Console.WriteLine($"step {now.Step} of {now.Steps}: loss {now.Losses.Total:F4}, {now.StepsPerSecond:F1} steps/s");
    }
}
