using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing.Processors.Quantization;

namespace Dit.Runtime;

/// <summary>
/// Gives each pixel the entry of a palette that is its very color; the library's own lookup takes near colors for one
/// another.
/// </summary>
/// <param name="palette">Every color of the pictures to come.</param>
internal sealed class GifIndices(Rgb24[] palette) : IQuantizer
{
    public QuantizerOptions Options { get; } = new() { Dither = null };

    public IQuantizer<TPixel> CreatePixelSpecificQuantizer<TPixel>(Configuration configuration)
        where TPixel : unmanaged, IPixel<TPixel> => new Lookup<TPixel>(configuration, Options, palette);

    public IQuantizer<TPixel> CreatePixelSpecificQuantizer<TPixel>(Configuration configuration, QuantizerOptions options)
        where TPixel : unmanaged, IPixel<TPixel> => new Lookup<TPixel>(configuration, Options, palette);

    private readonly struct Lookup<TPixel>(Configuration configuration, QuantizerOptions options, Rgb24[] colors) : IQuantizer<TPixel>
        where TPixel : unmanaged, IPixel<TPixel>
    {
        private readonly Dictionary<Rgb24, byte> entries = colors
            .Index()
            .ToDictionary(static entry => entry.Item, static entry => (byte)entry.Index);

        public Configuration Configuration { get; } = configuration;

        public QuantizerOptions Options { get; } = options;

        public ReadOnlyMemory<TPixel> Palette { get; } = Array.ConvertAll(colors, static color => new Color(color).ToPixel<TPixel>());

        public void AddPaletteColors(Buffer2DRegion<TPixel> pixelRegion) { }

        public IndexedImageFrame<TPixel> QuantizeFrame(ImageFrame<TPixel> source, Rectangle bounds)
        {
            var lookup = this;
            return QuantizerUtilities.QuantizeFrame(ref lookup, source, bounds);
        }

        public byte GetQuantizedColor(TPixel color, out TPixel match)
        {
            match = color;
            Rgba32 rgba = default;
            color.ToRgba32(ref rgba);
            return entries[rgba.Rgb];
        }

        public void Dispose() { }
    }
}
