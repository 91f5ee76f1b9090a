using CsCheck;

namespace Dit.Kernels.Tests;

/// <summary>Where tokens lie.</summary>
public class TokenLayoutTests
{
    [Fact]
    public void Every_token_lies_in_one_panel_of_one_block() =>
        Gen.Select(Gen.Int[1, 2000], Gen.OneOf(4, 8, 16), Gen.Int[1, 4], Gen.Int[1, 300], Gen.Bool)
            .Sample((tokens, lanes, vectors, blocks, wished) =>
        {
            var paired = wished && TokenLayout.Vectors(tokens, lanes) % 2 == 0;
            var layout = TokenLayout.Of(tokens, lanes, vectors, blocks, alike: paired ? 2 : 1);

            Assert.Equal(tokens, layout.Tokens);
            Assert.Equal((tokens + lanes - 1) / lanes * lanes, layout.PaddedTokens);
            Assert.Equal(Math.Min(blocks, (tokens + lanes - 1) / lanes / (paired ? 2 : 1)), layout.Blocks.Length);
            Assert.All(layout.Panels, panel =>
                Assert.True(panel.Width > 0 && panel.Width % lanes == 0 && panel.Width <= lanes * vectors, $"{panel}"));
            var (token, index) = (0, 0);
            foreach (var panel in layout.Panels)
            {
                Assert.Equal(token, panel.First);
                token += panel.Width;
            }
            foreach (var block in layout.Blocks)
            {
                Assert.Equal(index, block.Start.Value);
                Assert.True(block.End.Value > index);
                index = block.End.Value;
            }
            Assert.Equal((layout.PaddedTokens, layout.Panels.Length), (token, index));
            var sizes = layout.Blocks.Select(block => layout.Panels[block].Sum(static panel => panel.Width)).ToArray();
            Assert.Equal(sizes.Max(), layout.LargestBlock);
            Assert.True(
                sizes.Max() - sizes.Min() <= lanes * (paired ? 2 : 1),
                "Blocks differ by a vector or a pair of them at most: no worker waits long for another.");
            if (!paired) return;
            Assert.All(layout.Blocks, block =>
                Assert.All(layout.Panels[block].Chunk(2), static pair => Assert.Equal(pair[0].Width, pair[1].Width)));
        });
}
