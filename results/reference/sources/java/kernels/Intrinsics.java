package kernels;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The numbers are packed in the order of their use, in pieces that the caches hold, and explicit
 * vector instructions sum up a tile of C that fills the registers: each vector of B that is loaded
 * serves all rows of the tile, each number of A all of its columns.
 */
public final class Intrinsics {
  private static final VectorSpecies<Double> V = DoubleVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LANES = V.length();
  private static final int BYTES = V.vectorByteSize();

  // AVX2 has 16 registers, the others have 32: for the sums, the vectors of B and one of A.
  private static final boolean FEW_REGISTERS = Isa.CHOSEN == Isa.AVX2;
  static final int ROWS = FEW_REGISTERS ? 6 : 8;
  static final int COLUMNS = (FEW_REGISTERS ? 2 : 3) * LANES;

  private static final int WORTH_A_THREAD = 1 << 22; // multiplications that take two starts

  public static void multiply(Block a, Block b, Block c, int threads) {
    if (Isa.CHOSEN == Isa.BASELINE) {
      throw new UnsupportedOperationException("this rung needs AVX2 and FMA, AVX-512 or NEON");
    }
    long n = c.columns();
    int useful = (int) Math.min(threads, 1 + n * n * n / WORTH_A_THREAD);
    if (useful == 1 && n * n * Double.BYTES <= Caches.OWN / 3) {
      InPlace.multiply(a, b, c);
    } else {
      new Packed(a, b, c, useful).multiply();
    }
  }

  /** Adds depth columns of packed rows of A times as many packed rows of B to the tile of C. */
  static void multiplyTile(MemorySegment a, long atA, MemorySegment b, long atB, int depth,
      double[] c, int at, int stride) {
    if (FEW_REGISTERS) {
      SmallTile.multiply(a, atA, b, atB, depth, c, at, stride);
    } else {
      multiply8x3(a, atA, b, atB, depth, c, at, stride);
    }
  }

  // Every sum is a variable of its own, as HotSpot keeps no array in registers, and the tiles call
  // nothing but the Vector API: an object would be made of every vector that is handed to a method
  // that is not inlined.
  private static void multiply8x3(MemorySegment a, long atA, MemorySegment b, long atB, int depth,
      double[] c, int at, int stride) {
    DoubleVector c00 = DoubleVector.fromArray(V, c, at);
    DoubleVector c01 = DoubleVector.fromArray(V, c, at + LANES);
    DoubleVector c02 = DoubleVector.fromArray(V, c, at + 2 * LANES);
    DoubleVector c10 = DoubleVector.fromArray(V, c, at + stride);
    DoubleVector c11 = DoubleVector.fromArray(V, c, at + stride + LANES);
    DoubleVector c12 = DoubleVector.fromArray(V, c, at + stride + 2 * LANES);
    DoubleVector c20 = DoubleVector.fromArray(V, c, at + 2 * stride);
    DoubleVector c21 = DoubleVector.fromArray(V, c, at + 2 * stride + LANES);
    DoubleVector c22 = DoubleVector.fromArray(V, c, at + 2 * stride + 2 * LANES);
    DoubleVector c30 = DoubleVector.fromArray(V, c, at + 3 * stride);
    DoubleVector c31 = DoubleVector.fromArray(V, c, at + 3 * stride + LANES);
    DoubleVector c32 = DoubleVector.fromArray(V, c, at + 3 * stride + 2 * LANES);
    DoubleVector c40 = DoubleVector.fromArray(V, c, at + 4 * stride);
    DoubleVector c41 = DoubleVector.fromArray(V, c, at + 4 * stride + LANES);
    DoubleVector c42 = DoubleVector.fromArray(V, c, at + 4 * stride + 2 * LANES);
    DoubleVector c50 = DoubleVector.fromArray(V, c, at + 5 * stride);
    DoubleVector c51 = DoubleVector.fromArray(V, c, at + 5 * stride + LANES);
    DoubleVector c52 = DoubleVector.fromArray(V, c, at + 5 * stride + 2 * LANES);
    DoubleVector c60 = DoubleVector.fromArray(V, c, at + 6 * stride);
    DoubleVector c61 = DoubleVector.fromArray(V, c, at + 6 * stride + LANES);
    DoubleVector c62 = DoubleVector.fromArray(V, c, at + 6 * stride + 2 * LANES);
    DoubleVector c70 = DoubleVector.fromArray(V, c, at + 7 * stride);
    DoubleVector c71 = DoubleVector.fromArray(V, c, at + 7 * stride + LANES);
    DoubleVector c72 = DoubleVector.fromArray(V, c, at + 7 * stride + 2 * LANES);
    for (int k = 0; k < depth; k++) {
      DoubleVector b0 = DoubleVector.fromMemorySegment(V, b, atB, ORDER);
      DoubleVector b1 = DoubleVector.fromMemorySegment(V, b, atB + BYTES, ORDER);
      DoubleVector b2 = DoubleVector.fromMemorySegment(V, b, atB + 2 * BYTES, ORDER);
      DoubleVector ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA));
      c00 = ai.fma(b0, c00);
      c01 = ai.fma(b1, c01);
      c02 = ai.fma(b2, c02);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 8));
      c10 = ai.fma(b0, c10);
      c11 = ai.fma(b1, c11);
      c12 = ai.fma(b2, c12);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 16));
      c20 = ai.fma(b0, c20);
      c21 = ai.fma(b1, c21);
      c22 = ai.fma(b2, c22);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 24));
      c30 = ai.fma(b0, c30);
      c31 = ai.fma(b1, c31);
      c32 = ai.fma(b2, c32);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 32));
      c40 = ai.fma(b0, c40);
      c41 = ai.fma(b1, c41);
      c42 = ai.fma(b2, c42);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 40));
      c50 = ai.fma(b0, c50);
      c51 = ai.fma(b1, c51);
      c52 = ai.fma(b2, c52);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 48));
      c60 = ai.fma(b0, c60);
      c61 = ai.fma(b1, c61);
      c62 = ai.fma(b2, c62);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 56));
      c70 = ai.fma(b0, c70);
      c71 = ai.fma(b1, c71);
      c72 = ai.fma(b2, c72);
      atA += 64;
      atB += 3 * BYTES;
    }
    c00.intoArray(c, at);
    c01.intoArray(c, at + LANES);
    c02.intoArray(c, at + 2 * LANES);
    c10.intoArray(c, at + stride);
    c11.intoArray(c, at + stride + LANES);
    c12.intoArray(c, at + stride + 2 * LANES);
    c20.intoArray(c, at + 2 * stride);
    c21.intoArray(c, at + 2 * stride + LANES);
    c22.intoArray(c, at + 2 * stride + 2 * LANES);
    c30.intoArray(c, at + 3 * stride);
    c31.intoArray(c, at + 3 * stride + LANES);
    c32.intoArray(c, at + 3 * stride + 2 * LANES);
    c40.intoArray(c, at + 4 * stride);
    c41.intoArray(c, at + 4 * stride + LANES);
    c42.intoArray(c, at + 4 * stride + 2 * LANES);
    c50.intoArray(c, at + 5 * stride);
    c51.intoArray(c, at + 5 * stride + LANES);
    c52.intoArray(c, at + 5 * stride + 2 * LANES);
    c60.intoArray(c, at + 6 * stride);
    c61.intoArray(c, at + 6 * stride + LANES);
    c62.intoArray(c, at + 6 * stride + 2 * LANES);
    c70.intoArray(c, at + 7 * stride);
    c71.intoArray(c, at + 7 * stride + LANES);
    c72.intoArray(c, at + 7 * stride + 2 * LANES);
  }
}
