import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A matrix as a kernel takes it, and a view of every row for all that is done outside the kernels.
 */
record Matrix<M>(String layout, M entries, List<DoubleBuffer> rows) {
  /** Makes the matrix of zeros. */
  interface Factory<M> {
    Matrix<M> allocate(int rows, int columns);
  }

  /** Every row is an array of its own, as published. */
  static Matrix<double[][]> nested(int rows, int columns) {
    double[][] entries = new double[rows][columns];
    return new Matrix<>("nested", entries, Arrays.stream(entries).map(DoubleBuffer::wrap).toList());
  }

  /** The rows stand one after the other in a single array. */
  static Matrix<double[]> contiguous(int rows, int columns) {
    double[] entries = new double[rows * columns];
    return new Matrix<>("contiguous", entries,
        IntStream.range(0, rows)
            .mapToObj(i -> DoubleBuffer.wrap(entries, i * columns, columns).slice())
            .toList());
  }
}
