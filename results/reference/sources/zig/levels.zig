//! What the kernels compute on vectors with: compiled once for every level of the CPU, into one object each.

const std = @import("std");
const Isa = @import("isa.zig").Isa;

comptime {
    const level = @tagName(Isa.compiled);
    @export(&@import("kernels/vectorized.zig").base, .{ .name = "vectorized_" ++ level });
    if (std.mem.findScalar(Isa, Isa.explicit, Isa.compiled) != null)
        @export(&@import("kernels/intrinsics.zig").share, .{ .name = "intrinsics_" ++ level });
}
