import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A matrix as a kernel takes it, and a view of every row for all that is done outside the kernels.
 */
record Matrix<M>(String layout, M entries, List<DoubleBuffer> rows) {
  /** Makes the matrix of zeros: n columns, and as many of its n rows as are asked for. */
  interface Factory<M> {
    Matrix<M> allocate(int rows, int n);
  }

  /**
   * Every row is an array of its own, as published. All n stand on the heap, however few are asked
   * for: else B would stand elsewhere than in a whole product, and take longer to walk down.
   */
  static Matrix<double[][]> nested(int rows, int n) {
    double[][] all = new double[n][n];
    List<DoubleBuffer> views = Arrays.stream(all).map(DoubleBuffer::wrap).toList();
    return new Matrix<>("nested", Arrays.copyOf(all, rows), views.subList(0, rows));
  }

  /** The rows stand one after the other in a single array. */
  static Matrix<double[]> contiguous(int rows, int n) {
    double[] entries = new double[rows * n];
    return new Matrix<>("contiguous", entries,
        IntStream.range(0, rows)
            .mapToObj(i -> DoubleBuffer.wrap(entries, i * n, n).slice())
            .toList());
  }
}
