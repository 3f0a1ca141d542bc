package kernels;

/**
 * The two inner loops are exchanged, so that B and C are walked along their rows and all of a cache
 * line is used while it is there.
 */
public final class Interchanged {
  public static void multiply(double[][] a, double[][] b, double[][] c, int threads) {
    int n = b.length;
    for (int i = 0; i < c.length; i++) {
      for (int k = 0; k < n; k++) {
        for (int j = 0; j < n; j++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
  }
}
