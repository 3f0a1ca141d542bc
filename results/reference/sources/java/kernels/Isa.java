package kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import jdk.incubator.vector.VectorShape;

/**
 * The instruction sets that rungs choose from, and the one that this virtual machine compiles for.
 */
public enum Isa {
  AVX512,
  AVX2,
  NEON,
  BASELINE;

  public static final Isa CHOSEN = choose();
  static final boolean HAS_FMA = CHOSEN != BASELINE;

  private static Isa choose() {
    if (System.getProperty("os.arch").equals("aarch64")) {
      return NEON;
    }
    // Intel's first CPUs with 256-bit vectors cannot fuse a multiplication and an addition: those
    // count as baseline, and so does a machine that tells HotSpot's flags to leave the vectors
    // unused. To ask DoubleVector would take as long as the virtual machine takes to start.
    return switch (VectorShape.preferredShape()) {
      case S_512_BIT -> AVX512;
      case S_256_BIT -> hasFma() ? AVX2 : BASELINE;
      default -> BASELINE;
    };
  }

  private static boolean hasFma() {
    try {
      return Files.readString(Path.of("/proc/cpuinfo")).contains(" fma ");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Heeds MATMUL_ISA: HotSpot compiles for all that the CPU has, and has to be told otherwise
   * before it starts.
   */
  public static void requireForced() {
    String forced = System.getenv("MATMUL_ISA");
    if (forced != null && !forced.equals(CHOSEN.toString())) {
      throw new UnsupportedOperationException("the path is " + CHOSEN + " and not " + forced
          + "; for another than the best that this CPU has, set JDK_JAVA_OPTIONS to -XX:UseAVX=2 "
          + "(avx2) or -XX:UseAVX=0 (baseline)");
    }
  }

  /** What a rung needs of the CPU at the least, with or without fused multiply-adds. */
  public static List<String> needs(boolean fma) {
    if (System.getProperty("os.arch").equals("aarch64")) {
      return List.of("aarch64");
    }
    return fma ? List.of("x86-64", "avx2", "fma") : List.of("x86-64");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
