//! Tests of what needs no socket: the parser above all. `fuzz.zig` looks for more.

const std = @import("std");
const testing = std.testing;
const isReadTheSame = @import("fuzz.zig").isReadTheSame;
const parser = @import("parser.zig");
const Parser = parser.Parser;
const Status = @import("status.zig").Status;

test {
    _ = @import("address.zig");
    _ = @import("bytes.zig");
    _ = @import("date.zig");
    _ = @import("matmul.zig");
    _ = @import("output.zig");
    _ = @import("text.zig");
}

const head = "POST /echo HTTP/1.1\r\nHost: a\r\n";
const chunked = head ++ "Transfer-Encoding: chunked\r\n\r\n";

/// What comes of one request: the status of the answer, or null where more is to come.
fn statusOf(text: []const u8) !?Status {
    var buffer: [2 * parser.max_input]u8 = undefined;
    const input = buffer[0..text.len];
    @memcpy(input, text);
    var request: Parser = .{};
    const refusal = request.advance(input);
    if (refusal != .ok) return refusal;
    try testing.expect(request.at <= input.len);
    return if (request.isComplete()) request.route.status else null;
}

fn expectStatus(expected: ?Status, text: []const u8) !void {
    errdefer std.debug.print("{s}\n", .{text});
    try testing.expectEqual(expected, try statusOf(text));
}

test "what is asked for" {
    const long: [parser.max_head]u8 = @splat('a');
    for ([_]struct { Status, []const u8 }{
        .{ .ok, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .ok, "\r\n\r\nHEAD /json?query HTTP/1.1\r\nhOST:\t[::1]:8080 \r\nX: \xff\r\n\r\n" },
        .{ .ok, "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .ok, "GET HTTP://a/healthz?/b HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .ok, "GET / HTTP/1.0\r\n\r\n" },
        .{ .ok, head ++ "Content-Length: 0\r\n\r\n" },
        .{ .ok, head ++ "Content-Length: 2\r\n\r\nab" },
        .{ .ok, chunked ++ "2;a=b\r\nab\r\n0\r\nX: y\r\n\r\n" },
        .{ .no_content, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .no_content, "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .not_found, "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .not_found, "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .method_not_allowed, "POST / HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .method_not_allowed, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .not_implemented, "get / HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ .not_implemented, head ++ "Transfer-Encoding: gzip, chunked\r\n\r\n" },
        .{ .not_implemented, long ++ "a" },
        .{ .http_version_not_supported, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
        .{ .uri_too_long, "GET /" ++ long },
        .{ .header_fields_too_large, "GET / HTTP/1.1\r\nX: " ++ long },
        .{ .header_fields_too_large, chunked ++ "0\r\nX: " ++ long },
        .{ .content_too_large, head ++ "Content-Length: 65537\r\n\r\n" },
        .{ .content_too_large, chunked ++ "10001\r\n" },
        .{ .expectation_failed, head ++ "Expect: a\r\n\r\n" },
    }) |case| try expectStatus(case[0], case[1]);
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
        "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        head ++ "Content-Length: +1\r\n\r\n",
        head ++ "Content-Length:\r\n\r\n",
        head ++ "Content-Length: 01\r\n\r\n",
        head ++ "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        head ++ "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        head ++ "Transfer-Encoding: chunked, gzip\r\n\r\n",
        head ++ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        head ++ "Transfer-Encoding:\r\n\r\n",
        head ++ "Content-Type: a\r\nContent-Type: a\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunked ++ "\r\n",
        chunked ++ "2 \r\n",
        chunked ++ "2;\r\n",
        chunked ++ "0x2\r\n",
        chunked ++ "2\r\nabc",
        chunked ++ "2\r\nab\n",
        chunked ++ "10000000000000002\r\n",
        chunked ++ "0\r\nX\r\n",
    }) |text| try expectStatus(.bad_request, text);
}

test "whether the connection goes on" {
    const cases = [_]struct { bool, []const u8 }{
        .{ true, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
        .{ true, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" },
        .{ true, head ++ "Content-Length: 2\r\n\r\nab" },
        .{ false, "GET / HTTP/1.0\r\n\r\n" },
        .{ false, "GET / HTTP/1.1\r\nHost: a\r\nConnection: x , Close\r\nConnection: keep-alive\r\n\r\n" },
    };
    for (cases) |case| {
        var buffer: [200]u8 = undefined;
        @memcpy(buffer[0..case[1].len], case[1]);
        var request: Parser = .{};
        try testing.expectEqual(.ok, request.advance(buffer[0..case[1].len]));
        try testing.expect(request.isComplete());
        try testing.expectEqual(case[0], request.persists());
    }
}

const corpus = [_][]const u8{
    "\r\nGET http://a/json?b HTTP/1.1\r\nHost: a\r\nConnection: close, b\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    head ++ "Content-Length: 10\r\nExpect: 100-continue\r\nContent-Type: a\r\n\r\n0123456789" ++ head ++ "\r\n",
    chunked ++ "5 ; a = \"b\\\"c\";d=e\r\n01234\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n" ++ head ++ "\r\n",
};

test "a request is complete at its last byte, wherever it is cut" {
    for (corpus) |text| for (0..text.len + 1) |cut| try testing.expect(isReadTheSame(text, cut));
}

test "no damage to a request trips a safety check, or is read otherwise for where it is cut" {
    var generator: std.Random.DefaultPrng = .init(1);
    const random = generator.random();
    for (0..20_000) |_| {
        const text = corpus[random.uintLessThan(usize, corpus.len)];
        var buffer: [400]u8 = undefined;
        const input = buffer[0..text.len];
        @memcpy(input, text);
        for (0..random.uintLessThan(usize, 4)) |_| {
            input[random.uintLessThan(usize, input.len)] = "\x00\t\r\n ,/:;?aA0\xff"[random.uintLessThan(usize, 14)];
        }
        try testing.expect(isReadTheSame(input, random.uintLessThan(usize, input.len)));
    }
}
