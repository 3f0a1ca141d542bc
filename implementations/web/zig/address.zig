//! Addresses to listen on, as text: `::` is all of both families, `0.0.0.0` and others all or one of IPv4.

const std = @import("std");
const text = @import("text.zig");

/// Of IPv4; null for all of both families.
pub const Address = ?[4]u8;

pub fn parse(written: []const u8) error{NoAddress}!Address {
    if (written.len == 2 and written[0] == ':' and written[1] == ':') return null;
    var address: [4]u8 = undefined;
    var rest = written;
    for (&address) |*byte| {
        const value = text.number(text.takeUntil(&rest, '.'), 10);
        if (value > 255) return error.NoAddress;
        byte.* = @intCast(value);
    }
    return if (rest.len > 0) error.NoAddress else address;
}

test parse {
    try std.testing.expectEqual(null, try parse("::"));
    try std.testing.expectEqual([_]u8{ 127, 0, 0, 1 }, (try parse("127.0.0.1")).?);
    try std.testing.expectEqual([_]u8{ 0, 0, 0, 0 }, (try parse("0.0.0.0")).?);
    const others = [_][]const u8{ "", ":", ":::", "::1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "-1.2.3.4" };
    for (others) |written| {
        try std.testing.expectError(error.NoAddress, parse(written));
    }
}
