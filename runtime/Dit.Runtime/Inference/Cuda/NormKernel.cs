using System.Globalization;

namespace Dit.Runtime.Kernels.Cuda;

/// <summary>How a kernel stores numbers; it computes in float32.</summary>
internal enum CudaStorage
{
    Float32,
    BFloat16,
    Float16,
}

/// <summary>
/// LayerNorm and modulation of rows of D numbers, after a gated residual where it is asked for: a kernel with its
/// constants as literals.
/// </summary>
/// <param name="Width">D.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Storage">The type of all tensors.</param>
/// <param name="Branch">What is added first: nothing, y, or gate y.</param>
internal sealed record NormKernel(int Width, double Eps, CudaStorage Storage, NormBranch Branch)
{
    private const int WarpSize = 32, MostThreads = 256, VectorBytes = 16;

    /// <summary>The name of the function.</summary>
    public const string EntryPoint = "dit_norm";

    private int ElementBytes => Storage == CudaStorage.Float32 ? 4 : 2;

    /// <summary>Numbers that a thread loads at once: as many as 16 bytes hold, or the most that divides D.</summary>
    public int Vector => Math.Min(Width & -Width, VectorBytes / ElementBytes); // the lowest bit set is the largest power of 2 that divides

    /// <summary>Bytes that addresses are multiples of.</summary>
    public int Alignment => Vector * ElementBytes;

    /// <summary>Threads of a block, which has one row: whole warps.</summary>
    public int Threads => Math.Min(MostThreads, (Vectors + WarpSize - 1) / WarpSize * WarpSize);

    /// <summary>Vectors of a row.</summary>
    public int Vectors => Width / Vector;

    /// <summary>Vectors of a thread, which stay in its registers.</summary>
    public int Items => (Vectors + Threads - 1) / Threads;

    /// <summary>CUDA C++ without headers, as NVRTC takes it where no toolkit is installed.</summary>
    public string Source => $$"""
        // LayerNorm over {{Width}} numbers and modulation; storage {{Storage}}, branch {{Branch}}. One block for each
        // row.
        typedef {{StorageType}} stored;
        struct alignas({{Alignment}}) Pack { stored v[{{Vector}}]; };

        {{Conversions}}

        // The sum over the block, the same for all of its threads.
        __device__ __forceinline__ float block_sum(float value, float* partial)
        {
            for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_xor_sync(0xffffffffu, value, offset);
            __syncthreads(); // the sums of the call before have been read
            if ((threadIdx.x & 31) == 0) partial[threadIdx.x >> 5] = value;
            __syncthreads();
            float sum = 0.0f;
            for (int warp = 0; warp < {{Threads / WarpSize}}; ++warp) sum += partial[warp];
            return sum;
        }

        extern "C" __global__ void __launch_bounds__({{Threads}}) {{EntryPoint}}(
            Pack* x, const Pack* y, const stored* gates, const stored* shifts, const stored* scales, Pack* out, long long tokens, long long stride)
        {
            __shared__ float partial[{{Threads / WarpSize}}];
            const long long row = blockIdx.x;
            const long long first = row * {{Vectors}}, modulation = row / tokens * stride;
            const Pack* shift = (const Pack*)(shifts + modulation);
            const Pack* scale = (const Pack*)(scales + modulation);
            {{GateLine}}
            float values[{{Items}}][{{Vector}}];
            float sum = 0.0f;
            #pragma unroll
            for (int item = 0; item < {{Items}}; ++item)
            {
                const int at = item * {{Threads}} + threadIdx.x;
                if (at >= {{Vectors}}) continue;
                Pack tokens_in = x[first + at];
                {{LoadBranch}}
                #pragma unroll
                for (int i = 0; i < {{Vector}}; ++i)
                {
                    {{Accumulate}}
                    sum += values[item][i];
                }
                {{StoreBranch}}
            }
            const float mean = block_sum(sum, partial) * {{Literal(1.0 / Width)}};
            float squares = 0.0f;
            #pragma unroll
            for (int item = 0; item < {{Items}}; ++item)
            {
                if (item * {{Threads}} + threadIdx.x >= {{Vectors}}) continue;
                #pragma unroll
                for (int i = 0; i < {{Vector}}; ++i) squares += (values[item][i] - mean) * (values[item][i] - mean);
            }
            const float inverse = rsqrtf(block_sum(squares, partial) * {{Literal(1.0 / Width)}} + {{Literal(Eps)}});
            #pragma unroll
            for (int item = 0; item < {{Items}}; ++item)
            {
                const int at = item * {{Threads}} + threadIdx.x;
                if (at >= {{Vectors}}) continue;
                const Pack shift_in = shift[at], scale_in = scale[at];
                Pack result;
                #pragma unroll
                for (int i = 0; i < {{Vector}}; ++i)
                    result.v[i] = narrow((values[item][i] - mean) * inverse * (1.0f + widen(scale_in.v[i])) + widen(shift_in.v[i]));
                out[first + at] = result;
            }
        }

        """;

    private string StorageType => Storage == CudaStorage.Float32 ? "float" : "unsigned short";

    // No cuda_bf16.h and cuda_fp16.h: NVRTC alone does not bring them.
    private string Conversions => Storage switch
    {
        CudaStorage.BFloat16 => """
            __device__ __forceinline__ float widen(stored value) { return __uint_as_float((unsigned)value << 16); }
            __device__ __forceinline__ stored narrow(float value) // to nearest, ties to even
            {
                const unsigned bits = __float_as_uint(value);
                return value != value ? (stored)0x7fff : (stored)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
            }
            """,
        CudaStorage.Float16 => """
            __device__ __forceinline__ float widen(stored value) { float wide; asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value)); return wide; }
            __device__ __forceinline__ stored narrow(float value) { stored half; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(value)); return half; }
            """,
        _ => """
            __device__ __forceinline__ float widen(stored value) { return value; }
            __device__ __forceinline__ stored narrow(float value) { return value; }
            """,
    };

    private string GateLine => Branch == NormBranch.Gated ? "const Pack* gate = (const Pack*)(gates + modulation);" : "// no gate";

    private string LoadBranch => Branch switch
    {
        NormBranch.None => "// no branch",
        NormBranch.Added => "const Pack branch = y[first + at];",
        _ => "const Pack branch = y[first + at], gate_in = gate[at];",
    };

    // The norm reads the tokens as they are stored, so that it is the norm of what the next residual adds to.
    private string Accumulate => Branch switch
    {
        NormBranch.None => "values[item][i] = widen(tokens_in.v[i]);",
        NormBranch.Added => "tokens_in.v[i] = narrow(widen(tokens_in.v[i]) + widen(branch.v[i])); values[item][i] = widen(tokens_in.v[i]);",
        _ =>
            "tokens_in.v[i] = narrow(widen(tokens_in.v[i]) + widen(gate_in.v[i]) * widen(branch.v[i])); values[item][i] = "
                + "widen(tokens_in.v[i]);",
    };

    private string StoreBranch => Branch == NormBranch.None ? "// the tokens stay" : "x[first + at] = tokens_in;";

    private static string Literal(double value) => ((float)value).ToString("E8", CultureInfo.InvariantCulture) + "f";
}

/// <summary>What a <see cref="NormKernel"/> adds to the tokens before the norm.</summary>
internal enum NormBranch
{
    None,
    Added,
    Gated,
}
