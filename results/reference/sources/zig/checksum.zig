//! What of a product is printed with its time: it changes where entries are wrong, and where they are swapped.

const std = @import("std");

/// The sum of int32(c[k]) · (2k + 1), modulo 2³².
pub fn checksum(c: []const f64) u32 {
    var sum: u32 = 0;
    var weight: u32 = 1;
    for (c) |entry| {
        // A kernel gone wrong may leave anything in C, which must give a wrong sum and not undefined behaviour.
        const value = std.math.lossyCast(i32, entry);
        sum +%= @as(u32, @bitCast(value)) *% weight;
        weight +%= 2;
    }
    return sum;
}

test checksum {
    const expected: u32 = @bitCast(@as(i32, 1 * 1 + 2 * 3 - 3 * 5));
    try std.testing.expectEqual(expected, checksum(&.{ 1, 2, -3 }));
}
