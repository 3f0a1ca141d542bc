//! Addresses to listen on, as text: `::` is all of both families, `0.0.0.0` and others all or one of IPv4.

const std = @import("std");
const linux = std.os.linux;
const text = @import("text.zig");

const all = text.words(' ', "::");

/// As the kernel takes it: the head of all addresses, and what is in one of IPv4. One of IPv6 is as long as this.
pub const Address = extern struct {
    family: u16 = 0,
    port: [2]u8 = @splat(0),
    bytes: [4]u8 = @splat(0),
    rest: [20]u8 = @splat(0),

    pub fn parse(address: *Address, written: []const u8) error{NoAddress}!void {
        address.family = linux.AF.INET6;
        if (text.indexIn(all, written) == 0) return;
        address.family = linux.AF.INET;
        var rest = written;
        for (&address.bytes) |*byte| {
            const value = text.number(text.takeUntil(&rest, '.'), 10);
            if (value > 255) return error.NoAddress;
            byte.* = @intCast(value);
        }
        if (rest.len > 0) return error.NoAddress;
    }
};

test Address {
    var address: Address = .{};
    try address.parse("::");
    try std.testing.expectEqual(linux.AF.INET6, address.family);
    try address.parse("127.0.0.1");
    try std.testing.expectEqual(linux.AF.INET, address.family);
    try std.testing.expectEqual([_]u8{ 127, 0, 0, 1 }, address.bytes);
    const others = [_][]const u8{ "", ":", ":::", "::1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "-1.2.3.4" };
    for (others) |written| {
        try std.testing.expectError(error.NoAddress, address.parse(written));
    }
}
