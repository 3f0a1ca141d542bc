//! The naive loops with the rows of C dealt out to threads: no row waits for another, so P cores take a P-th of the time.

const team = @import("../team.zig");

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize) !void {
    try team.run(threads, multiplyRows, .{ c, a, b, n, threads });
}

fn multiplyRows(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize, me: usize) void {
    const rows = c.len / n;
    for (rows * me / threads..rows * (me + 1) / threads) |i| {
        for (0..n) |j| {
            for (0..n) |k| {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
}
