package kernels;

/** The published i-j-k loops: they add every product to C in memory, and walk down B by columns. */
public final class Naive {
  public static void multiply(double[][] a, double[][] b, double[][] c, int threads) {
    int n = b.length;
    for (int i = 0; i < c.length; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
  }
}
