import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kernels.Isa;

/**
 * Heeds MATMUL_ISA. HotSpot compiles for all that the CPU has; for less, it has to be told before
 * it starts, and so the program starts anew in its place.
 */
final class Restart {
  private static final String MARK = "-Dmatmul.restarted";

  static void ifForced() {
    String wanted = System.getenv("MATMUL_ISA");
    if (wanted == null || wanted.equals(Isa.CHOSEN.toString())) {
      return;
    }
    String flag = switch (System.getProperty("os.arch") + " " + wanted) {
      case "amd64 avx512" -> "-XX:UseAVX=3";
      case "amd64 avx2" -> "-XX:UseAVX=2";
      case "amd64 baseline" -> "-XX:UseAVX=0";
      default -> throw new UnsupportedOperationException("this build has no path " + wanted);
    };
    if (flags().contains(MARK)) {
      throw new UnsupportedOperationException("this CPU has no " + wanted);
    }
    List<String> arguments = new ArrayList<>(arguments());
    arguments.addAll(0, List.of(flag, MARK));
    exec(ProcessHandle.current().info().command().orElseThrow(), arguments);
  }

  /** The options that this virtual machine was started with. */
  static List<String> flags() {
    return arguments().stream().takeWhile(argument -> !argument.equals("-jar")).toList();
  }

  private static List<String> arguments() {
    return List.of(ProcessHandle.current().info().arguments().orElseThrow());
  }

  @SuppressWarnings("restricted")
  private static void exec(String program, List<String> arguments) {
    Linker linker = Linker.nativeLinker();
    var execv = linker.downcallHandle(linker.defaultLookup().findOrThrow("execv"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(program);
      MemorySegment argv = arena.allocate(ValueLayout.ADDRESS, arguments.size() + 2);
      List<MemorySegment> strings =
          Stream.concat(Stream.of(program), arguments.stream()).map(arena::allocateFrom).toList();
      for (int i = 0; i < strings.size(); i++) {
        argv.setAtIndex(ValueLayout.ADDRESS, i, strings.get(i));
      }
      int failure = (int) execv.invokeExact(name, argv);
      throw new IllegalStateException("execv: " + failure);
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
