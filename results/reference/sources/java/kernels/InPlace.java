package kernels;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * The tiles of {@link Intrinsics} for a small product, which stays near by itself: copies would
 * cost more than they save. They are low and narrow, so that few of their numbers lie beyond C.
 */
final class InPlace {
  private static final VectorSpecies<Double> V = DoubleVector.SPECIES_PREFERRED;
  private static final int LANES = V.length();
  private static final int ROWS = 4;

  static void multiply(Block a, Block b, Block c) {
    int n = c.columns();
    int j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES) {
      for (int i = 0; i < n; i += ROWS) {
        multiply4x2(a.entries(), a.row(i), b.entries(), b.row(0) + j, c.entries(), c.row(i) + j, n,
            n - 1 - i);
      }
    }
    for (; j < n; j += LANES) {
      VectorMask<Double> inside = V.indexInRange(j, n);
      for (int i = 0; i < n; i += ROWS) {
        multiply4x1(a.entries(), a.row(i), b.entries(), b.row(0) + j, c.entries(), c.row(i) + j, n,
            n - 1 - i, inside);
      }
    }
  }

  // Of the rows of a tile, those beyond the last of C are the last again: it is computed, and
  // stored, several times.
  private static void multiply4x2(
      double[] a, int atA, double[] b, int atB, double[] c, int at, int n, int last) {
    int row1 = Math.min(1, last) * n;
    int row2 = Math.min(2, last) * n;
    int row3 = Math.min(3, last) * n;
    DoubleVector c00 = DoubleVector.fromArray(V, c, at);
    DoubleVector c01 = DoubleVector.fromArray(V, c, at + LANES);
    DoubleVector c10 = DoubleVector.fromArray(V, c, at + row1);
    DoubleVector c11 = DoubleVector.fromArray(V, c, at + row1 + LANES);
    DoubleVector c20 = DoubleVector.fromArray(V, c, at + row2);
    DoubleVector c21 = DoubleVector.fromArray(V, c, at + row2 + LANES);
    DoubleVector c30 = DoubleVector.fromArray(V, c, at + row3);
    DoubleVector c31 = DoubleVector.fromArray(V, c, at + row3 + LANES);
    for (int k = 0; k < n; k++) {
      DoubleVector b0 = DoubleVector.fromArray(V, b, atB);
      DoubleVector b1 = DoubleVector.fromArray(V, b, atB + LANES);
      DoubleVector ai = DoubleVector.broadcast(V, a[atA + k]);
      c00 = ai.fma(b0, c00);
      c01 = ai.fma(b1, c01);
      ai = DoubleVector.broadcast(V, a[atA + row1 + k]);
      c10 = ai.fma(b0, c10);
      c11 = ai.fma(b1, c11);
      ai = DoubleVector.broadcast(V, a[atA + row2 + k]);
      c20 = ai.fma(b0, c20);
      c21 = ai.fma(b1, c21);
      ai = DoubleVector.broadcast(V, a[atA + row3 + k]);
      c30 = ai.fma(b0, c30);
      c31 = ai.fma(b1, c31);
      atB += n;
    }
    c00.intoArray(c, at);
    c01.intoArray(c, at + LANES);
    c10.intoArray(c, at + row1);
    c11.intoArray(c, at + row1 + LANES);
    c20.intoArray(c, at + row2);
    c21.intoArray(c, at + row2 + LANES);
    c30.intoArray(c, at + row3);
    c31.intoArray(c, at + row3 + LANES);
  }

  private static void multiply4x1(double[] a, int atA, double[] b, int atB, double[] c, int at,
      int n, int last, VectorMask<Double> inside) {
    int row1 = Math.min(1, last) * n;
    int row2 = Math.min(2, last) * n;
    int row3 = Math.min(3, last) * n;
    DoubleVector c0 = DoubleVector.fromArray(V, c, at, inside);
    DoubleVector c1 = DoubleVector.fromArray(V, c, at + row1, inside);
    DoubleVector c2 = DoubleVector.fromArray(V, c, at + row2, inside);
    DoubleVector c3 = DoubleVector.fromArray(V, c, at + row3, inside);
    for (int k = 0; k < n; k++) {
      DoubleVector bk = DoubleVector.fromArray(V, b, atB, inside);
      DoubleVector ai = DoubleVector.broadcast(V, a[atA + k]);
      c0 = ai.fma(bk, c0);
      ai = DoubleVector.broadcast(V, a[atA + row1 + k]);
      c1 = ai.fma(bk, c1);
      ai = DoubleVector.broadcast(V, a[atA + row2 + k]);
      c2 = ai.fma(bk, c2);
      ai = DoubleVector.broadcast(V, a[atA + row3 + k]);
      c3 = ai.fma(bk, c3);
      atB += n;
    }
    c0.intoArray(c, at, inside);
    c1.intoArray(c, at + row1, inside);
    c2.intoArray(c, at + row2, inside);
    c3.intoArray(c, at + row3, inside);
  }
}
