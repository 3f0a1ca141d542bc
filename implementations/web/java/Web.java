import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The web service on the JDK's own HTTP server, with a virtual thread for each request: the
 * smallest runtime image, as it needs no module but java.base and its own. The contract is in
 * implementations/web/README.md.
 */
public final class Web {
  private static final int MAX_HEAD = 8 << 10;
  private static final int MAX_BODY = 64 << 10;
  private static final int MAX_N = 64;
  private static final int BACKLOG = 1024;
  private static final long GRACE_MS = 800; // for what is under way when the service is told to end

  private static final byte[] PAGE = page();
  private static final byte[] OK = bytes("ok\n");
  private static final String BYTES = "application/octet-stream";
  private static final String TEXT = "text/plain; charset=utf-8";

  private static final Set<String> KNOWN =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");
  private static final Set<String> READ = Set.of("GET", "HEAD");
  private static final Set<String> POSTED = Set.of("POST");
  private static final Map<String, Set<String>> ALLOWED =
      Map.of("/", READ, "/json", READ, "/healthz", READ, "/echo", POSTED, "/matmul", POSTED);

  private static final Pattern HOST =
      Pattern.compile("(\\[[\\p{XDigit}:.]+]|[\\w.~!$&'()*+,;=%-]*)(:\\d*)?");
  private static final Pattern N = Pattern.compile("n=(\\d{1,2})");
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

  private static final String USAGE = "usage: web [PORT [THREADS [ADDRESS]]]";

  private Web() {}

  /** A request that is answered with an error. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;

    Refused(int status, String reason) {
      super(reason);
      this.status = status;
    }
  }

  /** `web [PORT [THREADS [ADDRESS]]]`. */
  public static void main(String[] arguments) throws InterruptedException {
    try {
      if (arguments.length > 3) {
        throw new IllegalArgumentException("too many arguments");
      }
      int port = arguments.length > 0 ? number(arguments[0], 65535) : 8080;
      int threads = arguments.length > 1 ? number(arguments[1], 1024) : 1;
      InetAddress any = null; // of both families, where the machine has both
      serve(new InetSocketAddress(
                arguments.length > 2 ? InetAddress.ofLiteral(arguments[2]) : any, port),
          threads);
    } catch (IllegalArgumentException error) {
      fail(2, error.getMessage() + "\n" + USAGE);
    } catch (IOException error) {
      fail(1, error.getMessage());
    }
  }

  private static void fail(int status, String reason) {
    System.err.println("web: " + reason);
    System.exit(status);
  }

  private static int number(String text, int most) {
    int number;
    try {
      number = Integer.parseInt(text);
    } catch (NumberFormatException error) {
      number = 0;
    }
    if (number < 1 || number > most) {
      throw new IllegalArgumentException("no number from 1 to " + most + ": " + text);
    }
    return number;
  }

  /** Answers until the process is told to end, and then what is under way. */
  private static void serve(InetSocketAddress address, int threads) throws IOException {
    System.setProperty("sun.net.httpserver.nodelay", "true"); // head and body are two writes
    System.setProperty(
        "sun.net.httpserver.drainAmount", "1"); // little of a body that nobody wanted
    System.setProperty("sun.net.httpserver.maxReqHeaderSize", String.valueOf(MAX_HEAD));
    System.setProperty("sun.net.httpserver.maxReqTime", "10"); // seconds, of a request
    System.setProperty("sun.net.httpserver.timerMillis", "1000"); // how often that is looked at
    System.setProperty("sun.net.httpserver.idleInterval", "50"); // seconds: it looks every ten
    System.setProperty("sun.net.httpserver.maxIdleConnections", "100000");
    System.setProperty("jdk.virtualThreadScheduler.parallelism", String.valueOf(threads));
    HttpServer server = HttpServer.create(address, BACKLOG);
    server.createContext("/", Web::handle);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server)));
    server.start();
  }

  /** Ends with 0, as the virtual machine would not when a signal ends it. */
  private static void end(HttpServer server) {
    CountDownLatch stopped = new CountDownLatch(1);
    Thread.ofPlatform().daemon().start(() -> {
      server.stop(1);
      stopped.countDown();
    });
    try {
      stopped.await(GRACE_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(0);
  }

  private static void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      try {
        answer(exchange);
      } catch (Refused refused) {
        if (refused.status != 404 && refused.status != 405 && refused.status != 501) {
          exchange.getResponseHeaders().set("Connection", "close");
        }
        send(exchange, refused.status, TEXT, bytes(refused.getMessage() + "\n"));
      }
    }
  }

  private static void answer(HttpExchange exchange) throws IOException, Refused {
    refuseBadHead(exchange);
    String method = exchange.getRequestMethod();
    Set<String> allowed = ALLOWED.get(exchange.getRequestURI().getPath());
    if (allowed == null) {
      throw new Refused(404, "nothing is here");
    }
    if (!allowed.contains(method)) {
      exchange.getResponseHeaders().set("Allow", allowed == READ ? "GET, HEAD" : "POST");
      throw new Refused(405, "not with this method");
    }
    switch (exchange.getRequestURI().getPath()) {
      case "/" -> send(exchange, 200, "text/html; charset=utf-8", PAGE);
      case "/json" -> send(exchange, 200, "application/json", greeting());
      case "/healthz" -> send(exchange, 200, TEXT, OK);
      case "/echo" -> send(exchange, 200, BYTES, body(exchange));
      default -> send(exchange, 200, BYTES, matmul(exchange));
    }
  }

  /**
   * What the server leaves to its user: the host, unknown methods and versions, and two lengths of
   * one body.
   */
  private static void refuseBadHead(HttpExchange exchange) throws Refused {
    Headers head = exchange.getRequestHeaders();
    String version = exchange.getProtocol();
    if (!version.matches("HTTP/1\\.\\d")) {
      throw version.matches("HTTP/\\d\\.\\d") ? new Refused(505, "unknown version")
                                              : new Refused(400, "no version");
    }
    if (!KNOWN.contains(exchange.getRequestMethod())) {
      throw new Refused(501, "unknown method");
    }
    List<String> hosts = head.getOrDefault("Host", List.of());
    boolean mayLack = hosts.isEmpty() && version.equals("HTTP/1.0");
    if (!mayLack && (hosts.size() != 1 || !HOST.matcher(hosts.get(0)).matches())) {
      throw new Refused(400, "needs one valid host");
    }
    List<String> lengths = head.getOrDefault("Content-Length", List.of());
    if (lengths.size() + head.getOrDefault("Transfer-Encoding", List.of()).size() > 1) {
      throw new Refused(400, "two lengths");
    }
    if (!lengths.isEmpty() && !lengths.get(0).matches("\\d{1,18}")) {
      throw new Refused(400, "no length");
    }
    if (!lengths.isEmpty() && Long.parseLong(lengths.get(0)) > MAX_BODY) {
      throw new Refused(413, "body too large");
    }
  }

  private static byte[] body(HttpExchange exchange) throws Refused {
    byte[] body;
    try {
      body = exchange.getRequestBody().readNBytes(MAX_BODY + 1);
    } catch (IOException error) { // chunks that are none, or the end of the connection
      throw new Refused(400, "no such body");
    }
    if (body.length > MAX_BODY) {
      throw new Refused(413, "body too large");
    }
    return body;
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    Headers head = exchange.getResponseHeaders();
    head.set("Content-Type", type);
    if ("close".equalsIgnoreCase(exchange.getRequestHeaders().getFirst("Connection"))) {
      head.set("Connection", "close");
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      head.set("Content-Length", String.valueOf(body.length));
    }
    boolean none = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(
        status, none ? -1 : body.length); // 0 would mean one of unknown length
    if (!none) {
      exchange.getResponseBody().write(body);
      exchange.getResponseBody().flush(); // before close() reads what is left of a request
    }
  }

  private static byte[] greeting() {
    String date = DATE.format(ZonedDateTime.now(ZoneOffset.UTC));
    return bytes("{\"message\":\"Hello, World!\",\"date\":\"" + date + "\"}");
  }

  private static byte[] matmul(HttpExchange exchange) throws Refused {
    byte[] body = body(exchange);
    String query = exchange.getRequestURI().getRawQuery();
    var matched = N.matcher(query == null ? "" : query);
    int n = matched.matches() ? Integer.parseInt(matched.group(1)) : 0;
    if (n < 1 || n > MAX_N || body.length != 2 * n * n * Double.BYTES) {
      throw new Refused(400, "needs n from 1 to " + MAX_N + " and two n x n matrices of float64");
    }
    return product(n, ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer());
  }

  /** The product of two n x n matrices, each sum made in the order of k. */
  private static byte[] product(int n, DoubleBuffer numbers) {
    double[] A = new double[n * n];
    double[] B = new double[n * n];
    numbers.get(A).get(B);
    double[] C = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        double a = A[i * n + k];
        for (int j = 0; j < n; j++) {
          C[i * n + j] += a * B[k * n + j];
        }
      }
    }
    ByteBuffer answer = ByteBuffer.allocate(n * n * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    answer.asDoubleBuffer().put(C);
    return answer.array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] page() {
    try (InputStream page = Web.class.getResourceAsStream("index.html")) {
      return page.readAllBytes();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
