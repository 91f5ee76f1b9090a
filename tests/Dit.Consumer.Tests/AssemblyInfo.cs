// Each test builds a project: one at a time is enough for a machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
