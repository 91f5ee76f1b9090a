namespace Dit.Runtime;

/// <summary>The splitmix64 generator: small, and the same on every machine and every version of .NET.</summary>
/// <remarks>Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
internal struct SplitMix64(ulong state)
{
    private ulong state = state;

    /// <summary>
    /// The generator of item <paramref name="index"/> of the stream that <paramref name="seed"/> names.
    /// </summary>
    public static SplitMix64 Of(long seed, long index) => new(Mix(Mix((ulong)seed) + (ulong)index));

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(unchecked(state += 0x9E3779B97F4A7C15));

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in 0 .. bound - 1, without bias.</summary>
    public int Below(int bound)
    {
        // Values from the last, incomplete run of `bound` numbers are drawn again.
        var limit = ulong.MaxValue - ulong.MaxValue % (ulong)bound;
        ulong drawn;
        do drawn = Next();
        while (drawn >= limit);
        return (int)(drawn % (ulong)bound);
    }

    /// <summary>The finalizer: 64 bits in, 64 well mixed bits out.</summary>
    public static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
