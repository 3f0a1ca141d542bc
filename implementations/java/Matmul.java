// The Java implementation of the contract in ../README.md.

static final String USAGE =
    """
    usage: matmul info
           matmul run RUNG N THREADS ROWS SAMPLES
    RUNG is one of %s; the numbers are at least 1, and ROWS is at most N\
    """.formatted(Rung.LADDER.stream().map(Rung::name).collect(Collectors.joining(", ")));

/** What {@code run} is asked for. */
record Request(Rung rung, int n, int threads, int rows, int samples) {
  Request {
    if (rows < 1 || rows > n || threads < 1 || samples < 1) {
      throw new IllegalArgumentException("a number is out of range");
    }
  }

  static Request parse(String[] args) {
    if (args.length != 6 || !args[0].equals("run")) {
      throw new IllegalArgumentException("no such call");
    }
    int[] numbers = Stream.of(args).skip(2).mapToInt(Integer::parseInt).toArray();
    return new Request(Rung.named(args[1]), numbers[0], numbers[1], numbers[2], numbers[3]);
  }
}

void main(String[] args) {
  try {
    if (args.length == 1 && args[0].equals("info")) {
      IO.println(info());
    } else {
      run(Request.parse(args));
    }
  } catch (IllegalArgumentException e) {
    fail(2, e.getMessage() + "\n" + USAGE);
  } catch (IOException e) {
    fail(1, e.toString());
  }
}

void fail(int status, String message) {
  System.err.println("matmul: " + message);
  System.exit(status);
}

/** What this image holds; the flags are those that this virtual machine was started with. */
String info() {
  String toolchain = System.getProperty("java.vm.name") + " " + Runtime.version();
  String architecture = System.getProperty("os.arch").replace("amd64", "x86-64");
  String flags = Stream.of(ProcessHandle.current().info().arguments().orElseThrow())
                     .takeWhile(argument -> !argument.equals("-jar"))
                     .collect(Collectors.joining(" "));
  String rungs = Rung.LADDER.stream()
                     .map(rung -> rung.json(flags, architecture))
                     .collect(Collectors.joining(",\n"));
  return """
      {"toolchain": "%s", "rungs": {
      %s}}\
      """.formatted(toolchain, rungs);
}

/** Times the samples, a line for each, and writes the last C. */
void run(Request request) throws IOException {
  double[][] a = read(Path.of("/data/a.f64"), request.rows, request.n);
  double[][] b = read(Path.of("/data/b.f64"), request.n, request.n);
  double[][] c = new double[request.rows][request.n];
  for (int sample = 0; sample < request.samples; sample++) {
    for (double[] row : c) {
      Arrays.fill(row, 0);
    }
    long cpuStart = CpuClock.nanoTime();
    long wallStart = System.nanoTime();
    request.rung.kernel().multiply(a, b, c, request.threads);
    long wall = System.nanoTime() - wallStart;
    long cpu = CpuClock.nanoTime() - cpuStart;
    IO.println(wall + " " + cpu + " " + checksum(c));
  }
  write(Path.of("/out/c.f64"), c);
}

/** Reads the first rows of a matrix of n columns. */
double[][] read(Path path, int rows, int n) throws IOException {
  if (Files.size(path) / Double.BYTES / n < rows) {
    throw new EOFException("%s holds fewer than %d x %d numbers".formatted(path, rows, n));
  }
  double[][] matrix = new double[rows][n];
  byte[] bytes = new byte[n * Double.BYTES];
  try (InputStream in = Files.newInputStream(path)) {
    for (double[] row : matrix) {
      in.readNBytes(bytes, 0, bytes.length);
      doubles(bytes).get(row);
    }
  }
  return matrix;
}

void write(Path path, double[][] matrix) throws IOException {
  byte[] bytes = new byte[matrix[0].length * Double.BYTES];
  try (OutputStream out = Files.newOutputStream(path)) {
    for (double[] row : matrix) {
      doubles(bytes).put(row);
      out.write(bytes);
    }
  }
}

DoubleBuffer doubles(byte[] bytes) {
  return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer();
}

/** Σ int32(C[k]) · (2k + 1) mod 2³² over the flat index k, which is how int arithmetic wraps. */
String checksum(double[][] c) {
  int sum = 0;
  int weight = 1;
  for (double[] row : c) {
    for (double entry : row) {
      sum += (int) entry * weight;
      weight += 2;
    }
  }
  return Integer.toUnsignedString(sum);
}
