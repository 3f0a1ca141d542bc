import java.util.List;
import kernels.Interchanged;
import kernels.Intrinsics;
import kernels.Naive;
import kernels.Parallel;
import kernels.Recursive;
import kernels.Vectorized;

/** The rungs of this image, from the ground up. */
final class Ladder {
  static final List<Rung<?>> RUNGS = List.of(Rung.nested("naive", "ijk", "one", Naive::multiply),
      Rung.nested("interchanged", "ikj", "one", Interchanged::multiply),
      Rung.nested("parallel", "ijk", "all", Parallel::multiply),
      Rung.contiguous("recursive", "recursive", Rung.Paths.ONE, Recursive::multiply),
      Rung.contiguous("vectorized", "recursive", Rung.Paths.ANY, Vectorized::multiply),
      Rung.contiguous("intrinsics", "packed", Rung.Paths.WITH_FMA, Intrinsics::multiply));
}
