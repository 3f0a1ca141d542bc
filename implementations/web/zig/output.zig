//! Where answers are written, one after the other, until they leave in one system call.

const std = @import("std");
const dates = @import("date.zig");
const Date = dates.Date;

pub const Output = extern struct {
    end: usize = 0,
    /// How most answers of this second begin.
    ok_head: [ok_template.len]u8 = @splat(0),
    /// Whether the connection goes on after the answer that is written next.
    persists: bool = false,
    bytes: [size]u8 = undefined,

    pub const size = 72 * 1024;

    const ok_template = "HTTP/1.1 200 OK" ++ "\r\nDate: " ++ dates.blank ++ "\r\nConnection: " ++ "keep-alive\r\n";
    const shared_at = "HTTP/1.1 200 OK".len;
    const date_at = shared_at + "\r\nDate: ".len;
    const shared_len = "\r\nDate: ".len + @sizeOf(Date) + "\r\nConnection: ".len;

    /// Of this second, for every answer.
    pub fn date(output: *const Output) []const u8 {
        return output.ok_head[date_at..][0..@sizeOf(Date)];
    }

    /// What all heads of this second have between the status and whether the connection goes on.
    pub fn shared(output: *const Output) []const u8 {
        return output.ok_head[shared_at..][0..shared_len];
    }

    pub fn setDate(output: *Output, seconds: u64) void {
        output.ok_head = ok_template.*;
        dates.write(output.ok_head[date_at..][0..@sizeOf(Date)], seconds);
    }

    pub fn room(output: *const Output) usize {
        return size - output.end;
    }

    pub fn written(output: *const Output) []const u8 {
        return output.bytes[0..output.end];
    }

    /// The next bytes, for the caller to write.
    pub fn take(output: *Output, len: usize) []u8 {
        const bytes = output.bytes[output.end..][0..len];
        output.end += len;
        return bytes;
    }

    pub noinline fn put(output: *Output, text: []const u8) void {
        @memcpy(output.take(text.len), text);
    }

    /// A text that is known beforehand.
    pub noinline fn print(output: *Output, text: [*:0]const u8) void {
        output.put(std.mem.span(text));
    }

    pub fn putNumber(output: *Output, number: usize) void {
        var digits: [20]u8 = undefined;
        var begin = digits.len;
        var rest = number;
        while (true) {
            begin -= 1;
            digits[begin] = '0' + @as(u8, @intCast(rest % 10));
            rest /= 10;
            if (rest == 0) break;
        }
        output.put(digits[begin..]);
    }
};

test Output {
    var output: Output = .{};
    output.put("a");
    output.putNumber(0);
    output.putNumber(65536);
    output.take(1)[0] = 'b';
    try std.testing.expectEqualStrings("a065536b", output.written());
    try std.testing.expectEqual(Output.size - 8, output.room());
}
