package kernels;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/** The tile of {@link Intrinsics} where there are 16 registers: six rows of two vectors. */
final class SmallTile {
  private static final VectorSpecies<Double> V = DoubleVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LANES = V.length();
  private static final int BYTES = V.vectorByteSize();

  static void multiply(MemorySegment a, long atA, MemorySegment b, long atB, int depth, double[] c,
      int at, int stride) {
    DoubleVector c00 = DoubleVector.fromArray(V, c, at);
    DoubleVector c01 = DoubleVector.fromArray(V, c, at + LANES);
    DoubleVector c10 = DoubleVector.fromArray(V, c, at + stride);
    DoubleVector c11 = DoubleVector.fromArray(V, c, at + stride + LANES);
    DoubleVector c20 = DoubleVector.fromArray(V, c, at + 2 * stride);
    DoubleVector c21 = DoubleVector.fromArray(V, c, at + 2 * stride + LANES);
    DoubleVector c30 = DoubleVector.fromArray(V, c, at + 3 * stride);
    DoubleVector c31 = DoubleVector.fromArray(V, c, at + 3 * stride + LANES);
    DoubleVector c40 = DoubleVector.fromArray(V, c, at + 4 * stride);
    DoubleVector c41 = DoubleVector.fromArray(V, c, at + 4 * stride + LANES);
    DoubleVector c50 = DoubleVector.fromArray(V, c, at + 5 * stride);
    DoubleVector c51 = DoubleVector.fromArray(V, c, at + 5 * stride + LANES);
    for (int k = 0; k < depth; k++) {
      DoubleVector b0 = DoubleVector.fromMemorySegment(V, b, atB, ORDER);
      DoubleVector b1 = DoubleVector.fromMemorySegment(V, b, atB + BYTES, ORDER);
      DoubleVector ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA));
      c00 = ai.fma(b0, c00);
      c01 = ai.fma(b1, c01);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 8));
      c10 = ai.fma(b0, c10);
      c11 = ai.fma(b1, c11);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 16));
      c20 = ai.fma(b0, c20);
      c21 = ai.fma(b1, c21);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 24));
      c30 = ai.fma(b0, c30);
      c31 = ai.fma(b1, c31);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 32));
      c40 = ai.fma(b0, c40);
      c41 = ai.fma(b1, c41);
      ai = DoubleVector.broadcast(V, a.get(JAVA_DOUBLE, atA + 40));
      c50 = ai.fma(b0, c50);
      c51 = ai.fma(b1, c51);
      atA += 48;
      atB += 2 * BYTES;
    }
    c00.intoArray(c, at);
    c01.intoArray(c, at + LANES);
    c10.intoArray(c, at + stride);
    c11.intoArray(c, at + stride + LANES);
    c20.intoArray(c, at + 2 * stride);
    c21.intoArray(c, at + 2 * stride + LANES);
    c30.intoArray(c, at + 3 * stride);
    c31.intoArray(c, at + 3 * stride + LANES);
    c40.intoArray(c, at + 4 * stride);
    c41.intoArray(c, at + 4 * stride + LANES);
    c50.intoArray(c, at + 5 * stride);
    c51.intoArray(c, at + 5 * stride + LANES);
  }
}
