using Dit.Testing;

namespace DitProject.Tests;

public class ModelTests
{
    private static readonly SpecFile Spec = Dit.Testing.Spec.Read("../../model.dit.yaml");
}
