package kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The sizes of the caches of this machine, in bytes, as Linux tells them. */
final class Caches {
  static final int NEAREST = size(1, 32 << 10);
  static final int OWN = size(2, 512 << 10);
  static final int LAST = size(3, size(2, 4 << 20));

  /**
   * Of the level's data cache; the fallback where Linux does not know, as on some virtual
   * machines.
   */
  private static int size(int level, int fallback) {
    for (int index = 0; index < 8; index++) {
      Path cache = Path.of("/sys/devices/system/cpu/cpu0/cache/index" + index);
      try {
        String size = Files.readString(cache.resolve("size")).strip();
        if (Files.readString(cache.resolve("level")).strip().equals(Integer.toString(level))
            && !Files.readString(cache.resolve("type")).startsWith("Instruction")
            && size.matches("[1-9]\\d{0,5}K")) {
          return Integer.parseInt(size.substring(0, size.length() - 1)) << 10;
        }
      } catch (IOException e) {
        break;
      }
    }
    return fallback;
  }
}
