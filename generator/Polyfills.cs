// Types that the compiler asks for by name and that netstandard2.0 lacks. They are written by hand because PolySharp
// generates them in another order each time, and then no two builds of a commit are equal.

namespace System
{
    /// <summary>A place in a sequence, counted from its start or, as <c>^n</c>, from its end.</summary>
    internal readonly struct Index(int value, bool fromEnd = false) : IEquatable<Index>
    {
        public int Value => value;

        public bool IsFromEnd => fromEnd;

        public static implicit operator Index(int value) => new(value);

        public int GetOffset(int length) => fromEnd ? length - value : value;

        public bool Equals(Index other) => value == other.Value && fromEnd == other.IsFromEnd;

        public override bool Equals(object? obj) => obj is Index other && Equals(other);

        public override int GetHashCode() => fromEnd ? ~value : value;
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>Marks a setter as <c>init</c>.</summary>
    internal static class IsExternalInit;
}
