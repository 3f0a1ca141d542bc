//! The two inner loops change places, i-k-j, so that B and C are walked along their rows and every cache line is used whole.

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize) void {
    for (0..c.len / n) |i| {
        for (0..n) |k| {
            for (0..n) |j| {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
}
