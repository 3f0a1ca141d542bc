//! The parser under libFuzzer: no input may trip a safety check, or be read otherwise for where it is cut.

const std = @import("std");
const expectTheSame = @import("tests.zig").expectTheSame;
const max_text = @import("tests.zig").max_text;

/// The first two bytes say where the rest is cut.
pub export fn LLVMFuzzerTestOneInput(data: [*]const u8, size: usize) c_int {
    if (size < 3 or size - 2 > max_text) return -1;
    const text = data[2..size];
    const cut = std.mem.readInt(u16, data[0..2], .little) % (text.len + 1);
    expectTheSame(text, cut) catch std.process.abort();
    return 0;
}
