namespace Dit.Spec.Tests;

public class DimTests
{
    private static readonly Dim T = Dim.Letter("T", 64), D = Dim.Letter("D", 64), M = Dim.Letter("M", 3);

    [Fact]
    public void Sides_are_written_by_their_letters()
    {
        Assert.Equal(
            ["T", "3 D", "T + M", "2 T + M + 5", "4608", "0"],
            new[] { T, 3 * D, T + M, T + M + T + 5, 4608, new Dim(default, 0) }.Select(static side => side.ToString()));
        Assert.Equal("(N, T, 3 D)", Shape.Text(Shape.Of(Dim.Batch, T, 3 * D)));
        Assert.Equal("(N,)", Shape.Text(Shape.Of(Dim.Batch)));
    }

    [Fact]
    public void Sizes_add_up() =>
        Assert.Equal([64L, 192, 67, 136, 4608], new[] { T, 3 * D, T + M, T + M + T + 5, 4608 }.Select(static side => side.Size));

    [Fact]
    public void Letters_of_one_size_are_different_sides()
    {
        Assert.NotEqual(T, D);
        Assert.NotEqual(T, (Dim)64);
        Assert.Equal(T + D, Dim.Letter("T", 64) + Dim.Letter("D", 64));
        Assert.Equal(2 * T, T + T);
        Assert.Equal((Dim)7, (Dim)3 + 4);
    }

    [Fact]
    public void A_side_divides_where_its_letters_do()
    {
        Assert.Equal(D, (6 * D).Part(6));
        Assert.Equal(2 * D + 1, (6 * D + 3).Part(3));
        Assert.Equal((Dim)1536, ((Dim)4608).Part(3));
        Assert.Null(D.Part(2)); // 64 is even, but D is not said to be
        Assert.Null((6 * D + 2).Part(3));
        Assert.Null((4 * D).Part(3));
    }

    [Fact]
    public void Letters_are_bound_by_what_is_given()
    {
        var letters = new Dictionary<string, Dim> { ["T"] = T + M, ["D"] = 8 };
        Assert.Equal(T + M, T.With(letters));
        Assert.Equal(2 * T + 2 * M + 24 + 1, (2 * T + 3 * D + 1).With(letters));
        Assert.Equal(M, M.With(letters)); // not bound
    }

    [Fact]
    public void Only_one_letter_alone_is_a_letter()
    {
        Assert.True(T.IsLetter);
        Assert.All(new[] { 2 * T, T + M, T + 1, (Dim)64 }, static side => Assert.False(side.IsLetter));
    }

    [Fact]
    public void A_shape_counts_one_sample() => Assert.Equal(64L * 192, Shape.Count(Shape.Of(Dim.Batch, T, 3 * D)));
}
