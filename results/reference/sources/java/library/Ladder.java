import java.util.List;
import kernels.Block;
import kernels.Library;

/** The one rung of the library's own image. */
final class Ladder {
  static final List<Rung<?>> RUNGS =
      List.of(new Rung.Contiguous("library", "library", Rung.Paths.ONE) {
        @Override
        void multiply(Block a, Block b, Block c, int threads) {
          Library.multiply(a, b, c, threads);
        }
      });
}
