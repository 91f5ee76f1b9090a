using static Dit.Spec.Describe;

namespace Dit.Spec.Tests;

/// <summary>A description that does not fit is told where: module, place in the network, and statement.</summary>
public class EvaluationTests
{
    private static readonly Dim N = Networks.N, T = Networks.T, D = Networks.D;

    private static IEnumerable<string> Errors(Module module) => Evaluation.Of(module).Errors.Select(static error => error.ToString());

    private static Module Body(Member[] members, params Statement[] body) =>
        Module("Block", "A block", [new("x", Networks.Tokens, "Tokens"), new("c", Shape.Of(N, D), "Condition")], members, body, "Tokens");

    private static void Fails(string error, Module module) => Assert.Equal([error], Errors(module));

    [Fact]
    public void What_fits_has_no_errors_and_every_statement_its_shape()
    {
        var (evaluation, errors) = Evaluation.Of(Networks.UShaped);

        Assert.Empty(errors);
        Assert.Equal(
            ["(N, D)", "(N, T, D)", "(N, T, D)", "(N, T, D)", "(N, T, 12)", "(N, 3, 8, 8)"],
            evaluation.Statements.Select(static one => Shape.Text(one.Values[0].Shape)));
        Assert.Equal(
            ["in_blocks.0", "in_blocks.1", "out_blocks.0", "out_blocks.1"],
            evaluation.Statements.SelectMany(static one => one.Inside).Select(static one => one.Path));
    }

    [Fact]
    public void A_misnamed_member_value_table_norm_or_list()
    {
        Fails("Block, the result: Block has no layer fc3", Body([], Return(Call("fc3", "x"))));
        Fails("Block, h: nothing is called y", Body([], Let("h", "y"), Return("x")));
        Fails("Block, the result: Block has no table positions", Body([], Return(new Value.Parameter("positions"))));
        Fails("Block, the result: Block has no table null_text", Body([], Return(new Value.FillDropped("x", "null_text"))));
        Fails("Block, the result: Block has no norm norm3", Body([], Return(new Value.Modulate("norm3", "x", "c", "c"))));
        Fails("Block, layers: Block has no list layers", Body([], ForEach("layers", ["x"], []), Return("x")));
    }

    [Fact]
    public void A_misnamed_norm_of_queries() => Fails(
        "Attention, the result: Attention has no norm q_norm",
        Module(
            "Attention", "", [new("x", Networks.Tokens, "Tokens")], [Networks.Linear("qkv", D, 3 * D)],
            [Return(new Value.SelfAttention(Call("qkv", "x"), 4, QueryNorm: "q_norm"))], "Tokens"));

    [Fact]
    public void A_wrong_number_of_arguments()
    {
        Fails("Block, the result: fc takes one argument", Body([Networks.Linear("fc", D, D)], Return(Call("fc", "x", "c"))));
        Fails(
            "Block, the result: Attention takes 1 arguments, and is given 2",
            Body([new Member.Child("attn", Networks.Attention)], Return(Call("attn", "x", "c"))));
        Fails("Block, the result: mlp takes one argument", Body([Chain("mlp", new Member.Activate(Activation.Silu))], Return(Call("mlp"))));
    }

    [Fact]
    public void Two_letters_are_different_though_both_are_16() => Fails(
        "Block, the result: the linear layer fc takes (..., T), and is given (N, T, D)",
        Body([Networks.Linear("fc", T, D)], Return(Call("fc", "x"))));

    [Fact]
    public void A_submodule_that_is_given_another_shape_than_it_declares()
    {
        var (member, module) = (new Member.Child("attn", Networks.Attention), "Attention");
        var error = Assert.Single(Errors(Body([member], Return(Call("attn", "c")))));
        Assert.StartsWith($"Block, the result: {module} ", error);
        Assert.Contains("(N, D)", error);
    }

    [Fact]
    public void An_error_in_a_submodule_names_it_and_its_place_in_the_network()
    {
        var broken = Module(
            "Mlp", "", [new("x", Networks.Tokens, "Tokens")], [Networks.Linear("fc1", D, 4 * D), Networks.Linear("fc2", D, D)],
            [Let("h", Call("fc1", "x")), Let("y", Call("fc2", "h")), Return("y")], "Tokens");
        var block = Body([new Member.Child("mlp", broken)], Return(Add("x", Call("mlp", "x"))));

        // The second block is given a value without a shape.
        Fails("Mlp (blocks.0.mlp), y: the linear layer fc2 takes (..., D), and is given (N, T, 4 D)", Networks.Of(block));
    }

    [Fact]
    public void A_list_whose_module_changes_its_stream()
    {
        var block = Body([Networks.Linear("fc", D, 2 * D)], Return(Call("fc", "x")));
        var error = Errors(Networks.Of(block)).First();
        Assert.Equal("Tiny, blocks: a module of blocks takes tokens as (N, T, D) and gives (N, T, 2 D)", error);
    }

    [Fact]
    public void A_list_whose_module_gives_too_little()
    {
        var pair = Module(
            "Pair", "", [new("x", Networks.Tokens, "Tokens"), new("y", Networks.Tokens, "Tokens")], [], [Return(Add("x", "y"))], "Tokens");
        var network = Body([new Member.Repeated("pairs", 1, pair)], Let("y", "x"), ForEach("pairs", ["x", "y"], []), Return("x"));
        Assert.Equal("Block, pairs: a module of pairs gives nothing for y", Errors(network).First());
    }

    [Fact]
    public void A_skip_that_nobody_left()
    {
        var block = Module(
            "Up", "", [new("x", Networks.Tokens, "Tokens"), new("skip", Networks.Tokens, "A skip")], [], [Return(Add("x", "skip"))],
            "Tokens");
        Fails(
            "Block, ups: no skip is left on the stack",
            Body([new Member.Repeated("ups", 1, block)], ForEach("ups", ["x"], [], Skip.Pop), Return("x")));
    }

    [Fact]
    public void A_submodule_of_two_results_where_one_is_used()
    {
        var two = Module("Two", "", [new("x", Networks.Tokens, "Tokens")], [], [Return("x", "x")], "Tokens");
        Fails("Block, the result: two gives 2 values, where one is used", Body([new Member.Child("two", two)], Return(Call("two", "x"))));
    }

    [Fact]
    public void New_letters_for_a_value_of_another_size() => Fails(
        "Block, h: (N, T, D) is not (N, 3, D)", Body([], Let("h", "x", N, 3, D), Return("x")));

    [Fact]
    public void A_split_that_does_not_divide() => Fails(
        "Block, m: (N, D) does not split into 2 equal parts", Body([], Split("m", "c", ["shift", "scale"]), Return("x")));

    [Fact]
    public void A_chain_names_the_link_that_does_not_fit() => Fails(
        "Block, the result: the linear layer mlp.1 takes (..., 4 D), and is given (N, T, D)",
        Body([Chain("mlp", new Member.Activate(Activation.Silu), Networks.Linear("", 4 * D, D))], Return(Call("mlp", "x"))));

    [Fact]
    public void What_is_made_of_a_value_without_a_shape_is_no_second_error() => Fails(
        "Block, h: Block has no layer fc3",
        Body([Networks.Linear("fc", D, D)], Let("h", Call("fc3", "x")), Let("g", Add("h", Call("fc", "h"))), Return("g")));

    [Fact]
    public void A_layout_of_a_network_that_does_not_fit_names_all_errors()
    {
        var error = Assert.Throws<InvalidOperationException>(() => ModelLayout.Of(Body([], Let("h", "y"), Return(Call("fc3", "x")))));
        Assert.Equal(
            "The description does not fit: Block, h: nothing is called y; Block, the result: Block has no layer fc3.", error.Message);
    }
}
