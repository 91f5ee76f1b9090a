namespace Dit.Spec;

/// <summary>
/// Binds one mapping to one model: first all independent checks, then the checks that need several values.
/// </summary>
internal static class ModelBinder
{
    /// <summary>The model that a file declares.</summary>
    public static Result<DeclaredModel> Bind(MappingNode node)
    {
        var backbone = Backbone(node);
        var top = Top(node, SpecKeys.Model, backbone);
        return (top.OnlyAllowed(), Bind(top, SpecKeys.Model, backbone)).Apply(static (_, model) => model);
    }

    /// <summary>
    /// A member of a family. Unknown, duplicate and missing keys have been reported before.
    /// </summary>
    public static Result<DeclaredModel> BindMember(MappingNode node)
    {
        var backbone = Backbone(node);
        var top = Top(node, SpecKeys.Family, backbone, missingIsReported: true);
        return (top.NoneOfOtherBackbones(), Bind(top, SpecKeys.Family, backbone)).Apply(static (_, model) => model);
    }

    private static Result<BackboneKeys> Backbone(MappingNode node) => new Fields(node, "", [SpecKeys.Backbone]).Read(SpecKeys.Backbone);

    private static Fields Top(MappingNode node, NameKey name, Result<BackboneKeys> backbone, bool missingIsReported = false) =>
        new(node, "", [name, .. SpecKeys.Of(OrDit(backbone))], missingIsReported);

    // If the backbone is unknown or not available, the other keys are checked as those of a DiT.
    private static BackboneKeys OrDit(Result<BackboneKeys> backbone) =>
        backbone.Match(static keys => keys, static _ => new BackboneKeys.Dit());

    private static Result<DeclaredModel> Bind(Fields top, NameKey nameKey, Result<BackboneKeys> keys)
    {
        var process = DiffusionBinder.Bind(top);
        var condition = ConditioningBinder.Condition(top);
        var network = OrDit(keys).Match(
            _ => DitBinder.Bind(top, condition),
            _ => UVitBinder.Bind(top, condition),
            _ => UniDiffuserBinder.Bind(top, condition, process));
        var data = (InputBinder.Bind(top), AutoencoderBinder.Bind(top)).Apply(static (input, autoencoder) => (input, autoencoder))
            .Ensure(both => AutoencoderBinder.ChannelErrors(top, both.input.Channels, both.autoencoder));
        return ((keys, Name(top, nameKey)).Apply(static (_, name) => name), network, data,
                (condition, process).Apply(static (condition, process) => (condition, process)),
                SamplerBinder.Bind(top, process))
            .Apply((name, backbone, data, trained, samplers) => new DeclaredModel(
                new ModelSpec(
                    name, backbone, data.input, trained.condition, trained.process, data.autoencoder,
                    samplers.Select(s => s.Of(data.autoencoder)).ToEquatableArray()),
                top.At(nameKey))
            { Warnings = ClippingWarnings(top, data.input.Channels, samplers).ToEquatableArray() });
    }

    // One or three channels are images; any other number may well be latents.
    private static IEnumerable<SpecError> ClippingWarnings(Fields top, int channels, EquatableArray<BoundSampler> samplers)
    {
        if (channels is 1 or 3 || top.Has(SpecKeys.Autoencoder) || samplers.All(static s => s.SaysClipping)) yield break;
        yield return new(
            Rule.ClippingIsSaid,
            FormattableString.Invariant($"An input of {channels} channels may be latents, ")
                + "but without 'autoencoder' the samplers clip it to [-1, 1]; "
                + "write autoencoder: none for pixels, or name the autoencoder, or give each sampler clip_denoised: true or false",
            InputBinder.AtChannels(top));
    }

    private static Result<string> Name(Fields top, NameKey key) =>
        top.Read(key).Ensure(name => NameErrors(name, Identifier.OfModel(name), top.At(key), key));

    private static IEnumerable<SpecError> NameErrors(string name, string identifier, TextRange at, NameKey key)
    {
        var shown = Shown.Text(name);
        if (Identifier.HasUnprintable(name))
            yield return new(
                Rule.BadName,
                $"The name '{shown}' holds a line break or another character that cannot be printed; write it on one line, as in DiT-XL/2",
                at);
        else if (Characters.FirstOddIn(name) is { } odd)
            yield return new(
                Rule.Character,
                $"The name '{shown}' holds {odd}, which cannot be seen or is taken for another character; "
                    + "write it in plain letters, as in DiT-XL/2", at);
        else if (Identifier.IsKeyword(identifier))
            yield return Renamed($"'{shown}' gives the class name {identifier}, which is a C# keyword");
        else if (!Identifier.IsValid(identifier))
            yield return new(Rule.BadName, $"'{shown}' gives no C# class name; start it with an ASCII letter, as in DiT-XL/2", at);
        else if (!Identifier.IsFreeForModel(identifier))
            yield return Renamed($"'{shown}' gives the class name {identifier}, which generated code uses already");

        SpecError Renamed(string message)
        {
            var error = new SpecError(Rule.BadName, $"{message}; choose another, such as My{identifier}", at);
            return key == SpecKeys.Model && name == identifier ? error.Replace($"My{identifier}") : error;
        }
    }
}
