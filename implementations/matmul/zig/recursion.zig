//! The recursion of `recursive` and `vectorized`: as published, eight products of half the size, in two phases.

const std = @import("std");
const team = @import("team.zig");
const Blocks = @import("blocks.zig").Blocks;

/// Adds a product of blocks by dividing them down to `small`, where `base` takes over.
pub fn divide(blocks: Blocks, small: usize, base: Blocks.Base, threads: usize) !void {
    var work: Work = .{ .blocks = blocks, .small = small, .base = base, .phase_done = .init(threads) };
    while (threads > 1 and work.phases * work.phases < 8 * threads and blocks.depth / work.phases > small) work.phases *= 2;
    try team.run(threads, takeProducts, .{&work});
}

/// What the threads share: the topmost levels of the division at once, two phases each. In a phase C is in as many rows
/// and columns of blocks as there are phases in all.
const Work = struct {
    blocks: Blocks,
    small: usize,
    base: Blocks.Base,
    phases: usize = 1,
    /// The first product that nobody has taken.
    next: std.atomic.Value(usize) = .init(0),
    phase_done: team.Barrier,
};

fn takeProducts(work: *Work, _: usize) void {
    const phases = work.phases;
    var taken = work.next.fetchAdd(1, .monotonic);
    for (0..phases) |phase| {
        while (taken / (phases * phases) == phase) : (taken = work.next.fetchAdd(1, .monotonic)) {
            var product = work.blocks;
            var level: usize = 1;
            while (level < phases) : (level *= 2) {
                product = product.part(half(taken / phases, level), half(taken, level), half(phase, level));
            }
            multiplyBlocks(&product, work.small, work.base);
        }
        work.phase_done.wait(); // the next one adds to the same blocks of C
    }
}

fn half(index: usize, level: usize) u1 {
    return @intFromBool(index & level != 0);
}

/// All four quarters of C, which need nothing of one another, get half of their sums, and then the other half.
fn multiplyBlocks(blocks: *const Blocks, small: usize, base: Blocks.Base) void {
    if (@max(blocks.rows, blocks.columns, blocks.depth) <= small) return base(blocks);
    for ([_]u1{ 0, 1 }) |k| {
        for ([_]u1{ 0, 0, 1, 1 }, [_]u1{ 0, 1, 0, 1 }) |i, j| multiplyBlocks(&blocks.part(i, j, k), small, base);
    }
}
