namespace Dit.Runtime;

/// <summary>
/// Operations that all processes of a group take part in, in the same order; used on the group's own thread alone.
/// </summary>
internal abstract class Collectives
{
    /// <summary>Adds the numbers of all processes, in place: afterwards all have the same ones.</summary>
    /// <param name="numbers">The numbers.</param>
    /// <param name="count">How many of them; the same in all processes.</param>
    public abstract void Sum(float[] numbers, int count);

    /// <inheritdoc cref="Sum(float[], int)"/>
    public abstract void Sum(double[] numbers);

    /// <summary>Gives the bytes of one process to all.</summary>
    /// <param name="bytes">What is given, or where it is put; of the same length in all processes.</param>
    /// <param name="root">The process that gives.</param>
    public abstract void Broadcast(byte[] bytes, int root);

    /// <summary>The operations of a process that is alone: there is nothing to do.</summary>
    public sealed class OfOne : Collectives
    {
        /// <inheritdoc/>
        public override void Sum(float[] numbers, int count) { }

        /// <inheritdoc/>
        public override void Sum(double[] numbers) { }

        /// <inheritdoc/>
        public override void Broadcast(byte[] bytes, int root) { }
    }
}
