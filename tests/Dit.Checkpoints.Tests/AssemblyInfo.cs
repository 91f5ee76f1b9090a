// libtorch keeps every core busy by itself, and the tests that count live tensors need to be alone.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
