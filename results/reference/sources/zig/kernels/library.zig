//! OpenBLAS, through its C interface: blocked and packed like `intrinsics`, with a micro-kernel in assembly for each CPU.

extern fn openblas_get_corename() [*:0]const u8;
extern fn openblas_set_num_threads(threads: c_int) void;
extern fn cblas_dgemm(
    order: c_int,
    transpose_a: c_int,
    transpose_b: c_int,
    m: c_int,
    n: c_int,
    k: c_int,
    alpha: f64,
    a: [*]const f64,
    lda: c_int,
    b: [*]const f64,
    ldb: c_int,
    beta: f64,
    c: [*]f64,
    ldc: c_int,
) void;

const row_major = 101;
const as_is = 111;

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize) !void {
    const order: c_int = @intCast(n);
    const rows: c_int = @intCast(c.len / n);
    openblas_set_num_threads(@intCast(threads));
    cblas_dgemm(row_major, as_is, as_is, rows, order, order, 1, a.ptr, order, b.ptr, order, 1, c.ptr, order);
}

/// The kind of CPU whose micro-kernel OpenBLAS runs here.
pub fn path() [*:0]const u8 {
    return openblas_get_corename();
}
