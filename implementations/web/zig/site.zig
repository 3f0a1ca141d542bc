//! What a static site answers, in the place of content.zig: the files of a folder, which `harness web build` has packed
//! into one, `/site`. It is a table in the order of the paths, and what the table leads to: heads and bodies, ready to
//! be sent. No other file is ever opened, so no path leads out of the folder.

const std = @import("std");
const linux = std.os.linux;
const system = @import("system.zig");
const text = @import("text.zig");
const begin = @import("head.zig").begin;
const end = @import("head.zig").end;
const describe = @import("head.zig").describe;
const plain = @import("head.zig").plain;
const Output = @import("output.zig").Output;
const Parser = @import("parser.zig").Parser;
const Method = @import("parser.zig").Method;
const Status = @import("status.zig").Status;

pub const max_body = 0;
/// What the kernel may hold of answers on one connection (it doubles the figure for its own use). With less than two
/// of loopback's segments, receivers put off their acknowledgements.
pub const send_buffer_size = 64 * 1024 - 1;
/// More than any answer has besides the bytes of a file. Who packs sees to it that no head is longer than 3 KiB.
pub const max_answer = 4 * 1024;

pub const more_names = " if-none-match if-range range accept-encoding";
const Name = enum(u8) { if_none_match, if_range, range, accept_encoding, _ };
pub const more_statuses =
    \\
    \\206 Partial Content
    \\301 Moved Permanently
    \\304 Not Modified
    \\416 Range Not Satisfiable
;

/// Where the pack is in memory, and how much room it has there. Its own addresses are such.
const pack_at = 0x1000_0000;
const max_pack = 0x4000_0000;

/// Bytes of the pack.
const Span = extern struct {
    at: u32,
    len: u32,

    fn bytes(span: Span) []const u8 {
        return @as([*]const u8, @ptrFromInt(span.at))[0..span.len];
    }
};

/// A file as it is sent, or a redirect, which has no tag. The head begins with fields that 304 has as well, and those
/// with the tag.
const Form = extern struct {
    head: Span,
    shared_len: u32,
    body: Span,

    const tag_at = "ETag: ".len;
    const tag_len = 18;

    fn tag(form: *const Form) []const u8 {
        return form.head.bytes()[tag_at..][0..tag_len];
    }
};

/// The second form is compressed. Without a head, there is none.
const Entry = extern struct { path: Span, forms: [2]Form };

/// What the pack begins with, from its end on the table, and then everything else.
const count: *const u32 = @ptrFromInt(pack_at);
const table: [*]const Entry = @ptrFromInt(pack_at + @sizeOf(u32));

pub fn start() void {
    const file = system.must(linux.open("/site", .{ .CLOEXEC = true }, 0));
    const flags: linux.MAP = .{ .TYPE = .PRIVATE, .FIXED = true };
    const result = linux.mmap(@ptrFromInt(pack_at), max_pack, .{ .READ = true }, flags, file, 0);
    if (system.signed(result) < 0) system.fail();
}

/// Where a request leads, by its first line, and then by its fields.
pub const Route = struct {
    status: Status = .ok,
    /// By the form's number, whether If-None-Match, or If-Range, names its tag.
    is_known: [2]bool = @splat(false),
    is_whole: [2]bool = @splat(false),
    range: Range = .none,
    has_condition: bool = false,
    entry: u32 = 0,
    /// Of a range; of one from the end, how many bytes.
    first: u32 = 0,
    last: u32 = 0,
    /// Of the codings in `codings`, in thousandths, and one more. 0 is one that is not named.
    qualities: [3]u16 = @splat(0),
};

const Range = enum(u8) { none, from_begin, from_end, invalid };

const codings = text.wordsOfAnyCase("gzip x-gzip * identity");

const units = text.wordsOfAnyCase("bytes");
const weights = text.wordsOfAnyCase("q");

/// Of `OPTIONS *`.
pub const whole_server: Route = .{ .status = .no_content };

pub fn route(method: Method, target: []const u8) Route {
    var query = target;
    const path = text.takeUntil(&query, '?');
    const entry = find(path) orelse return .{ .status = .not_found };
    return .{
        .entry = entry,
        .status = switch (method) {
            .get, .head => if (table[entry].forms[0].shared_len > 0) .ok else .moved_permanently,
            .options => .no_content,
            else => .method_not_allowed,
        },
    };
}

fn find(path: []const u8) ?u32 {
    var low: usize = 0;
    var high: usize = count.*;
    while (low < high) {
        const middle = (low + high) / 2;
        switch (order(path, table[middle].path.bytes())) {
            .eq => return @intCast(middle),
            .lt => high = middle,
            .gt => low = middle + 1,
        }
    }
    return null;
}

/// How a path as it is written in a request compares with one of the table.
fn order(written: []const u8, path: []const u8) std.math.Order {
    var rest = written;
    for (path) |byte| {
        if (rest.len == 0) return .lt;
        const next = take(&rest);
        if (next != byte) return if (next < byte) .lt else .gt;
    }
    return if (rest.len > 0) .gt else .eq;
}

/// The next byte of a path that is not empty. What is escaped and no byte, or a slash, is more than any.
fn take(rest: *[]const u8) u64 {
    const written = rest.*;
    const len: usize = if (written[0] == '%') 3 else 1;
    if (len > written.len) return text.none;
    rest.* = written[len..];
    if (len == 1) return written[0];
    const byte = text.number(written[1..3], 16);
    return if (byte == '/') text.none else byte;
}

/// Takes in what a field says that the answer depends on.
pub fn heed(found: *Route, index: usize, value: []const u8) void {
    if (found.status != .ok) return;
    const forms = &table[found.entry].forms;
    switch (@as(Name, @fromBackingInt(@intCast(index)))) {
        .if_none_match => {
            var rest = value;
            while (rest.len > 0) {
                var tag = text.takeItem(&rest);
                if (tag.len > 2 and tag[0] == 'W' and tag[1] == '/') tag = tag[2..];
                const is_any = tag.len == 1 and tag[0] == '*';
                for (&found.is_known, forms) |*is_known, *form| is_known.* = is_known.* or is_any or isTag(form, tag);
            }
        },
        .if_range => {
            found.has_condition = true;
            for (&found.is_whole, forms) |*is_whole, *form| is_whole.* = isTag(form, value);
        },
        .range => readRange(found, value),
        .accept_encoding => {
            var rest = value;
            while (rest.len > 0) {
                var weight = text.takeItem(&rest);
                const coding = text.trim(text.takeUntil(&weight, ';'));
                const which = text.indexIn(codings, coding);
                // Two names for one.
                if (which < 4) found.qualities[which -| 1] = 1 + qualityIn(text.skipBlanks(weight));
            }
        },
        _ => {},
    }
}

noinline fn isTag(form: *const Form, tag: []const u8) bool {
    return form.head.len > 0 and text.isSame(form.tag(), tag, 0);
}

/// One range of bytes. What is written otherwise, or of several, is not heeded: the answer is the whole file.
fn readRange(found: *Route, value: []const u8) void {
    const is_first = found.range == .none;
    found.range = .invalid;
    var rest = value;
    if (text.indexIn(units, text.takeUntil(&rest, '=')) != 0 or !is_first) return;
    const whole_len = rest.len;
    const first = text.takeUntil(&rest, '-');
    if (first.len == whole_len) return; // without the dash
    const first_number = text.number(first, 10);
    const last_number = text.number(rest, 10); // without one it is more than any
    if (rest.len > 0 and last_number == text.none) return;
    if (first.len > 0) {
        if (first_number == text.none or first_number > last_number) return;
        found.range = .from_begin;
    } else {
        if (rest.len == 0) return;
        found.range = .from_end;
    }
    found.first = clamped(first_number);
    found.last = clamped(last_number);
}

fn clamped(number: u64) u32 {
    return @intCast(@min(number, std.math.maxInt(u32)));
}

/// Thousandths of a weight like `q=0.5`; all of them where there is none, and none where it is something else.
fn qualityIn(weight: []const u8) u16 {
    if (weight.len == 0) return 1000;
    var rest = weight;
    if (text.indexIn(weights, text.takeUntil(&rest, '=')) != 0) return 0;
    var quality: u16 = 0;
    var unit: u16 = 1000;
    for (rest) |byte| {
        if (byte == '.') continue;
        if (!std.ascii.isDigit(byte)) return 0;
        quality += (byte - '0') * unit;
        unit /= 10;
    }
    return quality;
}

/// Whether the client would rather have the compressed form.
fn wantsGzip(found: *const Route) bool {
    const gzip, const any, const identity = found.qualities;
    const quality = if (gzip > 0) gzip else any;
    return quality > 1 and quality >= identity;
}

/// Bytes of the pack that follow an answer.
pub const Tail = Span;
pub const no_tail: Tail = .{ .at = 0, .len = 0 };

/// Writes as much of what follows as there is room for.
pub fn putTail(tail: *Tail, output: *Output) void {
    const len: u32 = @intCast(@min(tail.len, output.room()));
    output.put(tail.bytes()[0..len]);
    tail.at += len;
    tail.len -= len;
}

/// Which form of its file a request is answered with.
fn formOf(found: *const Route) usize {
    const compressed = &table[found.entry].forms[1];
    return @intFromBool(compressed.head.len > 0 and wantsGzip(found));
}

/// Decides by the fields how a file is answered, and leaves of its body what is to be sent.
noinline fn cut(body: *Span, request: *const Parser, which: usize) Status {
    const found = &request.route;
    if (found.is_known[which]) return .not_modified;
    if (request.method != .get or found.has_condition and !found.is_whole[which]) return .ok;
    if (found.range == .none or found.range == .invalid) return .ok;
    var first = found.first;
    var end_at = body.len;
    if (found.range == .from_end) {
        first = end_at -| found.last;
    } else if (found.last < end_at) end_at = found.last + 1;
    if (first >= end_at) return .range_not_satisfiable;
    body.at += first;
    body.len = end_at - first;
    return .partial_content;
}

/// Writes an answer to a request, but for the bytes of a file, which follow: of the status that was asked for, or for
/// `ok`, of what the file and the fields of the complete request lead to.
pub noinline fn answer(output: *Output, asked: Status, request: *const Parser, _: []const u8) Tail {
    const which = formOf(&request.route);
    const form = &table[request.route.entry].forms[which];
    const head = form.head.bytes();
    var tail = form.body;
    const status = if (asked == .ok) cut(&tail, request, which) else asked;
    const has_file = status == .ok or status == .partial_content;
    const title = begin(output, status);
    if (status == .method_not_allowed or status == .no_content) output.print("Allow: GET, HEAD\r\n");
    if (status == .not_modified) output.put(head[0..form.shared_len]);
    if (has_file or status == .moved_permanently) output.put(head);
    if (status == .partial_content or status == .range_not_satisfiable) {
        output.print("Content-Range: bytes ");
        if (has_file) {
            const first = tail.at - form.body.at;
            output.putNumber(first);
            output.print("-");
            output.putNumber(first + tail.len - 1);
        } else output.print("*");
        output.print("/");
        output.putNumber(form.body.len);
        output.print("\r\n");
    }
    if (status == .not_modified or status == .no_content) {
        output.print("\r\n");
    } else if (has_file) {
        end(output, tail.len);
        if (request.method != .head) return tail;
    } else {
        describe(output, plain, title.len);
        if (request.method != .head) output.put(title);
    }
    return no_tail;
}

const testing = std.testing;
const isReadTheSame = @import("fuzz.zig").isReadTheSame;

/// A pack of one file, `/a b`, in two forms without heads or bodies but for their tags.
fn packForTests() !void {
    const flags: linux.MAP = .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .FIXED = true };
    const result = linux.mmap(@ptrFromInt(pack_at), 4096, .{ .READ = true, .WRITE = true }, flags, -1, 0);
    try testing.expectEqual(pack_at, result);
    const memory: [*]u8 = @ptrFromInt(pack_at);
    const words = "/a bETag: \"0123456789abcdef\"\r\nETag: \"0123456789ABCDEF\"\r\n";
    @memcpy(memory[1024..][0..words.len], words);
    const at = pack_at + 1024;
    const body: Span = .{ .at = at, .len = 10 };
    const entry: Entry = .{ .path = .{ .at = at, .len = 4 }, .forms = .{
        .{ .head = .{ .at = at + 4, .len = 26 }, .shared_len = 26, .body = body },
        .{ .head = .{ .at = at + 30, .len = 26 }, .shared_len = 26, .body = body },
    } };
    @memcpy(memory[4..][0..@sizeOf(Entry)], std.mem.asBytes(&entry));
    memory[0] = 1;
}

/// The route of a GET with a field.
fn routeWith(name: Name, value: []const u8) !Route {
    try packForTests();
    var found = route(.get, "/a%20b?query");
    try testing.expectEqual(.ok, found.status);
    heed(&found, @backingInt(name), value);
    return found;
}

test route {
    try packForTests();
    for ([_][]const u8{ "", "/", "/a", "/a b/", "/a%2", "/a%", "/a%2gb", "/a%20c", "/a%00b", "%2fa b", "/b" }) |path| {
        try testing.expectEqual(.not_found, route(.get, path).status);
    }
    try testing.expectEqual(.ok, route(.head, "/%61 %62").status);
    try testing.expectEqual(.method_not_allowed, route(.post, "/a b").status);
    try testing.expectEqual(.no_content, route(.options, "/a b").status);
}

test cut {
    for ([_]struct { []const u8, Status, u32, u32 }{
        .{ "bytes=2-3", .partial_content, 2, 2 },
        .{ "bytes=9-", .partial_content, 9, 1 },
        .{ "bytes=-4", .partial_content, 6, 4 },
        .{ "bytes=-11", .partial_content, 0, 10 },
        .{ "bytes=0-18446744073709551615", .ok, 0, 10 }, // no number, and so no range
        .{ "bytes=10-", .range_not_satisfiable, 0, 10 },
        .{ "bytes=-0", .range_not_satisfiable, 0, 10 },
        .{ "bytes=3-2", .ok, 0, 10 },
        .{ "bytes=2", .ok, 0, 10 },
    }) |case| {
        const found = try routeWith(.range, case[0]);
        var body = table[0].forms[0].body;
        const begin_at = body.at;
        const request: Parser = .{ .route = found };
        try testing.expectEqual(case[1], cut(&body, &request, 0));
        try testing.expectEqual(case[2], body.at - begin_at);
        try testing.expectEqual(case[3], body.len);
    }
}

test heed {
    const listed = try routeWith(.if_none_match, "\"x\", W/\"0123456789abcdef\"");
    try testing.expectEqual([2]bool{ true, false }, listed.is_known);
    try testing.expectEqual([2]bool{ true, true }, (try routeWith(.if_none_match, "*")).is_known);
    try testing.expectEqual([2]bool{ false, true }, (try routeWith(.if_range, "\"0123456789ABCDEF\"")).is_whole);
    try testing.expectEqual([2]bool{ false, false }, (try routeWith(.if_range, "W/\"0123456789ABCDEF\"")).is_whole);
    for ([_]struct { usize, []const u8 }{
        .{ 1, "gzip" },
        .{ 1, "identity;q=0.5, gzip;q=0.501" },
        .{ 1, "*;q=0.1" },
        .{ 0, "gzip;q=0, *" },
        .{ 0, "gzip;q=0.5, identity" },
        .{ 0, "gzip;q=" },
        .{ 0, "gzip;level=1" },
        .{ 0, ",;=," },
    }) |case| try testing.expectEqual(case[0], formOf(&try routeWith(.accept_encoding, case[1])));
}

const requests = "GET /a%20b?c HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\nIf-Range: \"0123456789abcdef\"\r\n\r\n" ++
    "HEAD /a%20b HTTP/1.1\r\nHost: a\r\nIf-None-Match: *, W/\"x\"\r\nAccept-Encoding: gzip;q=0.5,*\r\n\r\n";

test "no damage to a request trips a safety check, or is read otherwise for where it is cut" {
    try packForTests();
    for (0..requests.len + 1) |where| try testing.expect(isReadTheSame(requests, where));
    var generator: std.Random.DefaultPrng = .init(1);
    const random = generator.random();
    for (0..20_000) |_| {
        var input = requests.*;
        for (0..random.uintLessThan(usize, 4)) |_| {
            input[random.uintLessThan(usize, input.len)] = "\x00\t\r\n ,/:;?%=*9-W\"\xff"[random.uintLessThan(usize, 18)];
        }
        try testing.expect(isReadTheSame(&input, random.uintLessThan(usize, input.len)));
    }
}
