//! What the service answers: its paths, and the text of every answer.

const std = @import("std");
const matmul = @import("matmul.zig");
const text = @import("text.zig");
const begin = @import("head.zig").begin;
const describe = @import("head.zig").describe;
const plain = @import("head.zig").plain;
const Date = @import("date.zig").Date;
const Output = @import("output.zig").Output;
const Parser = @import("parser.zig").Parser;
const Method = @import("parser.zig").Method;
const Status = @import("status.zig").Status;

const page = @embedFile("index.html");
const page_head = std.fmt.comptimePrint(
    "Content-Type: text/html; charset=utf-8\r\nContent-Length: {d}\r\n\r\n",
    .{page.len},
);
const page_answer = page_head ++ page;
const json_begin = "{\"message\":\"Hello, World!\",\"date\":\"";
const json = json_begin ++ @import("date.zig").blank ++ "\"}";
const octets = "application/octet-stream";

pub const max_body = 64 * 1024;
/// What the kernel may hold of answers on one connection (it doubles the figure for its own use).
pub const send_buffer_size = 32 * 1024;
/// More than any answer has besides the body of its request.
pub const max_answer = page.len + 256;

/// None beside those that every service knows.
pub const more_names = "";
pub const more_statuses = "";
/// Every answer is written at once.
pub const Tail = void;
pub const no_tail = {};

pub fn start() void {}

const paths = text.words(' ', "/ /json /healthz /echo /matmul");
const Resource = enum(u8) { page, json, healthz, echo, matmul, none, server };

/// Where a request leads: known from its first line on.
pub const Route = struct {
    resource: Resource = .page,
    status: Status = .ok,
    /// Of the matrices of `/matmul?n=`; 0 is none that is served.
    n: u8 = 0,
};

/// Of `OPTIONS *`.
pub const whole_server: Route = .{ .resource = .server, .status = .no_content };

pub fn route(method: Method, target: []const u8) Route {
    var query = target;
    const path = text.takeUntil(&query, '?');
    const resource: Resource = @fromBackingInt(@intCast(text.indexIn(paths, path)));
    const wanted: Method = if (takesBody(resource)) .post else .get;
    return .{
        .resource = resource,
        .n = sizeIn(query),
        .status = if (resource == .none)
            .not_found
        else if (method == wanted or method == .head and wanted == .get)
            .ok
        else if (method == .options)
            .no_content
        else
            .method_not_allowed,
    };
}

/// Nothing that a route depends on is in a field.
pub fn heed(_: *Route, _: usize, _: []const u8) void {}

fn takesBody(resource: Resource) bool {
    return resource == .echo or resource == .matmul;
}

fn sizeIn(query: []const u8) u8 {
    if (query.len < 2 or query[0] != 'n' or query[1] != '=') return 0;
    const n = text.number(query[2..], 10);
    return if (n <= matmul.max_n) @intCast(n) else 0;
}

/// Writes an answer to a request: of the status that was asked for, which is `ok` only for a complete request with its
/// body, or of what is wrong with that.
pub noinline fn answer(output: *Output, asked: Status, request: *const Parser, body: []const u8) void {
    const found = &request.route;
    const resource = found.resource;
    const status = if (asked == .ok) statusOf(found, body.len) else asked;
    const title = begin(output, status);
    if (status == .method_not_allowed or status == .no_content) output.print(if (resource == .server)
        "Allow: GET, HEAD, POST\r\n"
    else if (takesBody(resource))
        "Allow: POST\r\n"
    else
        "Allow: GET, HEAD\r\n");
    if (status == .no_content) return output.print("\r\n");
    var media: [*:0]const u8 = plain;
    var entity = title;
    if (status == .ok) {
        media = octets;
        entity = body;
        if (resource == .page) {
            const len = if (request.method == .head) page_head.len else page_answer.len;
            return output.put(page_answer[0..len]);
        }
        if (resource == .matmul) entity = body[0 .. body.len / 2];
        if (resource == .json) {
            media = "application/json";
            entity = json;
        }
        if (resource == .healthz) {
            media = plain;
            entity = "ok\n";
        }
    }
    describe(output, media, entity.len);
    if (request.method == .head) return;
    const written = output.take(entity.len);
    if (status == .ok and resource == .matmul) return matmul.multiply(written, body, found.n);
    @memcpy(written, entity);
    if (status == .ok and resource == .json) @memcpy(written[json_begin.len..][0..@sizeOf(Date)], output.date());
}

/// Whether the body is what its route takes.
noinline fn statusOf(found: *const Route, body_len: usize) Status {
    const n: usize = found.n;
    return if (found.resource == .matmul and (n == 0 or body_len != 16 * n * n)) .bad_request else .ok;
}
