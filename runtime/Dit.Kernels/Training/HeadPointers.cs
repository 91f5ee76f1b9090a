namespace Dit.Kernels;

/// <summary>Where the queries, keys and values of one head lie: rows of tokens, some distance apart.</summary>
/// <param name="query">Its first query, (T, K).</param>
/// <param name="key">Its first key.</param>
/// <param name="value">Its first value.</param>
/// <param name="stride">Numbers from one token to the next.</param>
internal readonly unsafe struct HeadPointers(float* query, float* key, float* value, long stride)
{
    public float* Query => query;

    public float* Key => key;

    public float* Value => value;

    public long Stride => stride;
}
