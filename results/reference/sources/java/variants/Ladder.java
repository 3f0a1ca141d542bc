import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kernels.Naive;

/** The naive rung on a heap in huge pages, which this image's virtual machine asks Linux for. */
final class Ladder {
  static final List<Rung<?>> RUNGS = List.of(new Rung.Nested("naive@huge-pages", "ijk", "one") {
    @Override
    void multiply(double[][] a, double[][] b, double[][] c, int threads) {
      if (!HugePages.ARE_GIVEN) {
        throw new UnsupportedOperationException("Linux gives no transparent huge pages here");
      }
      Naive.multiply(a, b, c, threads);
    }
  });

  /** Read when a kernel is first called, and not for {@code info}. */
  private static final class HugePages {
    static final boolean ARE_GIVEN = areGiven();

    private static boolean areGiven() {
      Path state = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
      try {
        return !Files.readString(state).contains("[never]");
      } catch (IOException e) {
        return false;
      }
    }
  }
}
