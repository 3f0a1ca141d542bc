package kernels;

import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/** The naive loops with every row of C a task for a pool of threads: all cores work at once. */
public final class Parallel {
  public static void multiply(double[][] a, double[][] b, double[][] c, int threads) {
    int n = b.length;
    try (var pool = Executors.newFixedThreadPool(threads)) {
      IntStream.range(0, c.length).forEach(i -> pool.execute(() -> {
        for (int j = 0; j < n; j++) {
          for (int k = 0; k < n; k++) {
            c[i][j] += a[i][k] * b[k][j];
          }
        }
      }));
    }
  }
}
