namespace Dit.Runtime;

/// <summary>Systems of linear equations.</summary>
internal static class LinearSystem
{
    /// <summary>Solves a system by elimination, the largest pivot of each column first.</summary>
    /// <param name="rows">n rows of n coefficients and the right side; they are changed.</param>
    /// <returns>The n unknowns.</returns>
    public static double[] Solve(double[][] rows)
    {
        for (var column = 0; column < rows.Length; column++)
        {
            var pivot = Enumerable.Range(column, rows.Length - column).MaxBy(row => Math.Abs(rows[row][column]));
            (rows[column], rows[pivot]) = (rows[pivot], rows[column]);
            for (var row = column + 1; row < rows.Length; row++) Eliminate(rows[column], rows[row], column);
        }
        var solution = new double[rows.Length];
        for (var i = rows.Length - 1; i >= 0; i--)
        {
            var rest = rows[i][^1];
            for (var j = i + 1; j < rows.Length; j++) rest -= rows[i][j] * solution[j];
            solution[i] = rest / rows[i][i];
        }
        return solution;
    }

    private static void Eliminate(double[] pivot, double[] row, int column)
    {
        var factor = row[column] / pivot[column];
        for (var i = column; i < row.Length; i++) row[i] -= factor * pivot[i];
    }
}
