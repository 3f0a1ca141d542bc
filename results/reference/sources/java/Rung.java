import kernels.Block;
import kernels.Isa;

/** A step of the ladder: its kernel, and what {@code info} tells of it. */
abstract class Rung<M> {
  /** What a rung makes of the instruction sets. */
  enum Paths {
    /** One path, for whatever there is. */
    ONE,
    /** Another path for each instruction set. */
    ANY,
    /** The same, but none for the architecture's baseline where that lacks fused multiply-adds. */
    WITH_FMA
  }

  final String name;
  final Paths paths;
  private final String loopOrder;
  private final String layout;
  private final String threads;

  private Rung(String name, String loopOrder, String layout, String threads, Paths paths) {
    this.name = name;
    this.loopOrder = loopOrder;
    this.layout = layout;
    this.threads = threads;
    this.paths = paths;
  }

  /** Makes a matrix of zeros with n columns. */
  abstract Matrix<M> allocate(int rows, int n);

  /** Adds A · B to C; A and C have only the rows that are asked for. */
  abstract void multiply(M a, M b, M c, int threads);

  /** Of matrices with every row in an array of its own. */
  abstract static class Nested extends Rung<double[][]> {
    Nested(String name, String loopOrder, String threads) {
      super(name, loopOrder, "nested", threads, Paths.ONE);
    }

    @Override
    Matrix<double[][]> allocate(int rows, int n) {
      return Matrix.nested(rows, n);
    }
  }

  /** Of matrices with all rows in one array. */
  abstract static class Contiguous extends Rung<Block> {
    Contiguous(String name, String loopOrder, Paths paths) {
      super(name, loopOrder, "contiguous", "all", paths);
    }

    @Override
    Matrix<Block> allocate(int rows, int n) {
      return Matrix.contiguous(rows, n);
    }
  }

  String json(String flags) {
    boolean chooses =
        paths != Paths.ONE && !(paths == Paths.WITH_FMA && Isa.CHOSEN == Isa.BASELINE);
    String runs = chooses ? ", \"runs\": \"" + Isa.CHOSEN + "\"" : "";
    String needs = String.join("\", \"", Isa.needs(paths == Paths.WITH_FMA));
    return "\"" + name + "\": {\"loop_order\": \"" + loopOrder + "\", \"layout\": \"" + layout
        + "\", \"threads\": \"" + threads + "\", \"bounds_checks\": true,\n"
        + "    \"fast_math\": false, \"flags\": \"" + flags + "\", \"instruction_sets\": [\""
        + needs + "\"]" + runs + "}";
  }
}
