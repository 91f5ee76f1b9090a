namespace Dit.Repository.Tests;

/// <summary>How a public API is written, and that every change of it is seen.</summary>
public sealed class PublicApiTextTests
{
    private const string Code = """
        using System;
        using System.Collections.Generic;
        namespace N
        {
            public sealed record Point(int X, double? Y = 0.5) { public int Z { get; init; } public int Hidden { get; internal set; } }
            public readonly record struct Pair(string A, IReadOnlyList<string?> B);
            public record Free { public required string Name { get; init; } }
            public enum Kind { None, Some = 4 }
            public delegate T Make<in S, out T>(S source) where T : class;
            public interface IShape<T> where T : struct, IComparable<T> { T Area { get; } static abstract T Zero { get; } void Move() { } }
            public abstract class Shape : IDisposable
            {
                public const int Sides = 3;
                private protected Shape() { }
                protected Shape(string name) { }
                public string this[int index] { get => ""; protected set { } }
                public event Action? Changed;
                [Obsolete("No longer.")] public virtual void Draw<T>(in T brush, ref int at, params int[] more) where T : notnull { Changed?.Invoke(); }
                public abstract void Scale(IReadOnlyDictionary<string, IReadOnlyList<double>> factors, StringComparison comparison = StringComparison.Ordinal, string? name = null);
                public void Dispose() { }
                internal void Unseen() { }
                public sealed class Inner { }
                internal class Deep { public int Unseen; }
                public static implicit operator string(Shape shape) => "";
            }
            internal class Unseen { public int Value; }
        }
        """;

    private const string Written = """
        namespace N;

        public record Free
        {
            public Free();
            public required string Name { get; init; }
        }

        public interface IShape<T> where T : struct, IComparable<T>
        {
            T Area { get; }
            static abstract T Zero { get; }
            virtual void Move();
        }

        public enum Kind
        {
            None = 0,
            Some = 4,
        }

        public delegate T Make<in S, out T>(S source) where T : class;

        public readonly record struct Pair(string A, IReadOnlyList<string?> B);

        public sealed record Point(int X, double? Y = 0.5)
        {
            public int Hidden { get; }
            public int Z { get; init; }
        }

        public abstract class Shape : IDisposable
        {
            public const int Sides = 3;
            protected Shape(string name);
            public string this[int index] { get; protected set; }
            public event Action? Changed;
            public void Dispose();
            [System.ObsoleteAttribute("No longer.")]
            public virtual void Draw<T>(in T brush, ref int at, params int[] more) where T : notnull;
            public abstract void Scale(
                IReadOnlyDictionary<string, IReadOnlyList<double>> factors,
                StringComparison comparison = Ordinal,
                string? name = null);
            public static implicit operator string(Shape shape);
            public sealed class Inner
            {
                public Inner();
            }
        }

        """;

    [Fact]
    public void An_api_is_written_as_declarations_without_bodies() => Assert.Equal(Written, PublicApi.OfSource(Code));

    [Theory]
    [InlineData("int X, double? Y", "long X, double? Y")]
    [InlineData("double? Y", "double Y")]
    [InlineData("= 0.5", "= 0.25")]
    [InlineData("public int Z { get; init; }", "public int Z { get; set; }")]
    [InlineData("IReadOnlyList<string?>", "IReadOnlyList<string>")]
    [InlineData("required string", "string")]
    [InlineData("Some = 4", "Some = 5")]
    [InlineData("where T : struct, ", "where T : ")]
    [InlineData("public const int Sides = 3", "public const int Sides = 4")]
    [InlineData("protected Shape(string name)", "internal Shape(string name)")]
    [InlineData("public event Action? Changed", "private event Action? Changed")]
    [InlineData("public virtual void Draw<T>(in T brush", "public virtual void Draw<T>(T brush")]
    [InlineData("public void Dispose() { }", "void IDisposable.Dispose() { }")]
    [InlineData("internal void Unseen()", "public void Unseen()")]
    [InlineData("public sealed class Inner", "internal sealed class Inner")]
    [InlineData("void Move() { }", "void Move();")]
    [InlineData("public delegate T Make<in S", "public delegate T Make<S")]
    public void A_change_of_what_callers_see_changes_the_text(string old, string changed)
    {
        Assert.Contains(old, Code, StringComparison.Ordinal);
        Assert.NotEqual(Written, PublicApi.OfSource(Code.Replace(old, changed, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("internal void Unseen() { }", "")]
    [InlineData("internal class Unseen { public int Value; }", "internal class Another;")]
    [InlineData("internal set; }", "private set; }")]
    [InlineData("=> \"\";", "=> \"other\";")]
    public void A_change_that_callers_do_not_see_does_not(string old, string changed)
    {
        Assert.Contains(old, Code, StringComparison.Ordinal);
        Assert.Equal(Written, PublicApi.OfSource(Code.Replace(old, changed, StringComparison.Ordinal)));
    }
}
