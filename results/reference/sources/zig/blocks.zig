//! The three blocks of a product, and how they are halved.

/// A block of C, rows × columns, and those of A, rows × depth, and of B, depth × columns, whose product it gets.
pub const Blocks = extern struct {
    c: [*]f64,
    a: [*]const f64,
    b: [*]const f64,
    rows: usize,
    columns: usize,
    depth: usize,
    /// From one row to the next, in all three.
    stride: usize,

    /// A multiplication without further division.
    pub const Base = *const fn (blocks: *const Blocks) callconv(.c) void;

    /// Of all rows of A and C, and of all of B, which is n × n.
    pub fn all(c: []f64, a: []const f64, b: []const f64, n: usize) Blocks {
        return .{ .c = c.ptr, .a = a.ptr, .b = b.ptr, .rows = c.len / n, .columns = n, .depth = n, .stride = n };
    }

    /// Those in half `i` of the rows, half `j` of the columns and half `k` of the depth, the first or the second.
    pub fn part(whole: Blocks, i: u1, j: u1, k: u1) Blocks {
        const row = whole.rows / 2 * i;
        const column = whole.columns / 2 * j;
        const layer = whole.depth / 2 * k;
        return .{
            .c = whole.c + row * whole.stride + column,
            .a = whole.a + row * whole.stride + layer,
            .b = whole.b + layer * whole.stride + column,
            .rows = (whole.rows + i) / 2,
            .columns = (whole.columns + j) / 2,
            .depth = (whole.depth + k) / 2,
            .stride = whole.stride,
        };
    }
};
