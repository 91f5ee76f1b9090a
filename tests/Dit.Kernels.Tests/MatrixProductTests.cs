using CsCheck;

namespace Dit.Kernels.Tests;

/// <summary>Packed weights and their products against the definition.</summary>
public unsafe class MatrixProductTests
{
    private const double Unit = 1.0 / (1 << 24); // half a unit in the last place

    public static TheoryData<string> Kernels => KernelCase.Kernels;

    private static readonly Gen<int> Depth = Gen.Frequency((6, Gen.Int[1, 40]), (2, Gen.Int[380, 390]), (1, Gen.Int[760, 900]));

    // Every sum is off by at most one rounding for each term, relative to the sum of the terms' sizes: a term left out
    // is far more than that.
    [Theory, MemberData(nameof(Kernels))]
    public void A_product_is_the_sum_of_its_terms_and_touches_nothing_else(string name)
    {
        var kernels = KernelCase.Of(name);
        (from columns in Depth
         from rows in Gen.Int[1, 3 * kernels.TileRows]
         from tokens in Gen.Int[1, 7 * kernels.Lanes]
         from blocks in Gen.Int[1, 3]
         from slack in Gen.Int[0, 5]
         from start in Gen.Int[0, columns - 1]
         from isPart in Gen.Bool
         from add in Gen.Bool
         from seed in KernelCase.Seed
         select (columns, rows, tokens, blocks, slack, depth: isPart ? start..columns : 0..columns, add, seed)).Sample(c =>
        {
            using var memory = new KernelCase(c.seed);
            using var workers = new WorkerPool().Lease(1);
            var matrix = memory.Numbers(c.rows * c.columns);
            using var weights = Whole(matrix, c.columns, [0..c.rows], kernels.TileRows, workers);
            var tiles = new ReadOnlySpan<float>(weights.Tile(0, 0), weights.Rows * c.columns).ToArray();
            var layout = TokenLayout.Of(c.tokens, kernels.Lanes, kernels.PanelVectors, c.blocks);
            var (inputRows, outputRows) = (c.depth.End.Value - c.depth.Start.Value + c.slack, weights.Rows + c.slack);
            foreach (var block in layout.Blocks)
            {
                var panels = layout.Panels[block];
                var width = panels.Sum(static panel => panel.Width);
                var (input, before) = (memory.Numbers(inputRows * width), memory.Numbers(outputRows * width));
                var output = memory.Hold(before);

                kernels.Multiply(weights, c.depth, panels, new(memory.Hold(input).Start, inputRows), new(output.Start, outputRows), c.add);

                var sizes = ScalarKernels.Multiply(Sizes(tiles), kernels.TileRows, c.columns, c.depth, panels, Sizes(input), inputRows,
                    Sizes(before), outputRows, c.add);
                KernelCase.Near(
                    ScalarKernels.Multiply(tiles, kernels.TileRows, c.columns, c.depth, panels, input, inputRows, before, outputRows,
                        c.add),
                    KernelCase.Read(output),
                    i => (inputRows + 2) * Unit * sizes[i]);
            }
        }, iter: 60);
    }

    // Rounding is relative to the largest numbers here, not to those of each sum; a term left out is far more than
    // that.
    [Theory, MemberData(nameof(Kernels))]
    public void A_Strassen_product_is_the_same_sum_and_touches_nothing_else(string name)
    {
        var kernels = KernelCase.Of(name);
        (from columns in Depth
         from first in Gen.Int[1, 3 * kernels.TileRows]
         from second in Gen.Int[0, 3 * kernels.TileRows]
         from pairs in Gen.Int[1, 4]
         from blocks in Gen.Int[1, 2]
         from slack in Gen.Int[0, 5]
         from isPart in Gen.Bool
         from add in Gen.Bool
         from combined in Gen.Bool
         from threads in Gen.Int[1, 3]
         from seed in KernelCase.Seed
         select (columns: 2 * columns, first, second, tokens: 2 * pairs * kernels.Lanes, blocks, slack, isPart, add, combined, threads,
             seed)).Sample(c =>
        {
            using var memory = new KernelCase(c.seed);
            using var workers = new WorkerPool().Lease(c.threads);
            var matrix = memory.Numbers((c.first + c.second) * c.columns);
            Range[] groups = c.second > 0 ? [0..c.first, c.first..(c.first + c.second)] : [0..c.first];
            using var plain = Whole(matrix, c.columns, groups, kernels.TileRows, workers);
            var strassen = new StrassenLayout();
            using var halved = Pack(strassen, matrix, c.columns, groups, kernels.TileRows, workers);
            Assert.Equal(plain.Bytes / plain.Tiles * (7 * (plain.Tiles / 2) + 2 * (plain.Tiles % 2)) / 2, halved.Bytes);
            var tiles = new ReadOnlySpan<float>(plain.Tile(0, 0), plain.Rows * c.columns).ToArray();
            var start = c.isPart ? c.columns / WeightLayout.DepthBlock * WeightLayout.DepthBlock : 0; // parts begin where blocks do
            if (start == c.columns) start = 0;
            var layout = TokenLayout.Of(c.tokens, kernels.Lanes, kernels.PanelVectors, c.blocks, strassen.PanelsAlike);
            var (inputRows, outputRows) = (c.columns - start + c.slack + (c.columns - start + c.slack) % 2, halved.Rows + c.slack);
            foreach (var block in layout.Blocks)
            {
                var panels = layout.Panels[block];
                var width = panels.Sum(static panel => panel.Width);
                var (input, before) = (memory.Numbers(inputRows * width), memory.Numbers(outputRows * width));
                var (from, output) = (memory.Hold(input), memory.Hold(before));
                var sums = memory.Hold(new float[strassen.SideLength(c.combined ? inputRows : WeightLayout.DepthBlock, width)]);
                var activations = new Panels(from.Start, inputRows, sums.Start, c.combined);
                if (c.combined) kernels.Complete(strassen, panels, activations, c.columns - start);

                kernels.Multiply(halved, start..c.columns, panels, activations, new(output.Start, outputRows), c.add);

                KernelCase.Read(sums);
                var largest = Sizes(matrix).Max() * Sizes(input).Max();
                KernelCase.Near(
                    ScalarKernels.Multiply(tiles, kernels.TileRows, c.columns, start..c.columns, panels, input, inputRows, before,
                        outputRows, c.add),
                    KernelCase.Read(output),
                    _ => 8 * Unit * (c.columns + 4) * largest);
            }
        }, iter: 60);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void The_product_with_one_panel_is_that_of_all(string name)
    {
        var kernels = KernelCase.Of(name);
        (from depth in Gen.Int[1, 90]
         from unused in Gen.Int[0, 20]
         from tiles in Gen.Int[1, 4]
         from vectors in Gen.Int[1, kernels.PanelVectors]
         from seed in KernelCase.Seed
         select (depth, columns: depth + unused, rows: tiles * kernels.TileRows, width: vectors * kernels.Lanes, seed)).Sample(c =>
        {
            using var memory = new KernelCase(c.seed);
            var (tiles, panel) = (memory.Numbers(c.rows * c.columns), memory.Numbers(c.depth * c.width));
            var (before, panels) = (memory.Numbers(c.rows * c.width), (TokenPanel[])[new(0, c.width)]);
            var output = memory.Hold(before);

            kernels.MultiplyPanel(memory.Hold(tiles).Start, c.rows, c.columns, c.depth, memory.Hold(panel).Start, c.width, output.Start);

            var sizes = ScalarKernels.Multiply(Sizes(tiles), kernels.TileRows, c.columns, ..c.depth, panels, Sizes(panel), c.depth,
                Sizes(before), c.rows, add: false);
            KernelCase.Near(
                ScalarKernels.Multiply(tiles, kernels.TileRows, c.columns, ..c.depth, panels, panel, c.depth, before, c.rows, add: false),
                KernelCase.Read(output),
                i => (c.depth + 2) * Unit * sizes[i]);
        }, iter: 60);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Packed_rows_keep_their_order_and_each_group_begins_a_tile(string name)
    {
        var rows = KernelCase.Of(name).TileRows;
        (from columns in Gen.Int[1, 30]
         from cuts in Gen.Int[1, 3 * rows].Array[1, 4]
         from threads in Gen.Int[1, 3]
         from seed in KernelCase.Seed
         select (columns, cuts, threads, seed)).Sample(c =>
        {
            using var memory = new KernelCase(c.seed);
            using var workers = new WorkerPool().Lease(c.threads);
            var ends = c.cuts.Select((_, i) => c.cuts[..(i + 1)].Sum()).ToArray();
            var groups = ends.Select((end, i) => (end - c.cuts[i])..end).Reverse().ToArray();
            var matrix = memory.Numbers(ends[^1] * c.columns);

            using var packed = Whole(matrix, c.columns, groups, rows, workers);

            var expected = groups.SelectMany(group =>
                Enumerable.Range(group.Start.Value, PackedWeights.Padded(group.End.Value - group.Start.Value, rows))
                    .Select(row => row < group.End.Value ? row : -1)).ToArray();
            Assert.Equal((expected.Length, c.columns, expected.Length / rows), (packed.Rows, packed.Depth, packed.Tiles));
            Assert.Equal(sizeof(float) * expected.Length * c.columns, packed.Bytes);
            for (var i = 0; i < expected.Length; i++)
                for (var k = 0; k < c.columns; k++)
                    Assert.Equal(expected[i] < 0 ? 0 : matrix[expected[i] * c.columns + k], packed.Tile(i / rows, k)[i % rows]);
        }, iter: 60);
    }

    [Fact]
    public void Packed_weights_are_gone_after_disposal()
    {
        using var workers = new WorkerPool().Lease(1);
        var packed = Whole([1, 2], 2, [0..1], 4, workers);
        packed.Dispose();
        packed.Dispose();

        Assert.Throws<ObjectDisposedException>(() => (nint)packed.Tile(0, 0));
    }

    [Fact]
    public void Weights_whose_columns_have_no_halves_lie_whole()
    {
        using var workers = new WorkerPool().Lease(1);
        using var packed = Pack(new StrassenLayout(), [1, 2, 3], 3, [0..1], 4, workers);

        Assert.Equal(3, Assert.IsType<WholeWeights>(packed).Depth);
    }

    private static WholeWeights Whole(float[] matrix, int columns, Range[] groups, int tileRows, TaskLoop workers) =>
        Assert.IsType<WholeWeights>(Pack(WeightLayout.Whole, matrix, columns, groups, tileRows, workers));

    private static PackedWeights Pack(WeightLayout layout, float[] matrix, int columns, Range[] groups, int tileRows, TaskLoop workers)
    {
        fixed (float* from = matrix) return layout.Pack(new(from, columns), groups, tileRows, workers);
    }

    private static float[] Sizes(float[] values) => Array.ConvertAll(values, MathF.Abs);
}
