//! Row by column, i-j-k, as published: every product is added to C in memory, and every step of k takes B from another row.

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize) void {
    for (0..c.len / n) |i| {
        for (0..n) |j| {
            for (0..n) |k| {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
}
