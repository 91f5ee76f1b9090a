namespace Dit.Spec.Tests;

/// <summary>Each rule once: the id, the place, the value that is wrong and what would be right.</summary>
public class RuleTests
{
    public static TheoryData<string, string, string, int, int, string> OneMistake => new()
    {
        // id, line to replace, its replacement, line and column of the error, words of the message
        { "DIT001", "model: Tiny/2", "model: {Tiny", 1, 8, "This '{' is not closed; put '}' behind its last entry" },
        { "DIT002", "depth: 2", "depth: 2\ndeepth: 2", 3, 1, "Unknown key 'deepth'; 'depth' is here already, so remove this one" },
        { "DIT002", "depth: 2", "depth: 2\ntimesteps: 100", 3, 1, "Unknown key 'timesteps'; it belongs into 'diffusion'" },
        { "DIT002", "method: ddpm, steps: 250", "method: ddpm, steps:250", 21, 29,
            "Unknown key 'samplers.ddpm-250.steps:250'; put a space behind the colon of 'steps'" },
        { "DIT002", "depth: 2", "deepth: 2", 2, 1, "Unknown key 'deepth'; did you mean 'depth'?" },
        { "DIT002", "  dropout: 0.1", "  temperature: 1", 13, 3,
            "Unknown key 'conditioning.temperature'; the keys here are variant, classes, text, none, micro_conditions, dropout" },
        { "DIT003", "method: ddpm, steps: 250", "method: ddpm", 21, 15,
            "Key 'samplers.ddpm-250.steps' is missing; add 'steps: ...', a whole number from 1 to 100000" },
        { "DIT003", "heads: 4\n", "", 1, 1, "Key 'heads' is missing; add 'heads: ...', a whole number from 1 to 1024" },
        { "DIT004", "depth: 2", "depth: two", 2, 8, "'depth' must be a whole number from 1 to 1000, not 'two'" },
        { "DIT004", "depth: 2", "depth: 2.0", 2, 8, "must be a whole number from 1 to 1000, not '2.0'; write 2" },
        { "DIT004", "depth: 2", "depth: 1_000", 2, 8, "not '1_000'; write 1000" },
        { "DIT004", "depth: 2", "depth: '2'", 2, 8, "not the text '2'; write 2 without quotes" },
        { "DIT004", "depth: 2", "depth: 0x10", 2, 8, "not '0x10'; write 16" },
        { "DIT004", "depth: 2", "depth: 0o17", 2, 8, "not '0o17'; write 15" },
        { "DIT004", "depth: 2", "depth: 010", 2, 8, "not '010'; a leading zero means octal to some readers, so leave it out" },
        { "DIT004", "depth: 2", "depth: 08", 2, 8, "not '08'; write 8" },
        { "DIT004", "depth: 2", "depth: 1e2", 2, 8, "not '1e2'; write 100" },
        { "DIT004", "depth: 2", "depth: +2", 2, 8, "not '+2'; write 2" },
        { "DIT004", "depth: 2", "depth: 2.5", 2, 8, "'depth' must be a whole number from 1 to 1000, not '2.5'" },
        { "DIT004", "depth: 2", "depth: 2e5", 2, 8, "'depth' must be a whole number from 1 to 1000, not '2e5'" },
        { "DIT004", "depth: 2", "depth: 1,000", 2, 8, "not '1,000'; write 1000" },
        { "DIT004", "depth: 2", "depth: \u0663\u0660", 2, 8, "; write 30" },
        { "DIT004", "depth: 2", "depth: no", 2, 8, "'depth' must be a whole number from 1 to 1000, not 'no'" },
        { "DIT004", "depth: 2", "depth:", 2, 7, "'depth' has no value; it must be a whole number from 1 to 1000" },
        { "DIT004", "depth: 2", "depth: ~", 2, 8, "'depth' has no value; it must be a whole number from 1 to 1000" },
        { "DIT004", "  dropout: 0.1", "  dropout: .1", 13, 12, "'conditioning.dropout' must be a number from 0 to 1, not '.1'; write 0.1" },
        { "DIT004", "  dropout: 0.1", "  dropout: 1e-1", 13, 12, "not '1e-1'; write 0.1" },
        { "DIT004", "  dropout: 0.1", "  dropout: 0,1", 13, 12, "not '0,1'; write 0.1" },
        { "DIT004", "  dropout: 0.1", "  dropout: .nan", 13, 12, "must be a number from 0 to 1, not '.nan'" },
        { "DIT004", "autoencoder: none", "autoencoder:", 19, 13,
            "'autoencoder' has no value; it must be one of none, kl-f8, va-vae-f16d32, or a mapping such as { name: kl-f4, ch: 128, "
                + "ch_mult: [1, 2, 4], "
                + "num_res_blocks: 2, z_channels: 3 }"
        },
        { "DIT004", "model: Tiny/2", "model:", 1, 7, "'model' has no value; it must be a name such as DiT-XL/2" },
        { "DIT004", "  ddpm-250: { method: ddpm, steps: 250 }", "  ddpm-250: ddpm", 21, 13,
            "'samplers.ddpm-250' must be a mapping such as { method: ddpm, steps: 250 }, not 'ddpm'" },
        { "DIT004", "  size: 8", "  size: [8, 8, 8]", 9, 9,
            "'input.size' must be a whole number from 1 to 16384, or [height, width], not a list" },
        { "DIT004", "mlp_ratio: 4", "mlp_ratio: no", 6, 12, "'mlp_ratio' must be a number from 0.01 to 16, not 'no'" },
        { "DIT005", "heads: 4", "heads: 4\nheads: 8", 5, 1, "Key 'heads' appears twice; remove one of them" },
        { "DIT006", "  schedule: linear", "  schedule: linaer", 17, 13, "'diffusion.schedule' cannot be 'linaer'; did you mean 'linear'?" },
        { "DIT006", "autoencoder: none", "autoencoder: vq", 19, 14,
            "'autoencoder' cannot be 'vq'; it is one of none, kl-f8, va-vae-f16d32" },
        { "DIT007", "depth: 2", "depth: 0", 2, 8, "'depth' is 0; it must be from 1 to 1000" },
        { "DIT007", "depth: 2", "depth: 99999999999999999999", 2, 8, "'depth' is 99999999999999999999; it must be from 1 to 1000" },
        { "DIT007", "  dropout: 0.1", "  dropout: 1.5", 13, 12, "'conditioning.dropout' is 1.5; it must be from 0 to 1" },
        { "DIT008", "model: Tiny/2", "model: 2/Tiny", 1, 8, "'2/Tiny' gives no C# class name; start it with an ASCII letter" },
        { "DIT008", "model: Tiny/2", "model: class", 1, 8,
            "'class' gives the class name class, which is a C# keyword; choose another, such as Myclass" },
        { "DIT008", "model: Tiny/2", "model: \u6a21\u578b", 1, 8, "gives no C# class name" },
        { "DIT008", "model: Tiny/2", "model: Block", 1, 8,
            "class name Block, which generated code uses already; choose another, such as MyBlock" },
        { "DIT008", "model: Tiny/2", "model: \"Tiny\\n2\"", 1, 8, "holds a line break" },
        { "DIT008", "model: Tiny/2", "model: ditmodels", 1, 8, "class name ditmodels, which generated code uses already" },
        { "DIT008", "  ddpm-250:", "  sampler:", 21, 3,
            "Sampler 'sampler' gives no C# property name of its own; name it after its method and steps" },
        { "DIT007", "  timesteps: 1000", "  timesteps: 20", 18, 14, "'diffusion.timesteps' is 20; a linear schedule needs 21 or more" },
        { "DIT009", "model: Tiny/2", "model: Tiny/2\nbackbone: mmdit", 2, 11, "available here: dit, u-vit, unidiffuser" },
        { "DIT101", "width: 32", "width: 36", 3, 8, "Width 36 is not divisible by 8 heads" },
        { "DIT011", "depth: 2", "depth: 2\n\theads: 4", 3, 1,
            "This is a tab; YAML is laid out by spaces alone, so write spaces in its place" },
        { "DIT012", "model: Tiny/2", "model: &name Tiny", 1, 8, "Anchors and aliases are not used in specs; write the value out" },
        { "DIT012", "model: Tiny/2", "model: *name", 1, 8, "Anchors and aliases are not used in specs; write the value out" },
        { "DIT012", "depth: 2", "depth: !!int 2", 2, 8, "Tags are not used in specs; write the value alone" },
        { "DIT012", "depth: 2", "depth: 2\n<<: { width: 3 }", 3, 1, "Merge keys are not used in specs; write the keys out" },
        { "DIT012", "model: Tiny/2", "%YAML 1.1\n---\nmodel: Tiny/2", 1, 1, "Directives are not used in specs; remove the line" },
        { "DIT013", "model: Tiny/2", "model: no", 1, 8,
            "'model' is no, which YAML readers take for false; quote it, \"no\", or choose another name" },
        { "DIT013", "  ddpm-250:", "  on:", 21, 3, "The name of a sampler is on, which YAML readers take for true; quote it" },
        { "DIT112", "  dropout: 0.1", "  dropout: 1", 13, 12, "is 1, so training would always hide the condition; 0.1 is usual" },
        { "DIT111", "  dropout: 0.1", "  text: { tokens: 77, width: 768 }", 13, 9,
            "A model has one condition, but here are classes and text; keep one of them" },
        { "DIT113", "conditioning:\n  variant: adaln-zero", "numerics: diffusers\nconditioning:\n  variant: in-context", 10, 11,
            "diffusers has no such model: its Diffusion Transformer is adaln-zero on classes; write official" },
        { "DIT113", "conditioning:", "numerics: diffusers\nblock: { mlp: gelu }\nconditioning:", 10, 11,
            "diffusers has no such model: its Diffusion Transformer has the paper's block; write official, or leave out 'block'" },
        { "DIT120", "heads: 4", "heads: 16\nblock: { position: rope-2d }", 5, 20,
            "a head's width must be a multiple of 4, and width 32 / 16 heads is 2; change width or heads, or write none" },
        { "DIT121", "autoencoder: none", "block: { position: rope-2d } # in-context\nautoencoder: none", 19, 20,
            "in the variant in-context the condition's tokens, which have none, are in the same sequence" },
        { "DIT121", "autoencoder: none", "block: { shift: false } # cross-attention\nautoencoder: none", 19, 17,
            "shifts norms in the variants adaln-zero, adaln, adaln-zero+cross-attention only, and this one is cross-attention; leave out" },
        { "DIT121", "autoencoder: none", "block: { modulation: shared } # in-context\nautoencoder: none", 19, 22,
            "Norms are modulated in the variants adaln-zero, adaln, adaln-zero+cross-attention only, and this one is in-context; leave out"
        },
        { "DIT122", "variant: adaln-zero", "variant: adaln-zero+cross-attention", 11, 12,
            "attends to the tokens of a text, and this model is conditioned on classes; write adaln-zero, or 'text: { tokens: L, width: W "
                + "}'"
        },
        { "DIT122", "  classes: 10", "  text: { tokens: 7, width: 5, mask: true }", 12, 38,
            "Masked text is for the variant adaln-zero+cross-attention, and this one is adaln-zero, which uses all tokens" },
        { "DIT122", "  classes: 10", "  micro_conditions: true\n  text: { tokens: 7, width: 5 }", 12, 21,
            "Micro-conditions are for the variant adaln-zero+cross-attention, and this one is adaln-zero" },
        { "DIT122", "  classes: 10", "  micro_conditions: true\n  classes: 10", 12, 21,
            "Micro-conditions stand beside a text, and this model has none" },
        {
            "DIT122",
            "  variant: adaln-zero\n  classes: 10",
            "  variant: adaln-zero+cross-attention\n  text: { tokens: 7, width: 5 }\n  micro_conditions: true",
            13, 21, "in a third of the width each, and 32 is not divisible by 3" },
        { "DIT004", "  classes: 10", "  text: { tokens: 7, width: 5, mask: 1 }", 12, 38, "'conditioning.text.mask' must be true or false" },
        { "DIT007", "mlp_ratio: 4", "mlp_ratio: 4\npositions: { scale: 0 }", 7, 21, "'positions.scale' is 0; it must be from 0.01 to 100" },
        { "DIT109", "mlp_ratio: 4", "mlp_ratio: 0.03125\nblock: { mlp: swiglu }", 7, 15,
            "two thirds of 1 leave no hidden channel; raise mlp_ratio to 0.0625" },
        { "DIT006", "mlp_ratio: 4", "mlp_ratio: 4\nblock: { norm: rmsnorm }", 7, 16,
            "'block.norm' cannot be 'rmsnorm'; it is one of layer, rms" },
        { "DIT004", "mlp_ratio: 4", "mlp_ratio: 4\nblock: { shift: no }", 7, 17, "'block.shift' must be true or false, not 'no'" },
        { "DIT002", "mlp_ratio: 4", "mlp_ratio: 4\nblock: { qknorm: rms }", 7, 10, "Unknown key 'block.qknorm'; did you mean 'qk_norm'?" },
        { "DIT102", "patch_size: 2", "patch_size: 3", 5, 13, "Input height 8 is not divisible by patch size 3; 9 is" },
        { "DIT103", "width: 32", "width: 30", 3, 8, "Width 30 is not a multiple of 4, which the 2-D sin-cos positions need; 20 is" },
        { "DIT104", "method: ddpm, steps: 250", "method: sde-heun, steps: 250", 21, 23,
            "sampler of flow processes, and the model's process is a Gaussian diffusion; use ddim, ddpm or dpm-solver++" },
        { "DIT104", "method: ddpm, steps: 250", "method: euler, steps: 250, shift: 3", 21, 49,
            "A shift moves the steps of a flow, and the model's process is a Gaussian diffusion; remove it" },
        { "DIT117", "method: ddpm, steps: 250", "method: unipc, steps: 2, order: 3", 21, 47,
            "Sampler 'ddpm-250' has order 3 and 2 steps; the order is at most the number of steps" },
        { "DIT002", "method: ddpm, steps: 250", "method: dopri5, steps: 250", 21, 38,
            "A dopri5 sampler chooses its steps as it goes; remove steps, and set rtol and atol if need be" },
        { "DIT002", "method: ddpm, steps: 250", "method: ddpm, steps: 250, order: 2", 21, 48,
            "takes no order; remove it, or use method: dpm-solver++, sde-dpm-solver++, dpm-solver, unipc, deis or lms" },
        { "DIT007", "method: ddpm, steps: 250", "method: edm, steps: 250, churn_max: 0.01", 21, 51,
            "No noise level lies from churn_min, 0.05, to churn_max, 0.01; churn_min is the smaller one" },
        { "DIT002", "method: ddpm, steps: 250", "method: ddpm, steps: 250, churn: 40", 21, 48,
            "takes no churn; remove it, or use method: edm" },
        { "DIT007", "method: ddpm, steps: 250", "method: ddpm, steps: 1", 21, 36,
            "Sampler 'ddpm-250' takes 1 step, but a Gaussian diffusion needs 2 or more" },
        { "DIT106", "steps: 250", "steps: 1001", 21, 36,
            "Sampler 'ddpm-250' takes 1001 steps, but the process has 1000; ask for at most 1000" },
        { "DIT108", "  ddim-50:", "  ddpm.250:", 22, 3,
            "Samplers 'ddpm-250' and 'ddpm.250' would both be the property Ddpm250; rename one" },
        { "DIT109", "mlp_ratio: 4", "mlp_ratio: 1.3", 6, 12,
            "Width 32 times mlp_ratio 1.3 is 41.6, not a whole number of hidden channels; mlp_ratio 1.3125 gives 42" },
        { "DIT114", "  channels: 4\n  size: 8", "  channels: 3\n  size: 8 # kl-f8", 8, 13,
            "The input has 3 channels, but a latent of kl-f8 has 4; write channels: 4, or name another autoencoder" },
        { "DIT114", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 3 }", 8,
            13, "The input has 4 channels, but a latent of kl-f4 has 3; write channels: 3" },
        { "DIT115", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 120, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4 }", 19,
            33, "'autoencoder.ch' is 120, which is not divisible into the 32 groups of the group norms; 128 is" },
        { "DIT004", "autoencoder: none", "autoencoder: [kl-f8]", 19, 14,
            "'autoencoder' must be one of none, kl-f8, va-vae-f16d32, or a mapping" },
        { "DIT004", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mult: 2, num_res_blocks: 2, z_channels: 4 }", 19, 47,
            "'autoencoder.ch_mult' must be a list of 1 to 8 whole numbers from 1 to 64, such as [1, 2, 4], not '2'" },
        { "DIT004", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mult: [], num_res_blocks: 2, z_channels: 4 }", 19, 47,
            "'autoencoder.ch_mult' must be a list of 1 to 8 whole numbers" },
        { "DIT004", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, two], num_res_blocks: 2, z_channels: 4 }", 19,
            51, "'autoencoder.ch_mult' must be a list of 1 to 8 whole numbers from 1 to 64, such as [1, 2, 4], not 'two'" },
        { "DIT007", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 0], num_res_blocks: 2, z_channels: 4 }", 19, 51,
            "'autoencoder.ch_mult' is 0; it must be from 1 to 64" },
        { "DIT004", "autoencoder: none",
            "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4, no_quant_conv: false }", 19, 107,
            "can only be true; where the convolutions are there, leave the key out" },
        { "DIT004", "autoencoder: none",
            "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4, channel_statistics: no }", 19, 112,
            "'autoencoder.channel_statistics' can only be true; where all channels have one scale, leave the key out" },
        { "DIT007", "autoencoder: none",
            "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4, attn_levels: [2, 3] }", 19, 105,
            "'autoencoder.attn_levels' has level 3, but 'ch_mult' has 3 levels, the last of which is 2" },
        { "DIT114", "autoencoder: none", "autoencoder: va-vae-f16d32", 8, 13,
            "The input has 4 channels, but a latent of va-vae-f16d32 has 32; write channels: 32" },
        { "DIT003", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2 }", 19, 16,
            "Key 'autoencoder.z_channels' is missing; add 'z_channels: ...'" },
        { "DIT002", "autoencoder: none", "autoencoder: { name: kl-f4, ch: 128, ch_mults: [1, 2, 4], num_res_blocks: 2, z_channels: 4 }", 19,
            38, "Unknown key 'autoencoder.ch_mults'; did you mean 'ch_mult'?" },
        { "DIT008", "autoencoder: none", "autoencoder: { name: 'kl f4', ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4 }",
            19, 22, "The autoencoder's name 'kl f4' has other characters than ASCII letters" },
        { "DIT013", "autoencoder: none", "autoencoder: { name: no, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4 }", 19, 22,
            "'autoencoder.name' is no, which YAML readers take for false" },
        { "DIT110", "patch_size: 2\nmlp_ratio: 4\ninput:\n  channels: 4\n  size: 8",
            "patch_size: 1\nmlp_ratio: 4\ninput:\n  channels: 4\n  size: 512", 5, 13,
            "cut an input of 512 x 512 into 262144 tokens; at most 65536 are possible" },
    };

    [Theory, MemberData(nameof(OneMistake))]
    public void One_mistake_gives_one_located_error(string id, string line, string replacement, int atLine, int atColumn, string words)
    {
        var error = Assert.Single(SpecFile.Parse(WithMistake(id, line, replacement)).Errors);

        Assert.Equal((id, atLine, atColumn), (error.Rule.Id, error.At.Line, error.At.Column));
        Assert.Contains(words, error.Message);
    }

    private static string WithMistake(string id, string line, string replacement)
    {
        Assert.Contains(line, Specs.Tiny);
        var spec = Specs.Tiny.Replace(line, replacement);
        if (id == "DIT101") spec = spec.Replace("heads: 4", "heads: 8");
        if (id == "DIT103") spec = spec.Replace("heads: 4", "heads: 5");
        foreach (var variant in new[] { "in-context", "cross-attention" })
            if (replacement.Contains($"# {variant}")) spec = spec.Replace("variant: adaln-zero", $"variant: {variant}");
        if (replacement.Contains("# kl-f8")) spec = spec.Replace("autoencoder: none", "autoencoder: kl-f8");
        return replacement.Contains("timesteps: 20") ? spec[..spec.IndexOf("samplers:", StringComparison.Ordinal)] : spec;
    }

    [Theory, MemberData(nameof(OneMistake))]
    public void Where_an_edit_is_suggested_it_makes_the_spec_legal(
        string id,
        string line,
        string replacement,
        int atLine,
        int atColumn,
        string words)
    {
        _ = (atLine, atColumn, words);
        var spec = WithMistake(id, line, replacement);
        if (SpecFile.Parse(spec).Errors[0].Fix is { } fix)
            Assert.Empty(SpecFile.Parse(Invariants.Apply(spec, fix)).Errors);
    }

    [Fact]
    public void A_schedule_of_a_flow_on_a_diffusion_with_samplers_names_everything_that_is_not_of_a_flow()
    {
        var errors = SpecFile.Parse(Specs.Tiny.Replace("schedule: linear", "schedule: flow-linear")).Errors;

        Assert.Equal(
            [("DIT105", 16), ("DIT105", 18), ("DIT104", 21), ("DIT104", 22)],
            errors.Select(static e => (e.Rule.Id, e.At.Line)));
    }

    public static TheoryData<string, int, string, string?> Contradictions => new()
    {
        { "{ prediction: velocity, variance: learned-range }", 46, "A model that predicts the velocity has no learned variance",
            "fixed-small" },
        { "{ prediction: score }", 26, "A model that predicts the score has no learned variance; add variance: fixed-small", null },
        { "{ variance: ignored }", 24, "The variance 'ignored' is of flows, and this model is a Gaussian diffusion", "fixed-small" },
        { "{ cosine_loss: true }", 27, "'cosine_loss' is a key of flows, and this model is a Gaussian diffusion; remove it", null },
        { "{ schedule: linear, shift: 3 }", 39, "'shift' is a key of flows", null },
        { "{ times: { logit-normal: {} } }", 21, "'times' is a key of flows", null },
        { "{ loss: velocity }", 20, "'loss' is a key of flows", null },
        { "{ weight: velocity }", 22, "'weight' is a key of flows", null },
        { "{ schedule: flow-vp, timesteps: 1000 }", 44, "A flow has no timesteps: its time runs from 0", null },
        { "{ schedule: flow-vp, variance: learned-range }", 43, "A flow has no variance of a reverse step", "ignored" },
        { "{ schedule: flow-vp, variance: fixed-large }", 43, "A flow has no variance of a reverse step", "none" },
        { "{ schedule: flow-vp, weight: likelihood }", 41, "The weight 'likelihood' is for a loss of the noise or the score", "uniform" },
        {
            "{ schedule: flow-vp, prediction: epsilon, loss: start-x, weight: velocity }",
            77,
            "and this loss is of the clean input",
            "uniform"
        },
        { "{ schedule: flow-vp, times: { normal: {} } }", 42, "Unknown key 'diffusion.times.normal'; the keys here are logit-normal",
            null },
        { "{ schedule: flow-vp, times: { logit-normal: { sd: 1 } } }", 58,
            "Unknown key 'diffusion.times.logit-normal.sd'; did you mean 'std'?", "std" },
        { "{ schedule: flow-vp, times: normal }", 40, "'diffusion.times' cannot be 'normal'; it is uniform, or a mapping such as", null },
        { "{ schedule: flow-vp, shift: 0 }", 40, "'diffusion.shift' is 0; it must be from 0.01 to 100", null },
        { "{ schedule: flow-pv }", 24, "'diffusion.schedule' cannot be 'flow-pv'; did you mean 'flow-vp'?", "flow-vp" },
    };

    [Theory, MemberData(nameof(Contradictions))]
    public void What_contradicts_the_process_is_an_error_at_its_place(string keys, int column, string words, string? fix)
    {
        var errors = SpecFile.Parse(Specs.With($"diffusion: {keys}\nsamplers: {{}}")).Errors;

        var error = errors.First();
        Assert.Contains(words, error.Message);
        Assert.Equal((column, fix), (error.At.Column, error.Fix?.Text));
        Assert.Equal(words.Contains("times.normal") ? 2 : 1, errors.Count()); // the key is missing, and its misspelling is unknown
    }

    [Fact]
    public void Five_mistakes_give_five_errors_in_the_order_of_the_file()
    {
        var file = SpecFile.Parse(Specs.Tiny
            .Replace("depth: 2", "depth: -1")
            .Replace("heads: 4", "heads: 5")
            .Replace("  size: 8", "  sise: 8")
            .Replace("variance: learned-range", "variance: learned")
            .Replace("steps: 250", "steps: 0"));

        Assert.Empty(file.Models);
        Assert.Equal(["DIT007", "DIT101", "DIT002", "DIT006", "DIT007"], file.Errors.Select(e => e.Rule.Id));
    }

    [Theory]
    [InlineData("", "The file is empty")]
    [InlineData("# only a comment\n", "The file is empty")]
    [InlineData("- a\n- model: A\n", "A spec is a mapping that starts with 'model: NAME' or 'family: NAME', not a list")]
    [InlineData("model: A\n---\nmodel: B\n", "one YAML document")]
    [InlineData("model:\t\tA\n\tdepth: 2", "This is a tab")]
    [InlineData("model: A\ndepth:12\nwidth: 3\n", "A space is missing behind the colon of 'depth'; put one there")]
    [InlineData("model: [Tiny\nwidth: 3\n", "This '[' is not closed")]
    [InlineData("model: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "nest more than 16 deep")]
    public void What_is_not_a_spec_says_so(string text, string words) =>
        Assert.Contains(words, Assert.Single(SpecFile.Parse(text).Errors).Message);

    [Theory]
    [InlineData("family: DiT-{size}", "does not say {patch_size}")]
    [InlineData(
        "family: DiT-{size}/{patch_size}/{depth}",
        "has the placeholder {depth}, which is no axis of the matrix; the axes are {size}, {patch_size}")]
    public void A_familys_name_tells_its_members_apart(string line, string words)
    {
        var error = Assert.Single(SpecFile.Parse(Specs.Shipped("dit.dit.yaml").Replace("family: DiT-{size}/{patch_size}", line)).Errors);

        Assert.Equal(Rule.BadName, error.Rule);
        Assert.Contains(words, error.Message);
    }

    [Theory]
    [InlineData("patch_size: []")]
    [InlineData("patch_size: 2")]
    [InlineData("patch_size: [[2], [4]]")]
    public void A_malformed_axis_says_what_an_axis_is(string axis)
    {
        var error = Assert.Single(SpecFile.Parse(Specs.Shipped("dit.dit.yaml").Replace("patch_size: [2, 4, 8]", axis)).Errors);

        Assert.Equal(Rule.BadMatrix, error.Rule);
        Assert.Contains("Axis 'patch_size' of the matrix must be a list of values", error.Message);
    }

    [Fact]
    public void An_error_in_a_cell_of_the_matrix_is_reported_once_and_points_into_the_cell()
    {
        var text = Specs.Shipped("dit.dit.yaml").Replace("width: 1152", "width: 1150");

        var error = Assert.Single(SpecFile.Parse(text).Errors, e => e.Rule == Rule.HeadsDivideWidth);

        Assert.Contains("Width 1150 is not divisible by 16 heads; 1152 is", error.Message);
        Assert.Equal("1150", text.Substring(error.At.Start, error.At.Length));
    }

    [Theory]
    [InlineData("family: DiT-{size}/{patch_size}", "famly: DiT-{size}/{patch_size}", "DIT002", "did you mean 'family'?")]
    [InlineData("matrix:", "matrx:", "DIT002", "did you mean 'matrix'?")]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: [2, 4, 2]", "DIT005", "'2' appears twice in the axis 'patch_size'")]
    [InlineData(
        "B:  { depth: 12,",
        "B:  {",
        "DIT014",
        "'B' of the axis 'size' leaves 'depth' out, which S, L, XL of that axis give; add 'depth: ...', a whole number from 1 to 1000")]
    public void A_mistake_in_a_family_is_one_error(string text, string replacement, string id, string words)
    {
        var spec = Specs.Shipped("dit.dit.yaml");
        Assert.Contains(text, spec);

        var error = Assert.Single(SpecFile.Parse(spec.Replace(text, replacement)).Errors);

        Assert.Equal(id, error.Rule.Id);
        Assert.Contains(words, error.Message);
    }

    [Fact]
    public void A_missing_key_of_a_familys_member_points_at_the_member()
    {
        var text = Specs.Shipped("dit.dit.yaml").Replace("B:  { depth: 12,", "B:  {");

        var at = Assert.Single(SpecFile.Parse(text).Errors).At;

        Assert.Equal("B", text.Substring(at.Start, at.Length));
    }

    [Fact]
    public void Every_independent_mistake_is_reported_though_others_stand_beside_it() => Assert.Equal(
        ["DIT101", "DIT103", "DIT004", "DIT007"],
        SpecFile
            .Parse(
                Specs
                    .Tiny.Replace("width: 32", "width: 30")
                    .Replace("mlp_ratio: 4", "mlp_ratio: abc")
                    .Replace("channels: 4", "channels: 0"))
            .Errors.Select(e => e.Rule.Id));

    [Theory]
    [InlineData("model: \"\\UFFFFFFFF\"")]
    [InlineData("model: \"\\ud800\\u0041\"")]
    [InlineData("model: !!a%20b X")]
    public void Escapes_that_break_the_yaml_scanner_are_errors_like_others(string line) =>
        Assert.NotEmpty(SpecFile.Parse(Specs.Tiny.Replace("model: Tiny/2", line)).Errors);

    [Fact]
    public void Two_models_that_would_be_one_class_are_told_apart_by_file_and_line()
    {
        var one = SpecFile.Parse(Specs.Tiny).Models[0];
        var other = SpecFile.Parse(Specs.Tiny.Replace("model: Tiny/2", "model: Tiny-2")).Models[0];

        var (path, error) = Assert.Single(DeclaredModel.Collisions([("a.dit.yaml", one), ("b.dit.yaml", other)]));

        Assert.Equal(("b.dit.yaml", "DIT107"), (path, error.Rule.Id));
        Assert.Equal(
            "Model 'Tiny-2' would be the class Tiny2, as 'Tiny/2' is already (a.dit.yaml, line 1); give it another name",
            error.Message);
    }
}
