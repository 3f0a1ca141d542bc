//! The base copies its blocks and spells out the products of a register tile one by one, which the compiler packs
//! into the vectors of the CPU: a tile's sums stay in registers, and one instruction makes up to eight products.

const divide = @import("../recursion.zig").divide;
const Blocks = @import("../blocks.zig").Blocks;
const pack = @import("../pack.zig");
const Isa = @import("../isa.zig").Isa;

pub const float_mode = .optimized; // lets the compiler fuse multiplications and additions
/// 64, 128 and 256 made 27, 34 and 43 GFLOP/s on Zen 4: the deeper a block, the less its copies and its C weigh.
const base_size = 256;

/// LLVM packs straight-line code; its loop vectorizer Zig keeps off. Columns that are no power of two it leaves scalar.
const rows = switch (Isa.compiled) {
    .avx512 => 8,
    .avx2, .neon => 6,
    .baseline => 4,
};
const columns = switch (Isa.compiled) {
    .avx512, .avx2, .neon => 8,
    .baseline => 4,
};

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize, isa: Isa) !void {
    try divide(.all(c, a, b, n), base_size, isa.function(@TypeOf(base), "vectorized", Isa.all), threads);
}

/// levels.zig compiles this for every level of the CPU.
pub fn base(m: *const Blocks) callconv(.c) void {
    var a: [(base_size + rows) * base_size]f64 align(64) = undefined;
    var b: [(base_size + columns) * base_size]f64 align(64) = undefined;
    pack.columnStrips(rows, &a, m.a, m.stride, m.rows, m.depth);
    pack.rowStrips(columns, &b, m.b, m.stride, m.columns, m.depth, 0, 1);
    for (0..(m.columns + columns - 1) / columns) |column_strip| {
        for (0..(m.rows + rows - 1) / rows) |row_strip| {
            const i, const j = .{ row_strip * rows, column_strip * columns };
            const sums = multiplyTile(@ptrCast(a[i * m.depth ..]), @ptrCast(b[j * m.depth ..]), m.depth);
            const c = m.c + i * m.stride + j;
            if (i + rows <= m.rows and j + columns <= m.columns) {
                for (0..rows) |r| {
                    inline for (0..columns) |s| c[r * m.stride + s] += sums[r][s];
                }
            } else for (0..@min(rows, m.rows - i)) |r| {
                for (0..@min(columns, m.columns - j)) |s| c[r * m.stride + s] += sums[r][s];
            }
        }
    }
}

inline fn multiplyTile(a: [*]const [rows]f64, b: [*]const [columns]f64, depth: usize) [rows][columns]f64 {
    @setFloatMode(float_mode);
    var sums: [rows][columns]f64 = @splat(@splat(0));
    for (0..depth) |k| {
        inline for (0..rows) |r| {
            inline for (0..columns) |s| sums[r][s] += a[k][r] * b[k][s];
        }
    }
    return sums;
}
