package runtime;

import jdk.incubator.vector.Vector;

/** Modules that export nothing are not started with. */
public interface Vectors {
  Class<?> API = Vector.class;
}
