package kernels;

import java.util.Arrays;

/**
 * The same recursion with a base case that HotSpot vectorizes for the CPU that it runs on: every
 * row is copied to an array of its own, as only then HotSpot sees that no store changes what a
 * later step of the innermost loop loads, and a pass over a row of C adds products with eight rows
 * of B, so that C is loaded and stored once for eight multiplications.
 */
public final class Vectorized {
  private static final int DEPTH = 8; // rows of B in a pass
  private static final Product.Base BASE = new Product.Base(256, Vectorized::multiplyBlock);

  public static void multiply(Block a, Block b, Block c, int threads) {
    Product.multiply(a, b, c, threads, BASE);
  }

  private static void multiplyBlock(Block blockA, Block blockB, Block blockC) {
    // The last pass may read on to the right of A's block: what stands there meets zeros in B.
    double[][] a = copyRows(blockA, blockA.columns() + DEPTH - 1);
    double[][] b = copyRows(blockB, blockB.columns());
    double[][] c = copyRows(blockC, blockC.columns());
    for (int k = 0; k < blockB.rows(); k += DEPTH) {
      for (int i = 0; i < blockC.rows(); i++) {
        multiplyRow(blockC.columns(), a[i], k, b[k], b[k + 1], b[k + 2], b[k + 3], b[k + 4],
            b[k + 5], b[k + 6], b[k + 7], c[i]);
      }
    }
    for (int i = 0; i < blockC.rows(); i++) {
      System.arraycopy(c[i], 0, blockC.entries(), blockC.row(i), blockC.columns());
    }
  }

  private static void multiplyRow(int columns, double[] a, int k, double[] b0, double[] b1,
      double[] b2, double[] b3, double[] b4, double[] b5, double[] b6, double[] b7, double[] c) {
    double a0 = a[k], a1 = a[k + 1], a2 = a[k + 2], a3 = a[k + 3];
    double a4 = a[k + 4], a5 = a[k + 5], a6 = a[k + 6], a7 = a[k + 7];
    for (int j = 0; j < columns; j++) {
      double sum = add(a3, b3[j], add(a2, b2[j], add(a1, b1[j], add(a0, b0[j], c[j]))));
      c[j] = add(a7, b7[j], add(a6, b6[j], add(a5, b5[j], add(a4, b4[j], sum))));
    }
  }

  /** Java rounds a * b + c twice unless told not to; without the instruction, fma is very slow. */
  private static double add(double a, double b, double c) {
    return Isa.HAS_FMA ? Math.fma(a, b, c) : a * b + c;
  }

  /** Copies rows of that width, and adds rows of zeros until a pass fits. */
  private static double[][] copyRows(Block block, int width) {
    double[][] rows = new double[block.rows() + DEPTH - 1][];
    Arrays.fill(rows, new double[width]);
    for (int i = 0; i < block.rows(); i++) {
      rows[i] = Arrays.copyOfRange(block.entries(), block.row(i), block.row(i) + width);
    }
    return rows;
  }
}
