//! What the heads of all answers have.

const text = @import("text.zig");
const Output = @import("output.zig").Output;
const Status = @import("status.zig").Status;

pub const plain = "text/plain; charset=utf-8";

/// Writes the status line and the fields that every answer has. Returns the status as text.
pub fn begin(output: *Output, status: Status) []const u8 {
    const title = text.wordAt(Status.lines, @backingInt(status));
    if (status == .ok and output.persists) {
        output.put(&output.ok_head);
        return title;
    }
    output.print("HTTP/1.1 ");
    output.put(title);
    output.put(output.shared());
    output.print(if (output.persists) "keep-alive\r\n" else "close\r\n");
    return title;
}

pub fn describe(output: *Output, media: [*:0]const u8, length: usize) void {
    output.print("Content-Type: ");
    output.print(media);
    output.print("\r\n");
    end(output, length);
}

/// Writes the last field, and the end of the head.
pub fn end(output: *Output, length: usize) void {
    output.print("Content-Length: ");
    output.putNumber(length);
    output.print("\r\n\r\n");
}
