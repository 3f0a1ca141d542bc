//! C = A B in float64: each sum starts at 0.0 and goes in the order of k, each product and each sum rounded.

const std = @import("std");

pub const max_n = 64;
const wide = 8;

/// `operands`: A and then B, row by row. All are n by n little-endian numbers, at any address.
pub fn multiply(product: []u8, operands: []const u8, n: usize) void {
    const count = n * n;
    std.debug.assert(product.len == 8 * count and operands.len == 16 * count);
    const numbers: []align(1) const f64 = @as([*]align(1) const f64, @ptrCast(operands.ptr))[0 .. 2 * count];
    const sums: []align(1) f64 = @as([*]align(1) f64, @ptrCast(product.ptr))[0..count];
    for (0..n) |i| {
        var j: usize = 0;
        while (j + wide <= n) : (j += wide) dot(wide, sums[i * n + j ..], numbers[i * n ..], count - i * n + j, n);
        while (j < n) : (j += 1) dot(1, sums[i * n + j ..], numbers[i * n ..], count - i * n + j, n);
    }
}

/// As many sums as are side by side in a row of C, in registers until they are whole. `row` begins with a row of A,
/// and a column of B is `offset` numbers further on.
inline fn dot(comptime count: usize, sums: []align(1) f64, row: []align(1) const f64, offset: usize, n: usize) void {
    var partial: @Vector(count, f64) = @splat(0.0);
    for (0..n) |k| {
        const next: @Vector(count, f64) = row[offset + k * n ..][0..count].*;
        partial += @as(@Vector(count, f64), @splat(row[k])) * next;
    }
    sums[0..count].* = partial;
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
