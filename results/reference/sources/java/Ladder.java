import java.util.List;
import kernels.Block;
import kernels.Interchanged;
import kernels.Intrinsics;
import kernels.Naive;
import kernels.Parallel;
import kernels.Recursive;
import kernels.Vectorized;

/**
 * The rungs of this image, from the ground up. References to methods would have the virtual machine
 * make these classes when it starts, and take as long as all else until it answers.
 */
final class Ladder {
  static final List<Rung<?>> RUNGS = List.of(
      new Rung.Nested("naive", "ijk", "one") {
        @Override
        void multiply(double[][] a, double[][] b, double[][] c, int threads) {
          Naive.multiply(a, b, c, threads);
        }
      },
      new Rung.Nested("interchanged", "ikj", "one") {
        @Override
        void multiply(double[][] a, double[][] b, double[][] c, int threads) {
          Interchanged.multiply(a, b, c, threads);
        }
      },
      new Rung.Nested("parallel", "ijk", "all") {
        @Override
        void multiply(double[][] a, double[][] b, double[][] c, int threads) {
          Parallel.multiply(a, b, c, threads);
        }
      },
      new Rung.Contiguous("recursive", "recursive", Rung.Paths.ONE) {
        @Override
        void multiply(Block a, Block b, Block c, int threads) {
          Recursive.multiply(a, b, c, threads);
        }
      },
      new Rung.Contiguous("vectorized", "recursive", Rung.Paths.ANY) {
        @Override
        void multiply(Block a, Block b, Block c, int threads) {
          Vectorized.multiply(a, b, c, threads);
        }
      },
      new Rung.Contiguous("intrinsics", "packed", Rung.Paths.WITH_FMA) {
        @Override
        void multiply(Block a, Block b, Block c, int threads) {
          Intrinsics.multiply(a, b, c, threads);
        }
      });
}
