import module java.base;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

/** The CPU time of this process, from the C library: Java's own clock is outside java.base. */
final class CpuClock {
  private static final int CLOCK_PROCESS_CPUTIME_ID = 2;
  private static final MemorySegment TIMESPEC = Arena.global().allocate(JAVA_LONG, 2);
  private static final MethodHandle CLOCK_GETTIME =
      link("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

  static {
    nanoTime(); // the first call loads classes, which would be counted
  }

  /** Nanoseconds, user and system, of all threads. */
  static long nanoTime() {
    try {
      int _ = (int) CLOCK_GETTIME.invokeExact(CLOCK_PROCESS_CPUTIME_ID, TIMESPEC);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    return TIMESPEC.getAtIndex(JAVA_LONG, 0) * 1_000_000_000 + TIMESPEC.getAtIndex(JAVA_LONG, 1);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle link(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }
}
