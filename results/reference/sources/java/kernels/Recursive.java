package kernels;

/**
 * Each product becomes eight of half the size, down to blocks that stay in the nearest cache while
 * they are used, and the four that fill different quarters of C run in parallel: every number that
 * is fetched serves many multiplications.
 */
public final class Recursive {
  // Of 16, 32, 64 and 128 the first two are slower; with the published order, i-j-k, none reaches
  // half of it.
  private static final Product.Base BASE = new Product.Base(64, Recursive::multiplyBlock);

  public static void multiply(Block a, Block b, Block c, int threads) {
    Product.multiply(a, b, c, threads, BASE);
  }

  private static void multiplyBlock(Block a, Block b, Block c) {
    for (int i = 0; i < c.rows(); i++) {
      for (int k = 0; k < b.rows(); k++) {
        double factor = a.entries()[a.row(i) + k];
        for (int j = 0; j < c.columns(); j++) {
          c.entries()[c.row(i) + j] += factor * b.entries()[b.row(k) + j];
        }
      }
    }
  }
}
