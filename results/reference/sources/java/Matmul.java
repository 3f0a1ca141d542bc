// The Java implementation of the contract in ../README.md.

import kernels.Isa;

static final int LARGEST_N = 32_768;

/** What {@code run} is asked for. */
record Request(Rung<?> rung, int n, int threads, int first, int rows, int calls, int samples) {
  Request {
    if (n > LARGEST_N || first < 0 || first >= n || rows < 1 || rows > n || threads < 1 || calls < 0
        || samples < 1) {
      throw new IllegalArgumentException("a number is out of range");
    }
  }

  static Request parse(String[] args) {
    if (args.length != 8 || !args[0].equals("run")) {
      throw new IllegalArgumentException("no such call");
    }
    int[] numbers = new int[6];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Integer.parseInt(args[2 + i]);
    }
    return new Request(
        rung(args[1]), numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
  }

  private static Rung<?> rung(String name) {
    for (Rung<?> rung : Ladder.RUNGS) {
      if (rung.name.equals(name)) {
        return rung;
      }
    }
    throw new IllegalArgumentException("no such rung: " + name);
  }
}

void main(String[] args) {
  try {
    if (args.length == 1 && args[0].equals("info")) {
      IO.println(info());
    } else {
      Request request = Request.parse(args);
      if (request.rung.paths != Rung.Paths.ONE) {
        Isa.requireForced();
      }
      run(request.rung, request);
    }
  } catch (IllegalArgumentException e) {
    fail(2, e.getMessage() + "\n" + usage());
  } catch (UnsupportedOperationException e) {
    fail(3, e.getMessage());
  } catch (IOException e) {
    fail(1, e.toString());
  }
}

String usage() {
  String names = "";
  for (Rung<?> rung : Ladder.RUNGS) {
    names += " " + rung.name;
  }
  return """
      usage: matmul info
             matmul run RUNG N THREADS FIRST ROWS CALLS SAMPLES
      FIRST and CALLS may be 0, FIRST is below N, N is at most 32768, and ROWS at most N
      RUNG is one of\
      """ + names;
}

void fail(int status, String message) {
  System.err.println("matmul: " + message);
  System.exit(status);
}

/**
 * What this image holds; the flags are those that this virtual machine was started with. In plain
 * loops and sums: streams, formats and lambdas would take three times as long as all else does
 * until the virtual machine answers.
 */
String info() throws IOException {
  String flags = flags();
  String rungs = "";
  for (Rung<?> rung : Ladder.RUNGS) {
    rungs += (rungs.isEmpty() ? "" : ",\n") + rung.json(flags);
  }
  return "{\"toolchain\": \"" + System.getProperty("java.vm.name") + " "
      + System.getProperty("java.runtime.version") + "\", \"rungs\": {\n" + rungs + "}}";
}

/** The arguments of this virtual machine, without what it runs. */
String flags() throws IOException {
  try (FileInputStream arguments = new FileInputStream("/proc/self/cmdline")) {
    String all = new String(arguments.readAllBytes()).replace('\0', ' ');
    return all.substring(all.indexOf(' ') + 1, all.indexOf(" -jar "));
  }
}

/** Times the samples, a line for each, and writes the last C. */
<M> void run(Rung<M> rung, Request request) throws IOException {
  int n = request.n;
  int starts = Math.min(request.calls, n); // each call begins a row further down
  double[] zeros = new double[n];
  Matrix<M> a = rung.allocate(request.rows + starts, n);
  Matrix<M> b = rung.allocate(n + starts, n);
  Matrix<M> c = rung.allocate(request.rows, n);
  List<M> lefts = IntStream.range(0, starts).mapToObj(i -> a.part().from(i, request.rows)).toList();
  List<M> rights = IntStream.range(0, starts).mapToObj(i -> b.part().from(i, n)).toList();
  M sums = c.part().from(0, request.rows);
  for (int sample = 0; sample < request.samples; sample++) {
    read(Path.of("/data/a.f64"), a.rows(), request.first + sample * (request.rows + 2L));
    read(Path.of("/data/b.f64"), b.rows(), request.first + sample);
    c.rows().forEach(row -> row.put(0, zeros));
    long cpuStart = CpuClock.nanoTime();
    long wallStart = System.nanoTime();
    for (int call = 0; call < request.calls; call++) {
      int start = call % n; // after all rows it is the first one's turn again
      rung.multiply(lefts.get(start), rights.get(start), sums, request.threads);
    }
    long wall = System.nanoTime() - wallStart;
    long cpu = CpuClock.nanoTime() - cpuStart;
    IO.println(wall + " " + cpu + " " + checksum(c.rows()));
  }
  write(Path.of("/out/c.f64"), c.rows());
}

/** Fills rows from a square matrix in a file, from row first on; after the last comes row 0. */
void read(Path path, List<DoubleBuffer> rows, long first) throws IOException {
  int n = rows.getFirst().capacity();
  byte[] bytes = new byte[n * Double.BYTES];
  try (FileChannel file = FileChannel.open(path)) {
    for (int i = 0; i < rows.size(); i++) {
      long place = (first + i) % n * bytes.length;
      if (file.read(ByteBuffer.wrap(bytes), place) < bytes.length) {
        throw new EOFException(path + " holds fewer than " + n + " rows");
      }
      rows.get(i).put(0, doubles(bytes), 0, n);
    }
  }
}

void write(Path path, List<DoubleBuffer> rows) throws IOException {
  byte[] bytes = new byte[rows.getFirst().capacity() * Double.BYTES];
  try (OutputStream out = Files.newOutputStream(path)) {
    for (DoubleBuffer row : rows) {
      doubles(bytes).put(0, row, 0, row.capacity());
      out.write(bytes);
    }
  }
}

DoubleBuffer doubles(byte[] bytes) {
  return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer();
}

/** Σ int32(C[k]) · (2k + 1) mod 2³² over the flat index k, which is how int arithmetic wraps. */
String checksum(List<DoubleBuffer> rows) {
  int sum = 0;
  int weight = 1;
  for (DoubleBuffer row : rows) {
    for (int j = 0; j < row.capacity(); j++) {
      sum += (int) row.get(j) * weight;
      weight += 2;
    }
  }
  return Integer.toUnsignedString(sum);
}
