package kernels;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The loops around the tiles of {@link Intrinsics}: for every panel of B, which all threads pack
 * together, the threads take turns at strips of A, as high as a tile.
 */
final class Packed {
  private static final int ROWS = Intrinsics.ROWS;
  private static final int COLUMNS = Intrinsics.COLUMNS;
  private static final long ALIGNMENT = 64; // a cache line, and the longest vector

  private static MemorySegment kept = MemorySegment.NULL;

  private final Block a;
  private final Block b;
  private final double[] c;
  private final int n;
  private final int threads;

  // The most that a panel of B has of rows and columns.
  private final int panelDepth;
  private final int panelColumns;

  private final AtomicInteger turn = new AtomicInteger();
  private final CyclicBarrier barrier;

  Packed(Block a, Block b, Block c, int threads) {
    this.a = a;
    this.b = b;
    this.c = c.entries(); // which it has for itself
    n = c.columns();
    this.threads = threads;
    barrier = new CyclicBarrier(threads, () -> turn.set(0));
    // A strip of eight rows of A fills three quarters of the nearest cache, a panel of B half of
    // the last.
    panelDepth = even(n, Caches.NEAREST * 3 / 4 / (8 * Double.BYTES));
    int tiles = Math.ceilDiv(even(n, Caches.LAST / 2 / (panelDepth * Double.BYTES)), COLUMNS);
    panelColumns = tiles * COLUMNS;
  }

  /**
   * Memory that is kept for the next multiplication, as libraries do: where n is small, new memory
   * takes longer than packing into it. One multiplication at a time may use it.
   */
  private static MemorySegment memory(long bytes) {
    if (kept.byteSize() < bytes) {
      kept = Arena.ofAuto().allocate(bytes, ALIGNMENT);
    }
    return kept;
  }

  /** The length of the pieces, all about the same and none over the most, that n is cut into. */
  private static int even(int n, int most) {
    return Math.ceilDiv(n, Math.ceilDiv(n, most));
  }

  void multiply() {
    try {
      long bytesOfA = Math.ceilDiv(8L * panelDepth * ROWS, ALIGNMENT) * ALIGNMENT;
      MemorySegment all = memory(8L * panelDepth * panelColumns + threads * bytesOfA);
      MemorySegment packedB = all.asSlice(threads * bytesOfA);
      // The caller works too: starting a thread for it would take a twentieth of a small product.
      Thread[] others = new Thread[threads - 1];
      for (int t = 0; t < others.length; t++) {
        MemorySegment packedA = all.asSlice(t * bytesOfA, bytesOfA);
        others[t] = Thread.ofPlatform().daemon().start(() -> work(packedA, packedB));
      }
      work(all.asSlice(others.length * bytesOfA, bytesOfA), packedB);
      for (Thread other : others) {
        other.join();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void work(MemorySegment packedA, MemorySegment packedB) {
    try {
      double[] edge = new double[ROWS * COLUMNS];
      for (int column = 0; column < n; column += panelColumns) {
        int columns = Math.min(panelColumns, n - column);
        for (int k = 0; k < n; k += panelDepth) {
          int depth = Math.min(panelDepth, n - k);
          for (int j; (j = turn.getAndIncrement() * COLUMNS) < columns;) {
            packB(packedB.asSlice(8L * j * depth), k, column + j, depth,
                Math.min(COLUMNS, columns - j));
          }
          barrier.await(); // nobody reads the panel before all of it is packed
          for (int row; (row = turn.getAndIncrement() * ROWS) < n;) {
            int rows = Math.min(ROWS, n - row);
            packA(packedA, row, k, depth, rows);
            multiplyStrip(packedA, packedB, row, column, rows, columns, depth, edge);
          }
          barrier.await(); // nobody packs the next one before all are done with this
        }
      }
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new IllegalStateException(e);
    }
  }

  private void packB(MemorySegment to, int k, int column, int depth, int columns) {
    for (int d = 0; d < depth; d++) {
      MemorySegment.copy(
          b.entries(), b.row(k + d) + column, to, JAVA_DOUBLE, 8L * d * COLUMNS, columns);
      for (int j = columns; j < COLUMNS; j++) {
        to.setAtIndex(JAVA_DOUBLE, (long) d * COLUMNS + j, 0);
      }
    }
  }

  private void packA(MemorySegment to, int row, int k, int depth, int rows) {
    for (int i = 0; i < ROWS; i++) {
      for (int d = 0; d < depth; d++) {
        to.setAtIndex(
            JAVA_DOUBLE, (long) d * ROWS + i, i < rows ? a.entries()[a.row(row + i) + k + d] : 0);
      }
    }
  }

  private void multiplyStrip(MemorySegment packedA, MemorySegment packedB, int row, int column,
      int rows, int columns, int depth, double[] edge) {
    for (int j = 0; j < columns; j += COLUMNS) {
      int at = row * n + column + j;
      int width = Math.min(COLUMNS, columns - j);
      if (rows == ROWS && width == COLUMNS) {
        Intrinsics.multiplyTile(packedA, 0, packedB, 8L * j * depth, depth, c, at, n);
      } else { // the tile would reach beyond C
        copy(c, at, n, edge, 0, COLUMNS, rows, width);
        Intrinsics.multiplyTile(packedA, 0, packedB, 8L * j * depth, depth, edge, 0, COLUMNS);
        copy(edge, 0, COLUMNS, c, at, n, rows, width);
      }
    }
  }

  private static void copy(double[] from, int at, int stride, double[] to, int toAt, int toStride,
      int rows, int columns) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(from, at + i * stride, to, toAt + i * toStride, columns);
    }
  }
}
