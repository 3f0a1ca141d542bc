//! What compilers expect to find under these names, in a few bytes each: no C library is there to have them.

const builtin = @import("builtin");

comptime {
    if (!builtin.is_test) {
        @export(&copy, .{ .name = "memcpy" });
        @export(&move, .{ .name = "memmove" });
        @export(&fill, .{ .name = "memset" });
        @export(&length, .{ .name = "strlen" });
    }
}

fn copy(noalias to: [*]u8, noalias from: [*]const u8, len: usize) callconv(.c) [*]u8 {
    forward(to, from, len);
    return to;
}

fn move(to: [*]u8, from: [*]const u8, len: usize) callconv(.c) [*]u8 {
    @setRuntimeSafety(false);
    // Below what is moved, or beyond its end; the difference wraps around.
    if (@intFromPtr(to) -% @intFromPtr(from) >= len) {
        forward(to, from, len);
    } else {
        var index = len;
        while (index > 0) {
            index -= 1;
            to[index] = from[index];
            asm volatile (""); // or the compiler finds a call of memmove in this
        }
    }
    return to;
}

inline fn forward(to: [*]u8, from: [*]const u8, len: usize) void {
    @setRuntimeSafety(false);
    if (builtin.cpu.arch == .x86_64) {
        var to_end, var from_end, var left = .{ to, from, len };
        asm volatile ("rep movsb"
            : [to] "+{rdi}" (to_end),
              [from] "+{rsi}" (from_end),
              [left] "+{rcx}" (left),
            :
            : .{ .memory = true });
        return;
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
