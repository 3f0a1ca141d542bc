import java.util.List;
import kernels.Interchanged;
import kernels.Naive;
import kernels.Parallel;

/** A step of the ladder: its kernel, and what {@code info} tells of it. */
record Rung(String name, String loopOrder, String threads, Kernel kernel) {
  static final List<Rung> LADDER = List.of(new Rung("naive", "ijk", "one", Naive::multiply),
      new Rung("interchanged", "ikj", "one", Interchanged::multiply),
      new Rung("parallel", "ijk", "all", Parallel::multiply));

  /** Adds A · B to C, which comes zeroed and has only the rows that are asked for. */
  interface Kernel {
    void multiply(double[][] a, double[][] b, double[][] c, int threads);
  }

  static Rung named(String name) {
    return LADDER.stream()
        .filter(rung -> rung.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such rung: " + name));
  }

  String json(String flags, String instructionSet) {
    return """
        "%s": {"loop_order": "%s", "layout": "nested", "threads": "%s", "bounds_checks": true,
            "fast_math": false, "flags": "%s", "instruction_sets": ["%s"]}\
        """.formatted(name, loopOrder, threads, flags, instructionSet);
  }
}
