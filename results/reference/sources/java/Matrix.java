import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import kernels.Block;

/**
 * A matrix: a view of every row for all that is done outside the kernels, and what a kernel takes,
 * which is so many rows of it from one of them on.
 */
record Matrix<M>(Part<M> part, List<DoubleBuffer> rows) {
  /** The rows that a kernel takes. */
  interface Part<M> {
    M from(int first, int rows);
  }

  /**
   * Every row is an array of its own, as published. At least n stand on the heap, however few are
   * asked for: else B would stand elsewhere than in a whole product, and take longer to walk down.
   */
  static Matrix<double[][]> nested(int rows, int n) {
    double[][] all = new double[Math.max(rows, n)][n];
    List<DoubleBuffer> views = Arrays.stream(all).map(DoubleBuffer::wrap).toList();
    return new Matrix<>(
        (first, count) -> Arrays.copyOfRange(all, first, first + count), views.subList(0, rows));
  }

  /** The rows stand one after the other in a single array. */
  static Matrix<Block> contiguous(int rows, int n) {
    double[] entries = new double[rows * n];
    return new Matrix<>((first, count)
                            -> new Block(entries, n, first * n, count, n),
        IntStream.range(0, rows)
            .mapToObj(i -> DoubleBuffer.wrap(entries, i * n, n).slice())
            .toList());
  }
}
