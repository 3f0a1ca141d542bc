package kernels;

import java.util.Arrays;
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
  public static void multiply(Block a, Block b, Block c, int threads) {
    if (EjmlConcurrency.getMaxThreads() != threads) {
      EjmlConcurrency.setMaxThreads(threads); // makes a pool, and leaves the last one to die
    }
    DMatrixRBlock sums = blocks(c);
    MatrixMult_MT_DDRB.multPlus(sums.blockLength, new DSubmatrixD1(blocks(a)),
        new DSubmatrixD1(blocks(b)), new DSubmatrixD1(sums));
    MatrixOps_DDRB.convert(sums, DMatrixRMaj.wrap(c.rows(), c.columns(), c.entries()));
  }

  /** EJML takes a matrix that begins where its array does: another one is copied first. */
  private static DMatrixRBlock blocks(Block all) {
    int end = all.row(all.rows());
    double[] entries =
        all.start() == 0 ? all.entries() : Arrays.copyOfRange(all.entries(), all.start(), end);
    return MatrixOps_DDRB.convert(DMatrixRMaj.wrap(all.rows(), all.columns(), entries));
  }
}
