// The tests that count threads and bytes need to be alone.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
