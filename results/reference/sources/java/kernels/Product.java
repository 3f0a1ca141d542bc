package kernels;

import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

/** The task of adding A · B to C by divide and conquer, the first levels of it in parallel. */
@SuppressWarnings("serial") // nobody stores one
final class Product extends RecursiveAction {
  private static final int TASKS_PER_THREAD = 4; // a thread that is done early finds another

  /** What is done with blocks of at most {@code size} rows and columns. */
  record Base(int size, Kernel kernel) {
    interface Kernel {
      void multiply(Block a, Block b, Block c);
    }
  }

  private final Block a;
  private final Block b;
  private final Block c;
  private final Base base;
  private final int forks; // how many more levels run in parallel

  private Product(Block a, Block b, Block c, Base base, int forks) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.base = base;
    this.forks = forks;
  }

  static void multiply(Block a, Block b, Block c, int threads, Base base) {
    int forks = 0;
    for (long tasks = 1; threads > 1 && tasks < (long) TASKS_PER_THREAD * threads; tasks *= 4) {
      forks++;
    }
    try (var pool = new ForkJoinPool(threads)) {
      pool.invoke(new Product(a, b, c, base, forks));
    }
  }

  @Override
  protected void compute() {
    if (Math.max(Math.max(c.rows(), c.columns()), b.rows()) <= base.size()) {
      base.kernel().multiply(a, b, c);
      return;
    }
    for (int k = 0; k < 2; k++) { // the second half adds to the same quarters, so it has to wait
      List<Product> quarters = List.of(part(0, 0, k), part(0, 1, k), part(1, 0, k), part(1, 1, k));
      if (forks > 0) {
        invokeAll(quarters);
      } else {
        quarters.forEach(Product::compute);
      }
    }
  }

  private Product part(int i, int j, int k) {
    return new Product(
        a.quarter(i, k), b.quarter(k, j), c.quarter(i, j), base, Math.max(forks - 1, 0));
  }
}
