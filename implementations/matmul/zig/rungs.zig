//! The rungs this implementation holds, and what a fair reader must know of each.

const std = @import("std");
const builtin = @import("builtin");
const build_options = @import("build_options.zig"); // written by the recipe
const Isa = @import("isa.zig").Isa;

/// All that this program holds, in the order of the ladder. OpenBLAS has a program of its own, for its weight.
pub const all = if (build_options.library != null) [_]Rung{
    .{
        .name = "library",
        .loop_order = "library",
        .kernel = .{ .all = @import("kernels/library.zig").multiply },
        .path = @import("kernels/library.zig").path,
    },
} else [_]Rung{
    .{ .name = "naive", .loop_order = "ijk", .kernel = .{ .one = @import("kernels/naive.zig").multiply } },
    .{ .name = "interchanged", .loop_order = "ikj", .kernel = .{ .one = @import("kernels/interchanged.zig").multiply } },
    .{ .name = "parallel", .loop_order = "ijk", .kernel = .{ .all = @import("kernels/parallel.zig").multiply } },
    .{ .name = "recursive", .loop_order = "recursive", .kernel = .{ .all = @import("kernels/recursive.zig").multiply } },
    .{
        .name = "vectorized",
        .loop_order = "recursive",
        .kernel = .{ .levels = @import("kernels/vectorized.zig").multiply },
        .float_mode = @import("kernels/vectorized.zig").float_mode,
        .levels = Isa.all,
    },
    .{
        .name = "intrinsics",
        .loop_order = "packed",
        .kernel = .{ .levels = @import("kernels/intrinsics.zig").multiply },
        .instruction_set = if (builtin.cpu.arch == .x86_64) "x86-64-v3" else baseline,
        .levels = Isa.explicit,
    },
};

/// The rung called `name`, if there is one.
pub fn find(name: []const u8) ?*const Rung {
    for (&all) |*rung| {
        if (std.mem.eql(u8, rung.name, name)) return rung;
    }
    return null;
}

/// A kernel, and the facts about it that the compiler cannot tell.
pub const Rung = struct {
    name: []const u8,
    loop_order: []const u8,
    kernel: Kernel,
    /// A kernel that sets another mode has it in a public constant, which its line in the table repeats.
    float_mode: std.builtin.FloatMode = .strict,
    /// What it needs at the least.
    instruction_set: []const u8 = baseline,
    /// Of a kernel compiled for several levels of the CPU, those that it has, the best first.
    levels: []const Isa = &.{},

    /// Tells which path a library chooses.
    path: ?*const fn () [*:0]const u8 = null,

    /// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
    pub fn multiply(rung: Rung, c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize, isa: Isa) !void {
        switch (rung.kernel) {
            .one => |kernel| kernel(c, a, b, n),
            .all => |kernel| try kernel(c, a, b, n, threads),
            .levels => |kernel| try kernel(c, a, b, n, threads, isa),
        }
    }
};

/// A kernel for one thread, for all the threads it is given, or for those and for a level of the CPU.
pub const Kernel = union(enum) {
    one: *const fn (c: []f64, a: []const f64, b: []const f64, n: usize) void,
    all: *const fn (c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize) anyerror!void,
    levels: *const fn (c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize, isa: Isa) anyerror!void,
};

const baseline = switch (builtin.cpu.arch) {
    .x86_64 => "x86-64",
    else => |arch| @tagName(arch),
};

test "every rung computes the product, whatever the shape and the threads" {
    const gpa = std.testing.allocator;
    // A tile has 4, 6 or 8 rows and 4, 6, 8 or 24 columns; beyond 256, bases and blocks are several.
    const sizes = [_]usize{ 1, 2, 3, 7, 8, 9, 17, 23, 24, 25, 50, 63, 64, 65, 130, 257 };
    const emulated = std.testing.environ.getPosix("EMULATED") != null;
    for (sizes) |n| {
        if (emulated and n > 130) continue; // takes too long
        const a = try gpa.alloc(f64, n * n);
        defer gpa.free(a);
        const b = try gpa.alloc(f64, n * n);
        defer gpa.free(b);
        for (a, b, 0..) |*x, *y, at| { // no two rows or columns alike, at no n
            x.* = @as(f64, @floatFromInt((at * 7 + at / n * 5) % 64)) - 32;
            y.* = @as(f64, @floatFromInt((at * 11 + at / n * 3) % 64)) - 32;
        }

        const product = try gpa.alloc(f64, n * n);
        defer gpa.free(product);
        for (product, 0..) |*dot, at| {
            dot.* = 1; // what C holds before
            for (0..n) |k| dot.* += a[at / n * n + k] * b[k * n + at % n];
        }

        const c = try gpa.alloc(f64, n * n);
        defer gpa.free(c);
        for (all) |rung| for (if (rung.levels.len > 0) rung.levels else &[_]Isa{.baseline}) |isa| {
            if (rung.levels.len > 0 and Isa.choose(rung.levels, isa) == null) { // not this CPU
                try std.testing.expect(!emulated or isa == .avx512); // all that the emulator lacks
                continue;
            }
            const many = if (emulated) 2 else n + 1;
            for ([_]usize{ 1, 3, many }) |threads| for ([_]usize{ 1, (n + 1) / 2, n }) |rows| {
                const cells = rows * n;
                @memset(c[0..cells], 1);
                try rung.multiply(c[0..cells], a[0..cells], b, n, threads, isa);
                try std.testing.expectEqualSlices(f64, product[0..cells], c[0..cells]);
            };
        };
    }
}
