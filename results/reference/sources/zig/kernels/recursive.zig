//! Divide and conquer: blocks are halved until they fit into cache, however large it is, and serve many times there.

const Blocks = @import("../blocks.zig").Blocks;
const Pool = @import("../pool.zig").Pool;

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

/// Adds a product of blocks by dividing them down to `small`, where `base` takes over.
pub fn divide(blocks: Blocks, small: usize, base: Blocks.Base, threads: usize) !void {
    var grain = blocks.depth; // halved until the products of a phase are a few for every thread
    var tasks: usize = 1;
    while (threads > 1 and tasks < 8 * threads) : (tasks *= 4) grain /= 2;
    try Pool(Product).run(.{ .blocks = blocks, .small = small, .base = base, .grain = grain }, threads);
}

const Product = struct {
    blocks: Blocks,
    small: usize,
    base: Blocks.Base,
    grain: usize,

    /// All four quarters of C, which need nothing of one another, get half of their sums, and then the other half.
    pub fn run(whole: Product, pool: *Pool(Product)) void {
        const size = @max(whole.blocks.rows, whole.blocks.columns, whole.blocks.depth);
        if (size <= whole.small) return whole.base(&whole.blocks);
        for ([_]u1{ 0, 1 }) |k| {
            var quarters: [4]Product = @splat(whole);
            for (&quarters, [_]u1{ 0, 0, 1, 1 }, [_]u1{ 0, 1, 0, 1 }) |*quarter, i, j| {
                quarter.blocks = whole.blocks.part(i, j, k);
            }
            if (size > whole.grain) pool.runAll(4, quarters) else for (quarters) |quarter| quarter.run(pool);
        }
    }
};
