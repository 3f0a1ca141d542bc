package kernels;

import org.ejml.concurrency.EjmlConcurrency;
import org.ejml.data.DMatrixRBlock;
import org.ejml.data.DMatrixRMaj;
import org.ejml.data.DSubmatrixD1;
import org.ejml.dense.block.MatrixMult_MT_DDRB;
import org.ejml.dense.block.MatrixOps_DDRB;

/**
 * What a user of Java would pick instead of all this: EJML, by its multiplication of matrices that
 * are stored in blocks, with the copying to and from blocks.
 */
public final class Library {
  public static void multiply(double[] a, double[] b, double[] c, int n, int threads) {
    if (EjmlConcurrency.getMaxThreads() != threads) {
      EjmlConcurrency.setMaxThreads(threads); // makes a pool, and leaves the last one to die
    }
    DMatrixRBlock sums = blocks(c, n);
    MatrixMult_MT_DDRB.multPlus(sums.blockLength, new DSubmatrixD1(blocks(a, n)),
        new DSubmatrixD1(blocks(b, n)), new DSubmatrixD1(sums));
    MatrixOps_DDRB.convert(sums, DMatrixRMaj.wrap(n, n, c));
  }

  private static DMatrixRBlock blocks(double[] entries, int n) {
    return MatrixOps_DDRB.convert(DMatrixRMaj.wrap(n, n, entries));
  }
}
