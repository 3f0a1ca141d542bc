import java.util.List;
import kernels.Library;

/** The one rung of the library's own image. */
final class Ladder {
  static final List<Rung<?>> RUNGS =
      List.of(Rung.contiguous("library", "library", Rung.Paths.ONE, Library::multiply));
}
