namespace Dit.Spec;

public abstract partial record SamplerMethod
{
    /// <summary>Ancestral sampling (DDPM, arXiv 2006.11239, algorithm 2).</summary>
    public sealed record Ddpm : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "ddpm";

        internal override string Meaning => "ancestral sampling (arXiv 2006.11239)";

        internal override string Title => "Ancestral DDPM sampling";

        internal override MethodProcess Process => MethodProcess.Gaussian;
    }

    /// <summary>DDIM (arXiv 2010.02502).</summary>
    /// <param name="Eta">0 is deterministic, 1 is as noisy as DDPM.</param>
    public sealed record Ddim(double Eta) : SamplerMethod
    {
        /// <inheritdoc/>
        public override string Word => "ddim";

        internal override string Meaning => "arXiv 2010.02502";

        internal override string Title => Eta == 0 ? "Deterministic DDIM sampling" : $"DDIM sampling with eta {Numbers.Write(Eta)}";

        internal override MethodProcess Process => MethodProcess.Gaussian;

        internal override IReadOnlyList<MethodSetting> Settings =>
            [MethodSetting.Of(SamplerKeys.Eta, nameof(Eta), Eta) with { IsAlwaysShown = true }];

        internal override Result<SamplerMethod> Read(Fields fields) =>
            fields.Read(SamplerKeys.Eta).Select(eta => (SamplerMethod)(this with { Eta = eta }));
    }
}
