package kernels;

/** A block of a matrix whose rows are stored one after the other, stride numbers apart. */
public record Block(double[] entries, int stride, int start, int rows, int columns) {
  /**
   * The quarter in row i and column j of the two by two; where a side is odd, the second is
   * larger.
   */
  Block quarter(int i, int j) {
    int top = rows / 2;
    int left = columns / 2;
    return new Block(entries, stride, start + i * top * stride + j * left,
        i == 0 ? top : rows - top, j == 0 ? left : columns - left);
  }

  /** Where row i starts. */
  int row(int i) {
    return start + i * stride;
  }
}
