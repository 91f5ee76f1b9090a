// A build waits about as long as it computes: two at a time are enough for a machine.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: TestFramework("Dit.Consumer.Tests.AtTheEnd", "Dit.Consumer.Tests")]
