//! The naive loops with the rows of C dealt out to threads: no row waits for another, so P cores take a P-th of the time.

const std = @import("std");

/// Adds A · B to C, for as many rows of A and C as there are; B is n × n.
pub fn multiply(c: []f64, a: []const f64, b: []const f64, n: usize, threads: usize) !void {
    const gpa = std.heap.page_allocator;
    var workers: std.ArrayList(std.Thread) = try .initCapacity(gpa, threads);
    defer workers.deinit(gpa);
    defer for (workers.items) |worker| worker.join();

    const rows = c.len / n;
    const share = (rows + threads - 1) / threads * n;
    var first: usize = 0;
    while (first < c.len) : (first += share) {
        const last = @min(first + share, c.len);
        workers.appendAssumeCapacity(try .spawn(.{}, multiplyRows, .{ c[first..last], a[first..last], b, n }));
    }
}

fn multiplyRows(c: []f64, a: []const f64, b: []const f64, n: usize) void {
    for (0..c.len / n) |i| {
        for (0..n) |j| {
            for (0..n) |k| {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
}
