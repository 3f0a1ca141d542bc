//! Requests out of bytes: RFC 9112, and the parts of RFC 9110 that say where a message ends.
//!
//! The parser is given all bytes of a connection that are not used up. It goes as far as they reach and remembers where
//! it was, so that a line is not read twice, however a client cuts its requests. It allocates nothing, it makes no
//! system call, and where two readers of a message might disagree, it refuses. Section numbers are of RFC 9112.

const std = @import("std");
const ascii = std.ascii;
const bytes = @import("bytes.zig");
const content = @import("content.zig");
const moveDown = @import("memory.zig").moveDown;
const text = @import("text.zig");
const Status = @import("status.zig").Status;

/// Of a request line and its fields, and of the trailer fields of a chunked body.
pub const max_head = 8 * 1024;
/// Content that takes none has no code for bodies: a request with one is refused, and the connection ends.
const max_body = content.max_body;
const takes_bodies = max_body > 0;
/// The longest line of a chunk's size with its extensions.
const max_chunk_line = 256;
/// A body and what may still become a line fit, with room for one more byte.
pub const max_input = max_body + max_head;

const methods = text.words(' ', "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH");
const max_method = "OPTIONS".len;
pub const Method = enum(u8) { get, head, post, put, delete, connect, options, trace, patch };

const names = text.wordsOfAnyCase(
    "host content-length content-type connection transfer-encoding expect" ++ content.more_names,
);
const Name = enum(u8) { host, content_length, content_type, connection, transfer_encoding, expect, _ };
const names_count = std.enums.values(Name).len;
/// The first names are of fields that a request has once at most.
const singles_count = 3;

const items = text.wordsOfAnyCase("close keep-alive chunked");
const Item = enum(u8) { close, keep_alive, chunked, _ };
const expectations = text.wordsOfAnyCase("100-continue");
const scheme = "http://";
const schemes = text.wordsOfAnyCase(scheme);

pub const Parser = struct {
    /// Where in the input the next byte to be read is.
    at: u32 = 0,
    /// Bytes of lines so far.
    head: u32 = 0,
    /// Where the body begins, and what there is of it without the framing of chunks.
    body: u32 = 0,
    body_len: u32 = 0,
    /// Still to come of the body, or of a chunk of it.
    left: u32 = 0,
    stage: Stage = .request_line,
    method: Method = .get,
    route: content.Route = .{},
    coding: Coding = .none,
    is_http_1_1: bool = false,
    /// Which of the fields that a request has once at most have been there.
    has: [singles_count]bool = @splat(false),
    /// The client waits for leave to send the body.
    expects_continue: bool = false,
    closes: bool = false,
    keeps_alive: bool = false,

    const Stage = enum(u8) { request_line, fields, trailer, chunk_size, chunk_end, body, complete };

    /// What Transfer-Encoding says so far: nothing, an empty list, the chunked coding alone, or one that is not known.
    const Coding = enum(u8) { none, empty, chunked, unknown };

    /// Goes on until a request is complete or the input used up, or until there is a reason to refuse the request:
    /// nobody knows where the next one would begin, so the connection ends. What is before `at` may be changed.
    pub fn advance(parser: *Parser, input: []u8) Status {
        while (!parser.isComplete()) {
            const before = parser.at;
            if (takes_bodies and parser.stage == .body) {
                parser.takeBody(input);
            } else {
                const status = parser.takeLine(input);
                if (status != .ok) return status;
            }
            if (parser.at == before) break;
        }
        return .ok;
    }

    pub fn isComplete(parser: *const Parser) bool {
        return parser.stage == .complete;
    }

    pub fn bodyIn(parser: *const Parser, input: []const u8) []const u8 {
        return input[parser.body..][0..parser.body_len];
    }

    /// Whether a request has begun, blank lines before it aside.
    pub fn hasBegun(parser: *const Parser) bool {
        return parser.stage != .request_line;
    }

    /// Whether the connection can serve another request after this one.
    pub fn persists(parser: *const Parser) bool {
        return !parser.closes and (parser.is_http_1_1 or parser.keeps_alive);
    }

    /// Nothing while the line has no end. A CR or an LF alone ends no line, 2.2: requests are smuggled where two
    /// servers differ in that. No line has other bytes than the value of a field may have.
    noinline fn takeLine(parser: *Parser, input: []const u8) Status {
        const rest = input[parser.at..];
        const end = bytes.span(.field, rest);
        const line = rest[0..end];
        const is_head = !takes_bodies or @backingInt(parser.stage) <= @backingInt(Stage.trailer);
        var max: u32 = if (parser.stage == .chunk_end) 0 else max_chunk_line;
        if (is_head) max = max_head - 2 -| parser.head;
        if (end > max) return parser.tooLong(line);
        if (end < rest.len and rest[end] != '\r') return .bad_request;
        if (end + 1 >= rest.len) return .ok;
        if (rest[end + 1] != '\n') return .bad_request;
        const taken: u32 = @intCast(end + 2);
        parser.at += taken;
        if (is_head) parser.head += taken;
        return parser.read(line);
    }

    fn tooLong(parser: *const Parser, line: []const u8) Status {
        if (takes_bodies and @backingInt(parser.stage) > @backingInt(Stage.trailer)) return .bad_request;
        if (parser.stage != .request_line) return .header_fields_too_large;
        return if (bytes.span(.token, line) > max_method) .not_implemented else .uri_too_long;
    }

    fn read(parser: *Parser, line: []const u8) Status {
        if (parser.stage == .request_line) {
            // 2.2: an empty line more is no harm.
            return if (line.len > 0) parser.readRequest(line) else .ok;
        }
        if (parser.stage == .fields) {
            return if (line.len > 0) parser.readField(line) else parser.endHead();
        }
        if (!takes_bodies) unreachable;
        if (parser.stage == .chunk_size) return parser.readChunkSize(line);
        if (parser.stage == .chunk_end) {
            parser.stage = .chunk_size;
        } else if (line.len == 0) {
            parser.stage = .complete;
        } else if (colonIn(line) == 0) {
            // What a trailer says is checked and not heeded: it comes too late to frame or to route anything.
            return .bad_request;
        }
        return .ok;
    }

    fn readRequest(parser: *Parser, line: []const u8) Status {
        const form = " HTTP/0.0";
        if (line.len < form.len) return .bad_request;
        var target = line[0 .. line.len - form.len];
        const version = line[target.len..];
        const method = text.takeUntil(&target, ' ');
        if (!bytes.areAll(.token, method) or !bytes.areAll(.target, target)) return .bad_request;
        if (!hasForm(form, version)) return .bad_request;
        const major, const minor = .{ version[6], version[8] };
        if (major != '1') return .http_version_not_supported;
        parser.is_http_1_1 = minor != '0'; // later versions than 1.1 are answered as 1.1
        const index = text.indexIn(methods, method);
        if (index > @backingInt(Method.patch)) return .not_implemented;
        parser.method = @fromBackingInt(@intCast(index));
        parser.stage = .fields;
        return parser.findRoute(target);
    }

    fn findRoute(parser: *Parser, target: []const u8) Status {
        var path = target;
        if (path[0] != '/') {
            if (parser.method == .options and path.len == 1 and path[0] == '*') {
                parser.route = content.whole_server;
                return .ok;
            }
            // 3.2.2: a server accepts the absolute form.
            if (path.len < scheme.len or text.indexIn(schemes, path[0..scheme.len]) != 0) return .bad_request;
            path = path[scheme.len..];
            const authority = bytes.span(.host, path);
            path = path[authority..];
            if (path.len == 0) path = "/";
            if (authority == 0 or path[0] != '/') return .bad_request;
        }
        parser.route = content.route(parser.method, path);
        return .ok;
    }

    fn readField(parser: *Parser, line: []const u8) Status {
        const colon = colonIn(line);
        if (colon == 0) return .bad_request;
        const value = text.trim(line[colon + 1 ..]);
        const index = text.indexIn(names, line[0..colon]);
        if (index < singles_count) {
            if (parser.has[index]) return .bad_request;
            parser.has[index] = true;
        }
        const name: Name = @fromBackingInt(@intCast(index));
        switch (name) {
            .host => if (!bytes.areAll(.host, value)) return .bad_request,
            .content_length => {
                // Some readers take a number with a leading zero for an octal one.
                if (value.len > 1 and value[0] == '0') return .bad_request;
                const length = text.number(value, 10);
                if (length == text.none) return .bad_request;
                parser.left = @min(length, max_body + 1);
            },
            .content_type => {},
            .connection, .transfer_encoding => return parser.readList(name, value),
            .expect => {
                if (text.indexIn(expectations, value) != 0) return .expectation_failed;
                parser.expects_continue = true;
            },
            _ => content.heed(&parser.route, index - names_count, value),
        }
        return .ok;
    }

    /// Several fields make one list. The last coding must be the chunked one, or nobody knows where the body ends.
    fn readList(parser: *Parser, name: Name, value: []const u8) Status {
        if (name == .transfer_encoding and parser.coding == .none) parser.coding = .empty;
        var rest = value;
        while (rest.len > 0) {
            const written = text.takeItem(&rest);
            const item: Item = @fromBackingInt(@intCast(text.indexIn(items, written)));
            if (name == .connection) {
                if (item == .close) parser.closes = true;
                if (item == .keep_alive) parser.keeps_alive = true;
            } else if (written.len > 0) {
                if (parser.coding == .chunked) return .bad_request;
                parser.coding = if (item == .chunked and parser.coding == .empty) .chunked else .unknown;
            }
        }
        return .ok;
    }

    /// 3.2 and 6.3.
    fn endHead(parser: *Parser) Status {
        if (parser.is_http_1_1) {
            if (!parser.has[@backingInt(Name.host)]) return .bad_request;
        } else {
            if (parser.coding != .none) return .bad_request;
            parser.expects_continue = false; // RFC 9110, 15.2: no 1xx to a client of HTTP/1.0
        }
        if (parser.coding == .empty) return .bad_request;
        if (parser.coding != .none and parser.has[@backingInt(Name.content_length)]) return .bad_request;
        if (parser.coding == .unknown) return .not_implemented;
        const is_chunked = parser.coding == .chunked;
        if (parser.left > max_body or !takes_bodies and is_chunked) {
            return if (takes_bodies or parser.route.status == .ok) .content_too_large else parser.route.status;
        }
        parser.body = parser.at;
        parser.stage = .complete;
        if (takes_bodies and is_chunked) parser.stage = .chunk_size;
        if (takes_bodies and parser.left > 0) parser.stage = .body;
        return .ok;
    }

    noinline fn takeBody(parser: *Parser, input: []u8) void {
        const len: u32 = @intCast(@min(parser.left, input.len - parser.at));
        const end = parser.body + parser.body_len;
        if (end != parser.at) moveDown(input[end..][0..len], input[parser.at..][0..len]);
        parser.body_len += len;
        parser.at += len;
        parser.left -= len;
        if (parser.left == 0) parser.stage = if (parser.coding == .chunked) .chunk_end else .complete;
    }

    fn readChunkSize(parser: *Parser, line: []const u8) Status {
        const digits = bytes.span(.token, line);
        if (digits < line.len and !isExtension(line[digits..])) return .bad_request;
        const length = text.number(line[0..digits], 16);
        if (length == text.none) return .bad_request;
        if (length > max_body - parser.body_len) return .content_too_large;
        parser.left = @intCast(length);
        parser.stage = if (parser.left > 0) .body else .trailer;
        return .ok;
    }
};

/// Whether a text is the same as the form, but for any digits where that has zeros.
fn hasForm(form: []const u8, written: []const u8) bool {
    for (form, written) |wanted, byte| {
        if (byte != wanted and (wanted != '0' or !ascii.isDigit(byte))) return false;
    }
    return true;
}

/// Where the name of a field ends, or 0 where there is none.
fn colonIn(line: []const u8) usize {
    const colon = bytes.span(.token, line);
    return if (colon < line.len and line[colon] == ':') colon else 0;
}

/// Whether something like a chunk's extension, 7.1.1, is all that follows its size. Extensions are not heeded: what
/// counts is that one cannot be taken for anything else.
fn isExtension(line: []const u8) bool {
    const rest = text.skipBlanks(line);
    if (rest.len == 0 or rest[0] != ';') return false;
    const name = text.skipBlanks(rest[1..]);
    const end = bytes.span(.token, name);
    return end > 0 and (end == name.len or bytes.isBlank(name[end]) or name[end] == '=' or name[end] == ';');
}
