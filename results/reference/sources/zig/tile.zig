//! The innermost kernel: adds to a tile of C, whose sums stay in vector registers, rows of A times columns of B.

const Isa = @import("isa.zig").Isa;

/// A tile's sums, a row of B and an entry of A take all the vector registers, 32 (AVX2: 16).
pub const Tile = struct {
    lanes: usize,
    rows: usize,
    vectors: usize,

    pub fn of(isa: Isa) Tile {
        return switch (isa) {
            .avx512 => .{ .lanes = 8, .rows = 8, .vectors = 3 },
            .avx2 => .{ .lanes = 4, .rows = 6, .vectors = 2 },
            .neon => .{ .lanes = 2, .rows = 8, .vectors = 3 },
            .baseline => unreachable,
        };
    }

    /// Has rows of C on their way while the sums are made. In a small product they are near, and asking takes time.
    pub inline fn prefetch(comptime tile: Tile, c: [*]f64, stride: usize, rows: usize) void {
        for (0..rows) |r| {
            inline for (0..tile.vectors) |v| @prefetch(c + r * stride + v * tile.lanes, .{ .rw = .write });
        }
    }
};

/// A block of A or B as it is walked: `row` from row to row, `step` along a row.
pub const Strided = struct { at: [*]const f64, row: usize, step: usize = 1 };

const here: Tile = .of(Isa.compiled);
const Vector = @Vector(here.lanes, f64);

/// Adds to a tile of C, whose rows are `stride` apart, `depth` columns of A times rows of B.
pub const Add = *const fn (c: [*]f64, stride: usize, a: Strided, b: Strided, depth: usize) void;

/// For all rows of a tile and for half of them; in each for one vector in a row and for more.
pub const adds: [2][here.vectors]Add = blk: {
    var all: [2][here.vectors]Add = undefined;
    for (&all, [_]usize{ here.rows, here.rows / 2 }) |*some, rows| {
        for (some, 1..) |*one, vectors| one.* = Of(rows, vectors).add;
    }
    break :blk all;
};

fn Of(comptime rows: usize, comptime vectors: usize) type {
    return struct {
        fn add(c: [*]f64, stride: usize, a: Strided, b: Strided, depth: usize) void {
            var sums: [rows][vectors]Vector = @splat(@splat(@splat(0)));
            for (0..depth) |k| {
                var factors: [vectors]Vector = undefined;
                inline for (0..vectors) |v| factors[v] = b.at[k * b.row + v * here.lanes ..][0..here.lanes].*;
                inline for (0..rows) |r| {
                    const entry: Vector = @splat(a.at[r * a.row + k * a.step]);
                    inline for (0..vectors) |v| sums[r][v] = @mulAdd(Vector, entry, factors[v], sums[r][v]);
                }
            }
            inline for (0..rows) |r| {
                inline for (0..vectors) |v| {
                    const entries = c[r * stride + v * here.lanes ..][0..here.lanes];
                    entries.* = @as(Vector, entries.*) + sums[r][v];
                }
            }
        }
    };
}
