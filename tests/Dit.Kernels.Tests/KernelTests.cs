using CsCheck;

namespace Dit.Kernels.Tests;

/// <summary>The kernels beside the matrix product, for every width of vectors, against their definitions.</summary>
public unsafe class KernelTests
{
    private const double Eps = 1.0 / (1 << 23);

    public static TheoryData<string> Kernels => KernelCase.Kernels;

    private static Gen<(int Features, int Width, int Seed)> Panels(CpuKernels kernels) =>
        from features in KernelCase.Features
        from vectors in Gen.Int[1, kernels.PanelVectors]
        from seed in KernelCase.Seed
        select (features, vectors * kernels.Lanes, seed);

    [Theory, MemberData(nameof(Kernels))]
    public void Norm_is_that_of_every_token(string name)
    {
        var kernels = KernelCase.Of(name);
        Gen.Select(Panels(kernels), Gen.OneOf(0f, 1f), Gen.OneOf(1e-6f, 1e-5f), Gen.OneOf(0.0, 1, 30)).Sample((panel, one, eps, mean) =>
        {
            using var memory = new KernelCase(panel.Seed);
            var x = memory.Numbers(panel.Features * panel.Width, scale: 2, mean);
            var (scale, shift) = (memory.Numbers(panel.Features), memory.Numbers(panel.Features));
            var to = memory.Hold(memory.Numbers(x.Length));

            kernels.Norm(memory.Hold(x).Start, to.Start, panel.Features, panel.Width, memory.Hold(scale).Start, one, memory.Hold(shift)
                .Start, eps);

            // A token of few features may hardly vary: then the digits that its mean loses count.
            var lost = panel.Features == 1 ? 8 * Eps * (mean + 10) / Math.Sqrt(eps) : 4e-6 * (1 + mean) * (panel.Features < 8 ? 300 : 1);
            KernelCase.Near(ScalarKernels.Norm(x, panel.Width, scale, one, shift, eps), KernelCase.Read(to), i =>
                lost * (1 + Math.Abs(scale[i / panel.Width] + one)));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Norm_without_a_shift_adds_none(string name)
    {
        var kernels = KernelCase.Of(name);
        Panels(kernels).Sample(panel =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, scale) = (memory.Hold(memory.Numbers(panel.Features * panel.Width)), memory.Hold(memory.Numbers(panel.Features)));
            var (to, none) = (memory.Hold(memory.Numbers(panel.Features * panel.Width)), memory.Hold(new float[panel.Features]));
            var expected = memory.Hold(memory.Numbers(panel.Features * panel.Width));

            kernels.Norm(x.Start, to.Start, panel.Features, panel.Width, scale.Start, 1, null, 1e-6f);
            kernels.Norm(x.Start, expected.Start, panel.Features, panel.Width, scale.Start, 1, none.Start, 1e-6f);

            Assert.Equal(KernelCase.Read(expected), KernelCase.Read(to));
        }, iter: 20);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Root_mean_square_norm_is_that_of_every_token(string name)
    {
        var kernels = KernelCase.Of(name);
        Gen.Select(Panels(kernels), Gen.Bool, Gen.Bool, Gen.OneOf(1e-6f, 1e-5f)).Sample((panel, isScaled, isShifted, eps) =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, weight) = (memory.Numbers(panel.Features * panel.Width, scale: 2), memory.Numbers(panel.Features));
            var (scale, shift) = (isScaled ? memory.Numbers(panel.Features) : [], isShifted ? memory.Numbers(panel.Features) : []);
            var to = memory.Hold(memory.Numbers(x.Length));

            kernels.RmsNorm(
                memory.Hold(x).Start, to.Start, panel.Features, panel.Width, memory.Hold(weight).Start,
                isScaled ? memory.Hold(scale).Start : null, isShifted ? memory.Hold(shift).Start : null, eps);

            KernelCase.Near(ScalarKernels.RmsNorm(x, panel.Width, weight, scale, shift, eps), KernelCase.Read(to), i =>
                4e-6 * (1 + Math.Abs(weight[i / panel.Width]) * (1 + (isScaled ? Math.Abs(scale[i / panel.Width]) : 0)))
                    * Math.Sqrt(panel.Features));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Rotation_turns_pairs_of_features_by_the_angles_of_their_tokens(string name)
    {
        var kernels = KernelCase.Of(name);
        Gen.Select(Panels(kernels), Gen.Bool, Gen.Int[0, 40], Gen.OneOf(1f, 0.125f)).Sample((panel, hasBias, beside, factor) =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (features, stride) = (2 * panel.Features, panel.Width + beside);
            var (x, bias) = (memory.Numbers(features * panel.Width), hasBias ? memory.Numbers(features) : []);
            var (cosines, sines) = (memory.Numbers(features * stride), memory.Numbers(features * stride));
            var to = memory.Hold(x);

            kernels.Rotate(
                to.Start, features, panel.Width, hasBias ? memory.Hold(bias).Start : null, memory.Hold(cosines).Start,
                memory.Hold(sines).Start, stride, factor);

            KernelCase.Near(ScalarKernels.Rotate(x, panel.Width, bias, cosines, sines, stride, factor), KernelCase.Read(to), i =>
                60 * Eps * (1 + Math.Abs(x[i])));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void SwiGlu_takes_the_biases_first(string name)
    {
        var kernels = KernelCase.Of(name);
        Panels(kernels).Sample(panel =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, gate) = (memory.Numbers(panel.Features * panel.Width, scale: 3), memory.Numbers(panel.Features * panel.Width));
            var (bias, gateBias) = (memory.Numbers(panel.Features), memory.Numbers(panel.Features));
            var (to, by) = (memory.Hold(x), memory.Hold(gate));

            kernels.SwiGlu(to.Start, by.Start, panel.Features, panel.Width, memory.Hold(bias).Start, memory.Hold(gateBias).Start);

            KernelCase.Near(ScalarKernels.SwiGlu(x, gate, panel.Width, bias, gateBias), KernelCase.Read(to), i =>
                8 * Eps * (Math.Abs(x[i]) + Math.Abs(bias[i / panel.Width])) * (Math.Abs(gate[i]) + Math.Abs(gateBias[i / panel.Width]))
                    + 1e-36);
            Assert.Equal(gate, KernelCase.Read(by));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void A_token_that_does_not_vary_becomes_the_shift(string name)
    {
        var kernels = KernelCase.Of(name);
        using var memory = new KernelCase(1);
        var (scale, shift) = (memory.Numbers(5), memory.Numbers(5));
        var x = memory.Hold([.. Enumerable.Repeat(3f, 5 * kernels.Lanes)]);

        kernels.Norm(x.Start, x.Start, 5, kernels.Lanes, memory.Hold(scale).Start, 1, memory.Hold(shift).Start, 1e-6f); // in place too

        KernelCase.Near([.. Enumerable.Range(0, 5 * kernels.Lanes).Select(i => (double)shift[i / kernels.Lanes])], KernelCase.Read(x),
            static _ => 1e-3);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Residual_adds_the_branch_with_its_bias_and_gate(string name)
    {
        var kernels = KernelCase.Of(name);
        Gen.Select(Panels(kernels), Gen.Bool).Sample((panel, isGated) =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, y) = (memory.Numbers(panel.Features * panel.Width), memory.Numbers(panel.Features * panel.Width));
            var (bias, gate) = (memory.Numbers(panel.Features), isGated ? memory.Numbers(panel.Features) : []);
            var (to, branch) = (memory.Hold(x), memory.Hold(y));

            kernels.Residual(to.Start, branch.Start, panel.Features, panel.Width, memory.Hold(bias).Start, isGated ? memory.Hold(gate)
                .Start : null);

            KernelCase.Near(
                ScalarKernels.Residual(x, y, panel.Width, bias, gate), KernelCase.Read(to),
                i => Eps * (Math.Abs(x[i]) + (isGated ? 2 * Math.Abs(gate[i / panel.Width])
                    : 2) * (Math.Abs(y[i]) + Math.Abs(bias[i / panel.Width]))));
            Assert.Equal(y, KernelCase.Read(branch));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Gelu_takes_the_bias_first(string name)
    {
        var kernels = KernelCase.Of(name);
        Panels(kernels).Sample(panel =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, bias) = (memory.Numbers(panel.Features * panel.Width, scale: 3), memory.Numbers(panel.Features));
            var to = memory.Hold(x);

            kernels.Gelu(to.Start, panel.Features, panel.Width, memory.Hold(bias).Start);

            KernelCase.Near(ScalarKernels.Gelu(x, panel.Width, bias), KernelCase.Read(to), i =>
                4 * Eps * (Math.Abs(x[i]) + Math.Abs(bias[i / panel.Width])));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Exact_Gelu_takes_the_bias_first(string name)
    {
        var kernels = KernelCase.Of(name);
        Panels(kernels).Sample(panel =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, bias) = (memory.Numbers(panel.Features * panel.Width, scale: 3), memory.Numbers(panel.Features));
            var to = memory.Hold(x);

            kernels.ExactGelu(to.Start, panel.Features, panel.Width, memory.Hold(bias).Start);

            KernelCase.Near(ScalarKernels.ExactGelu(x, panel.Width, bias), KernelCase.Read(to), i =>
                3e-7 + 4 * Eps * (Math.Abs(x[i]) + Math.Abs(bias[i / panel.Width])));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void A_bias_is_added_to_what_a_product_gave(string name)
    {
        var kernels = KernelCase.Of(name);
        Panels(kernels).Sample(panel =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (y, bias) = (memory.Numbers(panel.Features * panel.Width), memory.Numbers(panel.Features));
            var (to, from) = (memory.Hold(memory.Numbers(panel.Features * panel.Width)), memory.Hold(y));

            kernels.AddBias(to.Start, from.Start, panel.Features, panel.Width, memory.Hold(bias).Start);

            KernelCase.Near(ScalarKernels.AddBias(y, panel.Width, bias), KernelCase.Read(to), i =>
                Eps * (Math.Abs(y[i]) + Math.Abs(bias[i / panel.Width])));
            Assert.Equal(y, KernelCase.Read(from));
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Bias_and_factor_are_applied_in_this_order(string name)
    {
        var kernels = KernelCase.Of(name);
        Gen.Select(Panels(kernels), Gen.Float[-3, 3]).Sample((panel, factor) =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, bias) = (memory.Numbers(panel.Features * panel.Width), memory.Numbers(panel.Features));
            var to = memory.Hold(x);

            kernels.BiasScale(to.Start, panel.Features, panel.Width, memory.Hold(bias).Start, factor);

            KernelCase.Near(ScalarKernels.BiasScale(x, panel.Width, bias, factor), KernelCase.Read(to), i =>
                Eps * Math.Abs(factor) * (Math.Abs(x[i]) + Math.Abs(bias[i / panel.Width])) + 1e-44);
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Softmax_is_exact_to_a_few_units_whatever_the_scores(string name)
    {
        var kernels = KernelCase.Of(name);
        Gen.Select(Panels(kernels), Gen.OneOf(0.1, 5, 40), Gen.OneOf(-1e4, 0, 1e4)).Sample((panel, scale, mean) =>
        {
            using var memory = new KernelCase(panel.Seed);
            var scores = memory.Numbers(panel.Features * panel.Width, scale, mean);
            var (to, sums) = (memory.Hold(scores), memory.Hold(memory.Numbers(panel.Width)));

            kernels.Softmax(to.Start, panel.Features, panel.Width, sums.Start);

            var (exponentials, inverse) = ScalarKernels.Softmax(scores, panel.Width);
            // the difference is rounded; none is less than the smallest normal number
            KernelCase.Near(exponentials, KernelCase.Read(to), i =>
                (4 + Math.Min(90, -Math.Log(exponentials[i]))) * Eps * exponentials[i] + 2e-38);
            KernelCase.Near(inverse, KernelCase.Read(sums), i => (8 + panel.Features) * Eps * inverse[i]);
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void One_score_that_is_no_number_spoils_its_own_query_alone(string name)
    {
        var kernels = KernelCase.Of(name);
        for (var at = 0; at < 5; at++)
        {
            using var memory = new KernelCase(at);
            var scores = memory.Numbers(5 * kernels.Lanes);
            scores[at * kernels.Lanes + 1] = float.NaN;
            var sums = memory.Hold(memory.Numbers(kernels.Lanes));

            kernels.Softmax(memory.Hold(scores).Start, 5, kernels.Lanes, sums.Start);

            Assert.Equal([1], Enumerable.Range(0, kernels.Lanes).Where(lane => !float.IsFinite(KernelCase.Read(sums)[lane])));
            Assert.True(float.IsNaN(KernelCase.Read(sums)[1]));
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Lanes_are_scaled_each_by_its_own_factor(string name)
    {
        var kernels = KernelCase.Of(name);
        Panels(kernels).Sample(panel =>
        {
            using var memory = new KernelCase(panel.Seed);
            var (x, factors) = (memory.Numbers(panel.Features * panel.Width), memory.Numbers(panel.Width));
            var to = memory.Hold(memory.Numbers(x.Length));

            kernels.ScaleLanes(memory.Hold(x).Start, to.Start, panel.Features, panel.Width, memory.Hold(factors).Start);

            var expected = ScalarKernels.ScaleLanes(x, factors);
            KernelCase.Near(expected, KernelCase.Read(to), i => Eps * Math.Abs(expected[i]) + 1e-44);
        }, iter: 100);
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Keys_and_values_are_packed_as_left_factors(string name)
    {
        var kernels = KernelCase.Of(name);
        (from features in Gen.Int[1, 40]
         from tokens in Gen.Int[1, 9 * kernels.Lanes]
         from blocks in Gen.Int[1, 3]
         from firstRow in Gen.Int[0, 5]
         from below in Gen.Int[0, 5]
         from seed in KernelCase.Seed
         select (features, tokens, blocks, firstRow, rows: firstRow + features + below, seed)).Sample(c =>
        {
            using var memory = new KernelCase(c.seed);
            var layout = TokenLayout.Of(c.tokens, kernels.Lanes, kernels.PanelVectors, c.blocks);
            var from = memory.Numbers(c.rows * layout.PaddedTokens);
            var source = memory.Hold(from);
            var before = memory.Numbers(PackedWeights.Padded(c.features, kernels.TileRows) * layout.PaddedTokens);
            var (keys, values) = (memory.Hold(memory.Numbers(c.features * layout.PaddedTokens)), memory.Hold(before));

            kernels.PackKeys(layout.Panels, source.Start, c.rows, c.firstRow, keys.Start, c.features);
            kernels.PackValues(layout.Panels, source.Start, c.rows, c.firstRow, values.Start, c.features, layout.PaddedTokens);

            KernelCase.Near(ScalarKernels.PackKeys(layout.Panels, from, c.rows, c.firstRow, c.features, kernels.TileRows),
                KernelCase.Read(keys), static _ => 0);
            KernelCase.Near(ScalarKernels.PackValues(layout.Panels, from, c.rows, c.firstRow, c.features, kernels.TileRows, before),
                KernelCase.Read(values), static _ => 0);
        }, iter: 100);
    }
}
