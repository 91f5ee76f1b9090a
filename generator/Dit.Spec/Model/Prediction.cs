namespace Dit.Spec;

/// <summary>What the model predicts.</summary>
public enum Prediction
{
    /// <summary>The noise.</summary>
    Epsilon,

    /// <summary>The clean input.</summary>
    StartX,
}
