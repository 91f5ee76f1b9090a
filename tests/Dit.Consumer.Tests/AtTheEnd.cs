using System.Collections.Concurrent;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Dit.Consumer.Tests;

/// <summary>
/// Ends what the tests share, after the last of them; the runner ends this process before it could do so itself.
/// </summary>
/// <param name="messages">Where xunit wants its diagnostics.</param>
public sealed class AtTheEnd(IMessageSink messages) : XunitTestFramework(messages)
{
    private static readonly ConcurrentStack<Action> Actions = new();

    /// <summary>Does something after the last test.</summary>
    internal static void Do(Action action) => Actions.Push(action);

    /// <inheritdoc/>
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Executor(AssemblyName name, ISourceInformationProvider sources, IMessageSink messages)
        : XunitTestFrameworkExecutor(name, sources, messages)
    {
        protected override async void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions)
        {
            using var runner = new Runner(TestAssembly, testCases, DiagnosticMessageSink, executionMessageSink, executionOptions);
            await runner.RunAsync();
        }
    }

    private sealed class Runner(
        ITestAssembly assembly,
        IEnumerable<IXunitTestCase> cases,
        IMessageSink messages,
        IMessageSink results,
        ITestFrameworkExecutionOptions options
    ) : XunitTestAssemblyRunner(assembly, cases, messages, results, options)
    {
        protected override Task BeforeTestAssemblyFinishedAsync()
        {
            while (Actions.TryPop(out var action)) Aggregator.Run(action);
            return base.BeforeTestAssemblyFinishedAsync();
        }
    }
}
