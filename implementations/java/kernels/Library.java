package kernels;

import org.ejml.concurrency.EjmlConcurrency;
import org.ejml.data.DMatrixRBlock;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.block.MatrixOps_DDRB;
import org.ejml.dense.block.MatrixOps_MT_DDRB;

/**
 * What a user of Java would pick instead of all this: EJML, by its multiplication of matrices that
 * are stored in blocks, with the copying to and from blocks.
 */
public final class Library {
  public static void multiply(double[] a, double[] b, double[] c, int n, int threads) {
    if (EjmlConcurrency.getMaxThreads() != threads) {
      EjmlConcurrency.setMaxThreads(threads); // makes a pool, and leaves the last one to die
    }
    DMatrixRBlock product = new DMatrixRBlock(n, n);
    MatrixOps_MT_DDRB.mult(blocks(a, n), blocks(b, n), product);
    MatrixOps_DDRB.convert(product, DMatrixRMaj.wrap(n, n, c));
  }

  private static DMatrixRBlock blocks(double[] entries, int n) {
    return MatrixOps_DDRB.convert(DMatrixRMaj.wrap(n, n, entries));
  }
}
