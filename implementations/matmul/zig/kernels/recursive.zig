//! Divide and conquer: blocks are halved until they fit into cache, however large it is, and serve many times there.

const Blocks = @import("../blocks.zig").Blocks;
const divide = @import("../recursion.zig").divide;

/// As published; in a sweep from 16 to 256 no size beat another beyond noise.
const base_size = 32;

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize) !void {
    try divide(.all(c, a, b, n), base_size, multiplyBase, threads);
}

fn multiplyBase(blocks: *const Blocks) callconv(.c) void {
    const m = blocks.*; // for all that the compiler knows, writing to C might change what is behind the pointer
    for (0..m.rows) |i| {
        for (0..m.depth) |k| {
            for (0..m.columns) |j| {
                m.c[i * m.stride + j] += m.a[i * m.stride + k] * m.b[k * m.stride + j];
            }
        }
    }
}
