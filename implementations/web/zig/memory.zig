//! What compilers expect to find under these names, in a few bytes each: no C library is there to have them.

const builtin = @import("builtin");

comptime {
    if (!builtin.is_test) {
        @export(&copy, .{ .name = "memcpy" });
        @export(&fill, .{ .name = "memset" });
        @export(&length, .{ .name = "strlen" });
    }
}

/// Moves bytes to where they begin earlier, or to somewhere else.
pub fn moveDown(to: []u8, from: []const u8) void {
    _ = copy(to.ptr, from.ptr, from.len);
}

fn copy(to: [*]u8, from: [*]const u8, len: usize) callconv(.c) [*]u8 {
    @setRuntimeSafety(false);
    if (builtin.cpu.arch == .x86_64) {
        var to_end, var from_end, var left = .{ to, from, len };
        asm volatile ("rep movsb"
            : [to] "+{rdi}" (to_end),
              [from] "+{rsi}" (from_end),
              [left] "+{rcx}" (left),
            :
            : .{ .memory = true });
        return to;
    }
    var index: usize = 0;
    while (index + 8 <= len) : (index += 8) {
        to[index..][0..8].* = from[index..][0..8].*;
        asm volatile ("");
    }
    while (index < len) : (index += 1) {
        to[index] = from[index];
        asm volatile ("");
    }
    return to;
}

fn fill(to: [*]u8, byte: u8, len: usize) callconv(.c) [*]u8 {
    @setRuntimeSafety(false);
    for (to[0..len]) |*place| {
        place.* = byte;
        asm volatile ("");
    }
    return to;
}

fn length(text: [*:0]const u8) callconv(.c) usize {
    @setRuntimeSafety(false);
    var len: usize = 0;
    while (text[len] != 0) : (len += 1) asm volatile ("");
    return len;
}
