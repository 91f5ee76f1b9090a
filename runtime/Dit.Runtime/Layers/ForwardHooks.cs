using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Who listens to a module: forward hooks and forward pre-hooks, of either kind that TorchSharp has.
/// </summary>
/// <remarks>
/// TorchSharp has no method that tells. It keeps hooks in fields, which are read here without reflection, so that
/// trimming and NativeAOT keep them; a version of TorchSharp that has other fields counts as one without hooks.
/// </remarks>
internal static class ForwardHooks
{
    /// <summary>Whether a module or one below it has hooks.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    public static bool IsAnyIn<TCondition>(nn.Module module) => IsAnyOn<TCondition>(module) || module.children().Any(IsAnyIn<TCondition>);

    /// <summary>Whether a layer from one tensor to one tensor has hooks.</summary>
    public static bool IsAnyOn(nn.Module<Tensor, Tensor> layer) => Count(layer) > (IsAdapted(layer) ? 1 : 0);

    /// <summary>Whether a module itself has hooks. Of modules with other arguments than those of models and their
    /// layers nothing is known.</summary>
    private static bool IsAnyOn<TCondition>(nn.Module module) => module switch
    {
        nn.Module<Tensor, Tensor> layer => IsAnyOn(layer),
        nn.Module<Tensor, Tensor, Tensor> layer => Count(layer) > 0,
        nn.Module<Tensor, Tensor, Tensor, Tensor> layer => Count(layer) > 0,
        nn.Module<TCondition, Tensor> layer => Count(layer) > 0, // an embedder
        nn.Module<Tensor, Tensor, TCondition, Tensor> layer => Count(layer) > 0,
        _ => false,
    };

    // An adapter is a hook of which everyone here knows.
    private static bool IsAdapted(nn.Module layer) => layer is Linear linear && LoraAdapter.Of(linear) is not null;

    /// <summary>Changes the outputs of a module, as long as the hook is there.</summary>
    /// <param name="module">The module.</param>
    /// <param name="change">What becomes of an output.</param>
    /// <returns>
    /// Removes the hook; null where the module is not called with one to four tensors, such as a list whose members
    /// are.
    /// </returns>
    public static Action? After(nn.Module module, Func<Tensor, Tensor> change) => module switch
    {
        nn.Module<Tensor, Tensor> one => one.register_forward_hook((_, _, output) => change(output)).remove,
        nn.Module<Tensor, Tensor, Tensor> two => two.register_forward_hook((_, _, _, output) => change(output)).remove,
        nn.Module<Tensor, Tensor, Tensor, Tensor> three =>
            three.register_forward_hook((_, _, _, _, output) => change(output)).remove,
        nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor> four =>
            four.register_forward_hook((_, _, _, _, _, output) => change(output)).remove,
        _ => null,
    };

    /// <summary>Looks at the outputs of a model and of all modules in it while something runs.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seen">
    /// Receives the name of a module, empty for the model itself, and its output; it must not dispose of the output.
    /// </param>
    /// <param name="run">Calls the model.</param>
    public static void Watch(nn.Module model, Action<string, Tensor> seen, Action run)
    {
        var removers = new List<Action>();
        try
        {
            foreach (var (name, module) in model.named_modules())
                if (After(module, output => Seen(name, output)) is { } remove) removers.Add(remove);
            run();
        }
        finally
        {
            foreach (var remove in removers) remove();
        }

        Tensor Seen(string name, Tensor output)
        {
            seen(name, output);
            return output;
        }
    }

    private static int Count<TBefore, TAfter>(nn.HookableModule<TBefore, TAfter> module)
        where TBefore : Delegate
        where TAfter : Delegate
    {
        try
        {
            return Fields<TBefore, TAfter>.Before(module).Count + Fields<TBefore, TAfter>.After(module).Count
                + Fields<TBefore, TAfter>.BeforeAny(module).Count + Fields<TBefore, TAfter>.AfterAny(module).Count;
        }
        catch (MissingFieldException)
        {
            return 0;
        }
    }

    private static class Fields<TBefore, TAfter>
    {
        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "pre_hooks")]
        public static extern ref Dictionary<string, TBefore> Before(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "post_hooks")]
        public static extern ref Dictionary<string, TAfter> After(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "module_pre_hooks")]
        public static extern ref Dictionary<string, Action<nn.Module>> BeforeAny(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "module_post_hooks")]
        public static extern ref Dictionary<string, Action<nn.Module>> AfterAny(nn.HookableModule<TBefore, TAfter> module);
    }
}
