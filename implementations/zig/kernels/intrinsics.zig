//! Blocks are packed in the order in which they are read, sized for each cache, and a tile of C stays in vector
//! registers: the multiply-adds wait neither for memory nor for one another.

const std = @import("std");
const team = @import("../team.zig");
const pack = @import("../pack.zig");
const Caches = @import("../caches.zig").Caches;
const Isa = @import("../isa.zig").Isa;

/// A tile of C: its sums, a row of B and an entry of A take all the vector registers, 32 (AVX2: 16).
const Tile = struct {
    lanes: usize,
    rows: usize,
    vectors: usize,

    fn of(isa: Isa) Tile {
        return switch (isa) {
            .avx512 => .{ .lanes = 8, .rows = 8, .vectors = 3 },
            .avx2 => .{ .lanes = 4, .rows = 6, .vectors = 2 },
            .neon => .{ .lanes = 2, .rows = 8, .vectors = 3 },
            .baseline => unreachable,
        };
    }
};
const tile: Tile = .of(Isa.compiled);
const columns = tile.lanes * tile.vectors;
const Vector = @Vector(tile.lanes, f64);

/// What the threads share. Blocks are of `mc` rows, `nc` columns and `kc` products.
const Work = extern struct {
    c: [*]f64,
    a: [*]const f64,
    b: [*]const f64,
    rows: usize,
    n: usize,
    threads: usize,
    mc: usize,
    nc: usize,
    kc: usize,
    packed_a: [*]f64,
    packed_b: [*]f64,
    all_packed: team.Barrier,
};

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize, isa: Isa) !void {
    const shape: Tile = .of(isa);
    const caches: Caches = .find();
    const rows = c.len / n;
    // A strip of A stays in the first cache, a block of A in the second, and one of B in the third.
    const kc = pack.evenly(n, @min(512, caches.l1 * 3 / 4 / (@sizeOf(f64) * shape.rows)), 1);
    const mc = pack.evenly((rows + threads - 1) / threads, caches.l2 * 3 / 4 / (@sizeOf(f64) * kc), shape.rows);
    const nc = pack.evenly(n, caches.l3 / 2 / (@sizeOf(f64) * kc), shape.lanes * shape.vectors);

    const buffer = try pack.memory((2 * nc + threads * mc) * kc);
    var work: Work = .{
        .c = c.ptr,
        .a = a.ptr,
        .b = b.ptr,
        .rows = rows,
        .n = n,
        .threads = threads,
        .mc = mc,
        .nc = nc,
        .kc = kc,
        .packed_a = buffer + 2 * nc * kc,
        .packed_b = buffer,
        .all_packed = .init(threads),
    };
    try team.run(threads, multiplyShare, .{ isa.function(@TypeOf(share), "intrinsics", Isa.explicit), &work });
}

fn multiplyShare(compiled: *const @TypeOf(share), w: *Work, me: usize) void {
    compiled(w, me);
}

/// One thread's rows of C. levels.zig compiles this for every level of the CPU.
pub fn share(w: *Work, me: usize) callconv(.c) void {
    const tiles = (w.rows + tile.rows - 1) / tile.rows;
    const first = tiles * me / w.threads * tile.rows;
    const end = @min(w.rows, tiles * (me + 1) / w.threads * tile.rows);
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
            const high, const wide = .{ @min(tile.rows, height - i), @min(columns, width - j) };
            const a_strip, const b_strip = .{ a + i * depth, b + j * depth };
            multiplyTile(c + i * n + j, n, @ptrCast(a_strip), @ptrCast(@alignCast(b_strip)), depth, high, wide);
        }
    }
}

inline fn multiplyTile(
    c: [*]f64,
    n: usize,
    a: [*]const [tile.rows]f64,
    b: [*]const [tile.vectors]Vector,
    depth: usize,
    height: usize,
    width: usize,
) void {
    for (0..height) |r| { // on its way while the sums are made
        inline for (0..tile.vectors) |v| @prefetch(c + r * n + v * tile.lanes, .{ .rw = .write });
    }
    var sums: [tile.rows][tile.vectors]Vector = @splat(@splat(@splat(0)));
    for (0..depth) |k| {
        inline for (0..tile.rows) |r| {
            const entry: Vector = @splat(a[k][r]);
            inline for (0..tile.vectors) |v| sums[r][v] = @mulAdd(Vector, entry, b[k][v], sums[r][v]);
        }
    }
    if (height == tile.rows and width == columns) {
        inline for (0..tile.rows) |r| {
            inline for (0..tile.vectors) |v| {
                const entries = c[r * n + v * tile.lanes ..][0..tile.lanes];
                entries.* = @as(Vector, entries.*) + sums[r][v];
            }
        }
    } else {
        const entries: [tile.rows][columns]f64 = @bitCast(sums);
        for (0..height) |r| {
            for (0..width) |s| c[r * n + s] += entries[r][s];
        }
    }
}
