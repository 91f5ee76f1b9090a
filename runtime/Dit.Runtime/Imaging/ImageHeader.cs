namespace Dit.Runtime;

/// <summary>What the header of a picture says.</summary>
/// <param name="Height">Y of the upright picture, in pixels.</param>
/// <param name="Width">X of the upright picture, in pixels.</param>
/// <param name="IsGray">Whether the file holds shades of gray only, by its type and not by its colors.</param>
public readonly record struct ImageHeader(int Height, int Width, bool IsGray);
