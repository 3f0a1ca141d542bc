//! What the heads of all answers have.

const text = @import("text.zig");
const Output = @import("output.zig").Output;
const Status = @import("status.zig").Status;

pub const plain = "text/plain; charset=utf-8";

/// Writes the status line and the fields that every answer has. Returns the status as a line of text.
pub noinline fn begin(output: *Output, status: Status) []const u8 {
    var lines: []const u8 = Status.lines;
    for (0..@backingInt(status)) |_| _ = text.takeUntil(&lines, '\n');
    const whole = lines;
    const title = text.takeUntil(&lines, '\n');
    output.put("HTTP/1.1 ");
    output.put(title);
    output.put("\r\nDate: ");
    output.put(output.date());
    output.put(if (output.persists) "\r\nConnection: keep-alive\r\n" else "\r\nConnection: close\r\n");
    return whole[0 .. title.len + 1];
}

pub noinline fn describe(output: *Output, media: []const u8, length: usize) void {
    output.put("Content-Type: ");
    output.put(media);
    output.put("\r\n");
    end(output, length);
}

/// Writes the last field, and the end of the head.
pub noinline fn end(output: *Output, length: usize) void {
    output.put("Content-Length: ");
    output.putNumber(length);
    output.put("\r\n\r\n");
}
