//! Blocks are packed in the order in which they are read, sized for each cache, and a tile of C stays in vector
//! registers: the multiply-adds wait neither for memory nor for one another.

const std = @import("std");
const team = @import("../team.zig");
const pack = @import("../pack.zig");
const Caches = @import("program").Caches;
const Isa = @import("../isa.zig").Isa;
const adds = @import("../tile.zig").adds;
const Strided = @import("../tile.zig").Strided;
const Tile = @import("../tile.zig").Tile;

const tile: Tile = .of(Isa.compiled);
const columns = tile.lanes * tile.vectors;
const flop_a_thread = 1 << 22; // multiplications that take twice as long as starting one

/// What the threads share. Blocks are of `mc` rows, `nc` columns and `kc` products; none where nothing is packed.
const Work = extern struct {
    c: [*]f64,
    a: [*]const f64,
    b: [*]const f64,
    rows: usize,
    n: usize,
    threads: usize,
    mc: usize = 0,
    nc: usize = 0,
    kc: usize = 0,
    packed_a: [*]f64 = undefined,
    packed_b: [*]f64 = undefined,
    all_packed: team.Barrier,
};

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize, isa: Isa) !void {
    const shape: Tile = .of(isa);
    const caches: Caches = .find();
    const rows = c.len / n;
    const members = @min(threads, 1 + n * n * rows / flop_a_thread);
    var work: Work = .{
        .c = c.ptr,
        .a = a.ptr,
        .b = b.ptr,
        .rows = rows,
        .n = n,
        .threads = members,
        .all_packed = .init(members),
    };
    if (n * n * @sizeOf(f64) > caches.l2 / 2 or rows < shape.rows or n < shape.lanes) {
        // A strip of A stays in the first cache, a block of A in the second, and one of B in the third.
        work.kc = pack.evenly(n, @min(512, caches.l1 * 3 / 4 / (@sizeOf(f64) * shape.rows)), 1);
        const most_rows = caches.l2 * 3 / 4 / (@sizeOf(f64) * work.kc);
        work.mc = pack.evenly((rows + members - 1) / members, most_rows, shape.rows);
        work.nc = pack.evenly(n, caches.l3 / 2 / (@sizeOf(f64) * work.kc), shape.lanes * shape.vectors);
        work.packed_b = try pack.memory((2 * work.nc + members * work.mc) * work.kc);
        work.packed_a = work.packed_b + 2 * work.nc * work.kc;
    }
    try team.run(members, multiplyShare, .{ isa.function(@TypeOf(share), "intrinsics", Isa.explicit), &work });
}

fn multiplyShare(compiled: *const @TypeOf(share), w: *Work, me: usize) void {
    compiled(w, me);
}

/// One thread's rows of C. levels.zig compiles this for every level of the CPU.
pub fn share(w: *Work, me: usize) callconv(.c) void {
    const tiles = (w.rows + tile.rows - 1) / tile.rows;
    const first = tiles * me / w.threads * tile.rows;
    const end = @min(w.rows, tiles * (me + 1) / w.threads * tile.rows);
    if (w.kc == 0) return multiplyInPlace(w, first, end);
    const a = w.packed_a + me * w.mc * w.kc;
    var turn: usize = 0;
    var j: usize = 0;
    while (j < w.n) : (j += w.nc) {
        const width = @min(w.nc, w.n - j);
        var k: usize = 0;
        while (k < w.n) : (k += w.kc) {
            const depth = @min(w.kc, w.n - k);
            // Two blocks in turn: others may still read the last one, but before that barrier all left this one.
            const b = w.packed_b + turn * w.nc * w.kc;
            turn = 1 - turn;
            pack.rowStrips(columns, b, w.b + k * w.n + j, w.n, width, depth, me, w.threads);
            w.all_packed.wait();
            var i = first;
            while (i < end) : (i += w.mc) {
                const height = @min(w.mc, end - i);
                pack.columnStrips(tile.rows, a, w.a + i * w.n + k, w.n, height, depth);
                multiplyBlock(w.c + i * w.n + j, w.n, a, b, height, width, depth);
            }
        }
    }
}

fn multiplyBlock(c: [*]f64, n: usize, a: [*]const f64, b: [*]const f64, height: usize, width: usize, depth: usize) void {
    var j: usize = 0;
    while (j < width) : (j += columns) {
        var i: usize = 0;
        while (i < height) : (i += tile.rows) {
            const a_strip: Strided = .{ .at = a + i * depth, .row = 1, .step = tile.rows };
            const b_strip: Strided = .{ .at = b + j * depth, .row = columns };
            const to, const high, const wide = .{ c + i * n + j, @min(tile.rows, height - i), @min(columns, width - j) };
            tile.prefetch(to, n, high);
            addPart(0, tile.vectors, to, n, a_strip, b_strip, depth, 0, high, 0, wide);
        }
    }
}

/// A small B stays near by itself and is worth no copies. A tile that would leave C is moved back into it.
fn multiplyInPlace(w: *const Work, first: usize, end: usize) void {
    const n = w.n;
    var j: usize = 0;
    while (j < n) {
        const vectors = std.math.clamp((n - j) / tile.lanes, 1, tile.vectors);
        const width = vectors * tile.lanes;
        const left = @min(j, n - width);
        var i = first;
        while (i < end) : (i += tile.rows) {
            const halves: usize = if (w.rows - i <= tile.rows / 2) 1 else 0;
            const rows = tile.rows >> @intCast(halves);
            const top = @min(i, w.rows - rows);
            const a: Strided, const b: Strided = .{ .{ .at = w.a + top * n, .row = n }, .{ .at = w.b + left, .row = n } };
            addPart(halves, vectors, w.c + top * n + left, n, a, b, n, i - top, rows, j - left, width);
        }
        j += width;
    }
}

/// Adds to the rows from `top` to `bottom` and the columns from `left` to `right` of a tile: the others are not ours.
noinline fn addPart(
    halves: usize,
    vectors: usize,
    c: [*]f64,
    n: usize,
    a: Strided,
    b: Strided,
    depth: usize,
    top: usize,
    bottom: usize,
    left: usize,
    right: usize,
) void {
    const add = adds[halves][vectors - 1];
    const height, const width = .{ tile.rows >> @intCast(halves), vectors * tile.lanes };
    if (bottom - top == height and right - left == width) return add(c, n, a, b, depth);
    var sums: [tile.rows * columns]f64 align(64) = undefined;
    @memset(sums[0 .. height * width], 0);
    add(&sums, width, a, b, depth);
    for (top..bottom) |r| {
        for (c[r * n + left .. r * n + right], sums[r * width + left ..][0 .. right - left]) |*to, sum| to.* += sum;
    }
}
