//! All but the program (main.zig): the kernels and what they stand on, compiled for speed.

const std = @import("std");
const builtin = @import("builtin");

pub const build_options = @import("build_options.zig"); // written by the recipe
pub const checksum = @import("checksum.zig").checksum;
pub const Isa = @import("isa.zig").Isa;
pub const rungs = @import("rungs.zig");
pub const main = @import("program").main;

/// Without safety checks nothing here panics. What std has to print the stack with would be 5 KB, and each thread would
/// have a second stack to do it on.
pub const panic = if (std.debug.runtime_safety) std.debug.FullPanic(std.debug.defaultPanic) else std.debug.no_panic;
pub const std_options: std.Options = if (std.debug.runtime_safety) .{} else .{ .signal_stack_size = null };
pub const std_options_debug_threaded_io: ?*std.Io.Threaded =
    if (std.debug.runtime_safety) std.Io.Threaded.global_single_threaded else null;

test {
    _ = @import("checksum.zig");
    _ = rungs;
    if (builtin.cpu.arch == .aarch64) _ = @import("levels.zig"); // of which it has one: the test's own
}
