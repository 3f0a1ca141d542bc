//! A web server for one page: HTTP/1.1 over epoll, in one thread, without a C library and without a heap.
//!
//! Every limit is fixed at compile time. A connection is read only when all it asked for so far is answered and
//! sent: a client that does not take its answers holds up its own requests and nobody else's.
//!
//! `noinline` stands where one copy of the code keeps the image small.

const std = @import("std");
const ascii = std.ascii;
const linux = std.os.linux;
const mem = std.mem;

const page = @embedFile("index.html");

/// A socket's number is the index of its connection, so this is also the limit of open descriptors.
const max_descriptors = 1024;
/// The longest head of a request that is understood.
const input_size = 8 * 1024;
/// More than the longest answer.
const answer_size = page.len + 256;
/// Answers to pipelined requests leave together, in one system call.
const output_size = 8 * answer_size;
/// What the kernel may hold for one connection and direction (it doubles the figure for its own use).
const socket_buffer_size = 16 * 1024;
/// From one answer to the next, however busily a client trickles bytes.
const request_seconds = 10;
/// From the last answer to the client's own end of the connection.
const linger_seconds = 2;

/// Safety checks stay on and trap; the text and the stack trace of a panic would outweigh the server.
pub const panic = std.debug.no_panic;
pub const std_options: std.Options = .{ .enable_segfault_handler = false, .signal_stack_size = null };

pub fn main(init: std.process.Init.Minimal) u8 {
    const port = parsePort(init.args.vector) orelse die(2, "usage: web [PORT]\n");
    const static = struct { // too large for a stack
        var server: Server = .{};
    };
    static.server.start(port);
    static.server.run();
    return 0;
}

fn parsePort(args: []const [*:0]const u8) ?u16 {
    if (args.len < 2) return 8080;
    if (args.len > 2) return null;
    const port = std.fmt.parseInt(u16, mem.span(args[1]), 10) catch return null;
    return if (port == 0) null else port;
}

fn die(status: u8, reason: []const u8) noreturn {
    _ = linux.write(2, reason.ptr, reason.len);
    linux.exit_group(status);
}

/// Starts as zeros, and so takes no room in the file.
const Server = struct {
    epoll: linux.fd_t = undefined,
    signals: linux.fd_t = undefined,
    listener: linux.fd_t = undefined,
    accepting: bool = false,
    open_connections: usize = 0,
    /// Seconds on a clock that nobody sets.
    now: u64 = 0,
    date: Date = undefined,
    events: [64]linux.epoll_event = undefined,
    connections: [max_descriptors]Connection = @splat(.{}),

    fn start(server: *Server, port: u16) void {
        const limit: linux.rlimit = .{ .cur = max_descriptors, .max = max_descriptors };
        _ = linux.setrlimit(.NOFILE, &limit); // Fails only where the limit is lower already.
        server.epoll = must(linux.epoll_create1(linux.EPOLL.CLOEXEC), "web: no epoll\n");
        server.signals = blockSignals();
        server.listener = listen(port);
        for ([_]linux.fd_t{ server.signals, server.listener }) |descriptor| {
            if (!server.watch(linux.EPOLL.CTL_ADD, descriptor, linux.EPOLL.IN)) die(1, "web: no memory\n");
        }
        server.accepting = true;
        server.tick();
    }

    /// Serves until a signal asks for the end.
    fn run(server: *Server) void {
        while (true) {
            const is_idle = server.open_connections == 0 and server.accepting;
            const timeout: i32 = if (is_idle) -1 else 1000;
            const count = linux.epoll_wait(server.epoll, &server.events, server.events.len, timeout);
            server.tick();
            if (linux.errno(count) != .SUCCESS) continue;
            for (server.events[0..count]) |event| {
                if (event.data.fd == server.signals) return;
                if (event.data.fd == server.listener) server.acceptAll() else server.serve(event.data.fd);
            }
        }
    }

    fn acceptAll(server: *Server) void {
        while (true) {
            const result = linux.accept4(server.listener, null, null, linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC);
            switch (linux.errno(result)) {
                .SUCCESS => server.welcome(@intCast(result)),
                .AGAIN, .INTR, .CONNABORTED => return,
                // No descriptor or memory is left: the others wait in the backlog until a connection has closed.
                else => return server.accept(false),
            }
        }
    }

    fn welcome(server: *Server, socket: linux.fd_t) void {
        const connection = &server.connections[@intCast(socket)];
        connection.socket = socket;
        connection.stage = .open;
        connection.interest = 0;
        connection.deadline = server.now + request_seconds;
        connection.input_end = 0;
        connection.output_start = 0;
        connection.output_end = 0;
        server.open_connections += 1;
        server.serve(socket);
    }

    fn serve(server: *Server, socket: linux.fd_t) void {
        const connection = &server.connections[@intCast(socket)];
        if (connection.stage == .closed) return; // by an earlier event of the same batch
        connection.advance(server) catch server.close(connection);
    }

    noinline fn close(server: *Server, connection: *Connection) void {
        _ = linux.close(connection.socket);
        connection.stage = .closed;
        server.open_connections -= 1;
        server.accept(true);
    }

    /// What there is to do once a second.
    fn tick(server: *Server) void {
        const now = secondsOf(.MONOTONIC);
        if (now == server.now) return;
        server.now = now;
        server.date = httpDate(secondsOf(.REALTIME));
        server.accept(true);
        for (&server.connections) |*connection| {
            if (connection.stage == .closed or connection.deadline > now) continue;
            connection.expire(server) catch server.close(connection);
        }
    }

    noinline fn accept(server: *Server, accepting: bool) void {
        if (server.accepting == accepting) return;
        const interest: u32 = if (accepting) linux.EPOLL.IN else 0;
        if (server.watch(linux.EPOLL.CTL_MOD, server.listener, interest)) server.accepting = accepting;
    }

    fn watch(server: *Server, operation: u32, descriptor: linux.fd_t, interest: u32) bool {
        var event: linux.epoll_event = .{ .events = interest, .data = .{ .fd = descriptor } };
        return linux.errno(linux.epoll_ctl(server.epoll, operation, descriptor, &event)) == .SUCCESS;
    }
};

/// The signals that end the server become readable instead. Process 1 of a container has no default action for them.
fn blockSignals() linux.fd_t {
    var set = linux.sigemptyset();
    linux.sigaddset(&set, .TERM);
    linux.sigaddset(&set, .INT);
    _ = linux.sigprocmask(linux.SIG.BLOCK, &set, null);
    return must(linux.signalfd(-1, &set, linux.SFD.CLOEXEC), "web: no signalfd\n");
}

fn listen(port: u16) linux.fd_t {
    const kind = linux.SOCK.STREAM | linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC;
    const socket = must(linux.socket(linux.AF.INET, kind, 0), "web: no socket\n");
    // What is set here, every accepted socket inherits.
    setOption(socket, linux.SOL.SOCKET, linux.SO.REUSEADDR, 1);
    setOption(socket, linux.SOL.SOCKET, linux.SO.RCVBUF, socket_buffer_size);
    setOption(socket, linux.SOL.SOCKET, linux.SO.SNDBUF, socket_buffer_size);
    setOption(socket, linux.IPPROTO.TCP, linux.TCP.NODELAY, 1);
    const address: linux.sockaddr.in = .{ .port = mem.nativeToBig(u16, port), .addr = 0 };
    const bound = linux.bind(socket, @ptrCast(&address), @sizeOf(linux.sockaddr.in));
    _ = must(bound, "web: the port is in use or not permitted\n");
    _ = must(linux.listen(socket, 4096), "web: the port is in use\n");
    return socket;
}

fn setOption(socket: linux.fd_t, level: i32, option: u32, value: c_int) void {
    _ = linux.setsockopt(socket, level, option, @ptrCast(&value), @sizeOf(c_int));
}

fn must(result: usize, failure: []const u8) linux.fd_t {
    return if (linux.errno(result) == .SUCCESS) @intCast(result) else die(1, failure);
}

/// Without the vDSO, whose look-up is more code than it is worth once per batch of events.
fn secondsOf(clock: linux.clockid_t) u64 {
    var time: linux.timespec = undefined;
    _ = linux.syscall2(.clock_gettime, @backingInt(clock), @intFromPtr(&time));
    return @intCast(time.sec);
}

const Connection = struct {
    stage: Stage = .closed,
    socket: linux.fd_t = undefined,
    /// What epoll waits for; 0 while it does not know the socket.
    interest: u32 = 0,
    deadline: u64 = 0,
    input_end: usize = 0,
    output_start: usize = 0,
    output_end: usize = 0,
    input: [input_size]u8 = undefined,
    output: [output_size]u8 = undefined,

    const Stage = enum {
        closed,
        open,
        /// The last answer is written but not sent.
        ending,
        /// All is sent, and what still comes is thrown away until the client ends too. To close on unread input
        /// would reset the connection, and might so take the last answer from the client.
        lingering,
    };

    /// Goes as far as the socket lets it. `Gone`: there is nothing left but to close.
    fn advance(connection: *Connection, server: *Server) error{Gone}!void {
        if (connection.stage == .lingering) return connection.discard();
        if (connection.unsent().len == 0) try connection.receive();
        while (true) {
            connection.answerAll(server);
            if (connection.unsent().len == 0) break;
            try connection.send();
            if (connection.unsent().len > 0) break;
        }
        if (connection.stage == .ending and connection.unsent().len == 0) connection.linger(server);
        try connection.awaitSocket(server);
    }

    fn receive(connection: *Connection) error{Gone}!void {
        const space = connection.input[connection.input_end..];
        connection.input_end += try moved(linux.read(connection.socket, space.ptr, space.len));
    }

    /// Answers the requests that are complete, as many as the output has room for.
    fn answerAll(connection: *Connection, server: *const Server) void {
        var rest: []const u8 = connection.input[0..connection.input_end];
        while (connection.stage == .open and connection.output.len - connection.output_end >= answer_size) {
            const request = nextRequest(rest) orelse break;
            connection.answer(request, server);
            rest = rest[request.length..];
        }
        @memmove(connection.input[0..rest.len], rest);
        connection.input_end = rest.len;
    }

    fn answer(connection: *Connection, request: Request, server: *const Server) void {
        connection.put(request.status.head());
        connection.put("Date: ");
        connection.put(&server.date);
        connection.put("\r\nConnection: ");
        connection.put(if (request.keep_alive) "keep-alive\r\n\r\n" else "close\r\n\r\n");
        if (!request.head_only) connection.put(request.status.body());
        if (!request.keep_alive) connection.stage = .ending;
        connection.deadline = server.now + request_seconds;
    }

    noinline fn put(connection: *Connection, text: []const u8) void {
        @memcpy(connection.output[connection.output_end..][0..text.len], text);
        connection.output_end += text.len;
    }

    fn unsent(connection: *const Connection) []const u8 {
        return connection.output[connection.output_start..connection.output_end];
    }

    fn send(connection: *Connection) error{Gone}!void {
        const text = connection.unsent();
        const sent = linux.sendto(connection.socket, text.ptr, text.len, linux.MSG.NOSIGNAL, null, 0);
        connection.output_start += try moved(sent);
        if (connection.output_start < connection.output_end) return;
        connection.output_start = 0;
        connection.output_end = 0;
    }

    fn linger(connection: *Connection, server: *const Server) void {
        _ = linux.shutdown(connection.socket, linux.SHUT.WR);
        connection.stage = .lingering;
        connection.deadline = server.now + linger_seconds;
    }

    fn discard(connection: *Connection) error{Gone}!void {
        _ = try moved(linux.read(connection.socket, &connection.input, connection.input.len));
    }

    fn awaitSocket(connection: *Connection, server: *Server) error{Gone}!void {
        const interest: u32 = if (connection.unsent().len > 0) linux.EPOLL.OUT else linux.EPOLL.IN;
        if (connection.interest == interest) return;
        const operation: u32 = if (connection.interest == 0) linux.EPOLL.CTL_ADD else linux.EPOLL.CTL_MOD;
        if (!server.watch(operation, connection.socket, interest)) return error.Gone;
        connection.interest = interest;
    }

    /// Time is up: a request that began and did not end is told so.
    fn expire(connection: *Connection, server: *Server) error{Gone}!void {
        const is_waiting = connection.stage == .open and connection.unsent().len == 0;
        if (!is_waiting or connection.input_end == 0) return error.Gone;
        connection.answer(.{ .status = .request_timeout }, server);
        return connection.advance(server);
    }
};

/// How many bytes a system call moved: none where the socket was not ready.
fn moved(result: usize) error{Gone}!usize {
    return switch (linux.errno(result)) {
        .SUCCESS => if (result > 0) result else error.Gone,
        .AGAIN, .INTR => 0,
        else => error.Gone,
    };
}

const Request = struct {
    status: Status,
    /// Bytes of input that it took.
    length: usize = 0,
    head_only: bool = false,
    keep_alive: bool = false,
};

/// The request that `input` begins with, or null while it is incomplete. One that cannot be understood ends the
/// connection, since nobody knows where the next one begins.
fn nextRequest(input: []const u8) ?Request {
    return parseRequest(input) catch |err| switch (err) {
        error.BadRequest => .{ .status = .bad_request },
        error.VersionNotSupported => .{ .status = .http_version_not_supported },
        error.Incomplete => if (input.len < input_size)
            null
        else if (find(input, '\n') == null)
            .{ .status = .uri_too_long }
        else
            .{ .status = .header_fields_too_large },
    };
}

const ParseError = error{ Incomplete, BadRequest, VersionNotSupported };

fn parseRequest(input: []const u8) ParseError!Request {
    var rest = input;
    while (mem.startsWith(u8, rest, "\r\n")) rest = rest[2..]; // RFC 9112, section 2.2
    const method_text, const target_and_version = try cut(try takeLine(&rest), ' ');
    const target, const version = try cut(target_and_version, ' ');
    if (!isToken(method_text) or target.len == 0 or !all(target, ascii.isGraphical)) return error.BadRequest;
    const is_http_1_1 = try parseVersion(version);
    const fields = try parseFields(&rest, is_http_1_1);
    const method = std.meta.stringToEnum(std.http.Method, method_text);
    return .{
        .status = try route(method, target),
        .length = input.len - rest.len,
        .head_only = method == .HEAD,
        // A body is not read, so what would follow it is out of reach.
        .keep_alive = !fields.has_body and !fields.close and (is_http_1_1 or fields.keep_alive),
    };
}

/// A line feed alone ends no line: requests are smuggled where two servers differ in that.
noinline fn takeLine(rest: *[]const u8) ParseError![]const u8 {
    const end = find(rest.*, '\n') orelse return error.Incomplete;
    const line = mem.cutSuffix(u8, rest.*[0..end], "\r") orelse return error.BadRequest;
    rest.* = rest.*[end + 1 ..];
    return line;
}

/// False is HTTP/1.0; later versions than 1.1 are answered as 1.1.
fn parseVersion(text: []const u8) ParseError!bool {
    const number = mem.cutPrefix(u8, text, "HTTP/") orelse return error.BadRequest;
    if (number.len != 3 or !ascii.isDigit(number[0]) or number[1] != '.' or !ascii.isDigit(number[2]))
        return error.BadRequest;
    return if (number[0] == '1') number[2] != '0' else error.VersionNotSupported;
}

/// What the header fields say about the connection and the body. The other fields need only be well-formed.
const Fields = struct {
    has_host: bool = false,
    has_length: bool = false,
    is_chunked: bool = false,
    has_body: bool = false,
    close: bool = false,
    keep_alive: bool = false,

    fn add(fields: *Fields, name: []const u8, value: []const u8) ParseError!void {
        if (is(name, "host")) {
            if (fields.has_host or !all(value, isHostByte)) return error.BadRequest;
            fields.has_host = true;
        } else if (is(name, "content-length")) {
            if (fields.has_length or value.len == 0 or !all(value, ascii.isDigit)) return error.BadRequest;
            fields.has_length = true;
            if (!all(value, isZero)) fields.has_body = true;
        } else if (is(name, "transfer-encoding")) {
            const last = if (mem.cutScalarLast(u8, value, ',')) |halves| trim(halves[1]) else value;
            if (fields.is_chunked or !is(last, "chunked")) return error.BadRequest;
            fields.is_chunked = true;
            fields.has_body = true;
        } else if (is(name, "connection")) {
            if (lists(value, "close")) fields.close = true;
            if (lists(value, "keep-alive")) fields.keep_alive = true;
        }
    }
};

fn parseFields(rest: *[]const u8, is_http_1_1: bool) ParseError!Fields {
    var fields: Fields = .{};
    while (true) {
        const line = try takeLine(rest);
        if (line.len == 0) break;
        const name, const value = try cut(line, ':');
        if (!isToken(name) or !all(value, isFieldByte)) return error.BadRequest;
        try fields.add(name, trim(value));
    }
    if (is_http_1_1 and !fields.has_host) return error.BadRequest;
    if (fields.is_chunked and (fields.has_length or !is_http_1_1)) return error.BadRequest;
    return fields;
}

fn route(method: ?std.http.Method, target: []const u8) ParseError!Status {
    return switch (method orelse return .not_implemented) {
        .GET, .HEAD => if (mem.eql(u8, try pathOf(target), "/")) .ok else .not_found,
        else => .method_not_allowed,
    };
}

/// The path of a request target, which may be a whole URI and may have a query.
fn pathOf(target: []const u8) ParseError![]const u8 {
    const scheme = "http://";
    var path = target;
    if (ascii.startsWithIgnoreCase(target, scheme)) {
        const authority_end = mem.findAny(u8, target[scheme.len..], "/?") orelse return "/";
        path = target[scheme.len + authority_end ..];
        if (path[0] == '?') return "/";
    } else if (target[0] != '/') {
        return error.BadRequest;
    }
    return if (find(path, '?')) |query| path[0..query] else path;
}

/// Heads are short, and the vectorized search of `mem` would add more than a kilobyte.
noinline fn find(text: []const u8, byte: u8) ?usize {
    for (text, 0..) |candidate, index| if (candidate == byte) return index;
    return null;
}

noinline fn cut(text: []const u8, delimiter: u8) ParseError!struct { []const u8, []const u8 } {
    const end = find(text, delimiter) orelse return error.BadRequest;
    return .{ text[0..end], text[end + 1 ..] };
}

noinline fn trim(text: []const u8) []const u8 {
    return mem.trim(u8, text, " \t");
}

/// Names in header fields have no case.
noinline fn is(text: []const u8, name: []const u8) bool {
    return ascii.eqlIgnoreCase(text, name);
}

noinline fn lists(items: []const u8, name: []const u8) bool {
    var rest = items;
    while (find(rest, ',')) |comma| : (rest = rest[comma + 1 ..]) {
        if (is(trim(rest[0..comma]), name)) return true;
    }
    return is(trim(rest), name);
}

fn isToken(text: []const u8) bool {
    return text.len > 0 and all(text, isTokenByte);
}

/// The predicate becomes a table of 256 bits at compile time.
fn all(text: []const u8, comptime belongs: fn (u8) bool) bool {
    const allowed = comptime table: {
        @setEvalBranchQuota(20_000);
        var set: std.bit_set.Static(256) = .empty;
        for (0..256) |byte| if (belongs(byte)) set.set(byte);
        break :table set;
    };
    for (text) |byte| if (!allowed.isSet(byte)) return false;
    return true;
}

fn isTokenByte(byte: u8) bool {
    return ascii.isAlphanumeric(byte) or find("!#$%&'*+-.^_`|~", byte) != null;
}

fn isHostByte(byte: u8) bool {
    return ascii.isAlphanumeric(byte) or find("!$%&'()*+,-.:;=[]_~", byte) != null;
}

fn isFieldByte(byte: u8) bool {
    return !ascii.isControl(byte) or byte == '\t';
}

fn isZero(byte: u8) bool {
    return byte == '0';
}

const Status = enum(u10) {
    ok = 200,
    bad_request = 400,
    not_found = 404,
    method_not_allowed = 405,
    request_timeout = 408,
    uri_too_long = 414,
    header_fields_too_large = 431,
    not_implemented = 501,
    http_version_not_supported = 505,

    /// The head of the answer up to what depends on the time and the connection.
    fn head(status: Status) []const u8 {
        return switch (status) {
            inline else => |s| comptime "HTTP/1.1 " ++ s.title() ++ "\r\n" ++
                (if (s == .method_not_allowed) "Allow: GET, HEAD\r\n" else "") ++
                (if (s == .ok) "Content-Type: text/html" else "Content-Type: text/plain") ++ "; charset=utf-8\r\n" ++
                std.fmt.comptimePrint("Content-Length: {d}\r\n", .{s.body().len}),
        };
    }

    fn body(status: Status) []const u8 {
        return switch (status) {
            .ok => page,
            inline else => |s| comptime s.title() ++ "\n",
        };
    }

    fn title(comptime status: Status) []const u8 {
        const code: std.http.Status = @fromBackingInt(@backingInt(status));
        return std.fmt.comptimePrint("{d} {s}", .{ @backingInt(status), code.phrase().? });
    }
};

/// As in `Sun, 06 Nov 1994 08:49:37 GMT`.
const Date = [29]u8;

fn httpDate(seconds: u64) Date {
    const time: std.time.epoch.EpochSeconds = .{ .secs = seconds };
    const day = time.getEpochDay();
    const year = day.calculateYearDay();
    const month = year.calculateMonthDay();
    const clock = time.getDaySeconds();
    var date: Date = "Thu, 01 Jan 1970 00:00:00 GMT".*;
    date[0..3].* = "ThuFriSatSunMonTueWed"[day.day % 7 * 3 ..][0..3].*;
    date[5..7].* = std.fmt.digits2(month.day_index + 1);
    date[8..11].* = "JanFebMarAprMayJunJulAugSepOctNovDec"[(@as(usize, month.month.numeric()) - 1) * 3 ..][0..3].*;
    date[12..14].* = std.fmt.digits2(@intCast(year.year / 100));
    date[14..16].* = std.fmt.digits2(@intCast(year.year % 100));
    date[17..19].* = std.fmt.digits2(clock.getHoursIntoDay());
    date[20..22].* = std.fmt.digits2(clock.getMinutesIntoHour());
    date[23..25].* = std.fmt.digits2(clock.getSecondsIntoMinute());
    return date;
}

const testing = std.testing;

fn expectStatus(status: Status, input: []const u8) !void {
    const request = nextRequest(input) orelse return error.Incomplete;
    errdefer std.debug.print("{s}\n", .{input});
    try testing.expectEqual(status, request.status);
}

test "what is asked for" {
    try expectStatus(.ok, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.ok, "\r\n\r\nHEAD /?query HTTP/1.1\r\nhOST:\t[::1]:8080 \r\nX: \xff\r\n\r\n");
    try expectStatus(.ok, "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.ok, "GET HTTP://a?/b HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.ok, "GET / HTTP/1.0\r\n\r\n");
    try expectStatus(.not_found, "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.not_found, "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.method_not_allowed, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
    try expectStatus(.method_not_allowed, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.not_implemented, "get / HTTP/1.1\r\nHost: a\r\n\r\n");
    try expectStatus(.http_version_not_supported, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    const long: [input_size]u8 = @splat('a');
    try expectStatus(.uri_too_long, "GET /" ++ long);
    try expectStatus(.header_fields_too_large, "GET / HTTP/1.1\r\nX: " ++ long);
}

test "what cannot be understood" {
    for ([_][]const u8{
        "GET / HTTP/1.1\n",
        "GET /\r\n",
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET / HTTP/11\r\n",
        "GET / http/1.1\r\n",
        "POST  HTTP/1.1\r\n",
        "G@T / HTTP/1.1\r\n",
        "GET /\x7f HTTP/1.1\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    }) |input| try expectStatus(.bad_request, input);
}

test "whether the connection goes on" {
    const cases = [_]struct { bool, []const u8 }{
        .{ true, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ true, "GET /b HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n" },
        .{ true, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" },
        .{ false, "GET / HTTP/1.0\r\n\r\n" },
        .{ false, "GET / HTTP/1.1\r\nHost: a\r\nConnection: x , Close\r\nConnection: keep-alive\r\n\r\n" },
        .{ false, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n" },
        .{ false, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" },
    };
    for (cases) |case| try testing.expectEqual(case[0], nextRequest(case[1]).?.keep_alive);
}

test "a request is complete at its last byte and not before" {
    const input = "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for (0..input.len) |length| try testing.expectEqual(null, nextRequest(input[0..length]));
    const expected: Request = .{ .status = .ok, .length = input.len, .head_only = true };
    try testing.expectEqual(expected, nextRequest(input ++ input).?);
}

test "no damage to a request trips a safety check" {
    var generator: std.Random.DefaultPrng = .init(1);
    const random = generator.random();
    for (0..20_000) |_| {
        var input = "\r\nGET http://a/?b HTTP/1.1\r\nHost: a\r\nConnection: close, b\r\nContent-Length: 1\r\n\r\n".*;
        for (0..random.uintLessThan(usize, 4)) |_| {
            input[random.uintLessThan(usize, input.len)] = "\x00\t\r\n ,/:?aA0\xff"[random.uintLessThan(usize, 13)];
        }
        if (nextRequest(&input)) |request| try testing.expect(request.length <= input.len);
    }
}

test httpDate {
    try testing.expectEqualStrings("Thu, 01 Jan 1970 00:00:00 GMT", &httpDate(0));
    try testing.expectEqualStrings("Sun, 06 Nov 1994 08:49:37 GMT", &httpDate(784111777));
    try testing.expectEqualStrings("Thu, 29 Feb 2024 23:59:59 GMT", &httpDate(1709251199));
}

test "the longest answer fits" {
    for (std.enums.values(Status)) |status| {
        try testing.expect(status.head().len + status.body().len + 64 + @sizeOf(Date) <= answer_size);
    }
}
