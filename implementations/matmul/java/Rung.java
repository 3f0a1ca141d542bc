import java.util.List;
import kernels.Block;
import kernels.Isa;

/** A step of the ladder: its kernel, and what {@code info} tells of it. */
record Rung<M>(String name, String loopOrder, String threads, Paths paths, Matrix.Factory<M> matrix,
    Kernel<M> kernel) {
  /** Adds A · B to C; A and C have only the rows that are asked for. */
  interface Kernel<M> {
    void multiply(M a, M b, M c, int threads);
  }

  /** What a rung makes of the instruction sets. */
  enum Paths {
    /** One path, for whatever there is. */
    ONE,
    /** Another path for each instruction set. */
    ANY,
    /** The same, but none for the architecture's baseline where that lacks fused multiply-adds. */
    WITH_FMA
  }

  static Rung<double[][]> nested(
      String name, String loopOrder, String threads, Kernel<double[][]> kernel) {
    return new Rung<>(name, loopOrder, threads, Paths.ONE, Matrix::nested, kernel);
  }

  static Rung<Block> contiguous(String name, String loopOrder, Paths paths, Kernel<Block> kernel) {
    return new Rung<>(name, loopOrder, "all", paths, Matrix::contiguous, kernel);
  }

  String json(String flags) {
    String layout = matrix.allocate(1, 1).layout();
    boolean chooses =
        paths != Paths.ONE && !(paths == Paths.WITH_FMA && Isa.CHOSEN == Isa.BASELINE);
    String runs = chooses ? ", \"runs\": \"%s\"".formatted(Isa.CHOSEN) : "";
    List<String> needs = Isa.needs(paths == Paths.WITH_FMA);
    return """
        "%s": {"loop_order": "%s", "layout": "%s", "threads": "%s", "bounds_checks": true,
            "fast_math": false, "flags": "%s", "instruction_sets": ["%s"]%s}\
        """.formatted(
        name, loopOrder, layout, threads, flags, String.join("\", \"", needs), runs);
  }
}
