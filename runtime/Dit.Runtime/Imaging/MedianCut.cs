namespace Dit.Runtime;

/// <summary>A colour and how many pixels have it.</summary>
internal readonly record struct WeightedColour(Oklab Colour, double Weight);

/// <summary>Few colours in place of many: boxes of colours, split one after another (after Heckbert 1982).</summary>
/// <remarks>Next comes the box with the largest squared error, cut at the mean of the axis along which it spreads most.</remarks>
internal static class MedianCut
{
    /// <summary>The means of at most <paramref name="most"/> boxes.</summary>
    /// <param name="colours">At least one.</param>
    /// <param name="most">At least one.</param>
    public static IEnumerable<Oklab> Reduce(WeightedColour[] colours, int most)
    {
        var boxes = new List<Box> { Box.Of(colours) };
        while (boxes.Count < most)
        {
            var worst = boxes.MaxBy(static box => box.Error);
            if (worst is null || worst.Split() is not var (low, high)) break;
            boxes.Remove(worst);
            boxes.AddRange([low, high]);
        }
        return boxes.Select(static box => box.Mean);
    }

    /// <param name="Colours">What lies in it.</param>
    /// <param name="Mean">Their mean.</param>
    /// <param name="Error">Their squared distances from the mean, summed.</param>
    /// <param name="Axis">Where they spread most: 0 lightness, 1 green to red, 2 blue to yellow.</param>
    private sealed record Box(WeightedColour[] Colours, Oklab Mean, double Error, int Axis)
    {
        public static Box Of(WeightedColour[] colours)
        {
            var weight = colours.Sum(static c => c.Weight);
            var mean = new Oklab((float)Moment(0, 0), (float)Moment(1, 0), (float)Moment(2, 0));
            double[] spreads = [Spread(0), Spread(1), Spread(2)];
            return new(colours, mean, weight * spreads.Sum(), Array.IndexOf(spreads, spreads.Max()));

            double Moment(int axis, double about) => colours.Sum(c => c.Weight * (c.Colour[axis] - about)) / weight;

            double Spread(int axis) => colours.Sum(c => c.Weight * Math.Pow(c.Colour[axis] - mean[axis], 2)) / weight;
        }

        /// <summary>Both halves; null where one would be empty.</summary>
        public (Box Low, Box High)? Split()
        {
            WeightedColour[] low = [.. Colours.Where(c => c.Colour[Axis] <= Mean[Axis])];
            return low.Length == Colours.Length || low.Length == 0 ? null : (Of(low), Of([.. Colours.Where(c => c.Colour[Axis] > Mean[Axis])]));
        }
    }
}
