// libtorch keeps every core busy by itself.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
