//! C = A B in float64: each sum starts at 0.0 and goes in the order of k, each product and each sum rounded.

const std = @import("std");

pub const max_n = 64;
const wide = 8;

/// `operands`: A and then B, row by row. All are n by n little-endian numbers, at any address.
pub noinline fn multiply(product: []u8, operands: []const u8, n: usize) void {
    const a = std.mem.bytesAsSlice(f64, operands[0..product.len]);
    const b = std.mem.bytesAsSlice(f64, operands[product.len..]);
    const c = std.mem.bytesAsSlice(f64, product);
    for (0..n) |i| {
        const row = a[i * n ..][0..n];
        var j: usize = 0;
        while (j + wide <= n) : (j += wide) column(wide, c[i * n + j ..], row, b[j..]);
        while (j < n) : (j += 1) column(1, c[i * n + j ..], row, b[j..]);
    }
}

/// As many sums as are side by side in a row of C, in registers until they are whole.
inline fn column(comptime count: usize, c: []align(1) f64, row: []align(1) const f64, b: []align(1) const f64) void {
    var sums: @Vector(count, f64) = @splat(0.0);
    for (row, 0..) |element, k| {
        const next: [count]f64 = b[k * row.len ..][0..count].*;
        sums += @as(@Vector(count, f64), @splat(element)) * @as(@Vector(count, f64), next);
    }
    c[0..count].* = @as([count]f64, sums);
}

test multiply {
    var generator: std.Random.DefaultPrng = .init(1);
    const random = generator.random();
    for ([_]usize{ 1, 2, 7, 8, 9, 17, max_n }) |n| {
        var operands: [2 * max_n * max_n]f64 = undefined;
        for (&operands) |*element| element.* = random.floatNorm(f64);
        var bytes: [@sizeOf(@TypeOf(operands)) + 1]u8 = undefined; // off by one, so that nothing is aligned
        @memcpy(bytes[1..], std.mem.asBytes(&operands));
        var product: [max_n * max_n]f64 = undefined;
        const c = product[0 .. n * n];
        multiply(std.mem.sliceAsBytes(c), bytes[1..][0 .. 16 * n * n], n);
        for (0..n) |i| for (0..n) |j| {
            var sum: f64 = 0.0;
            for (0..n) |k| {
                const term: f64 = operands[i * n + k] * operands[n * n + k * n + j];
                sum += term;
            }
            try std.testing.expectEqual(sum, c[i * n + j]);
        };
    }
}
