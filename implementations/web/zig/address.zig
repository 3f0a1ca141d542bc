//! Addresses to listen on, as text: `0.0.0.0`, `127.0.0.1`, `::`, `fd00::1`.

const std = @import("std");
const text = @import("text.zig");

/// Of IPv6; one of IPv4 is mapped, ::ffff:a.b.c.d.
pub const Address = [16]u8;

/// Numbers of one or of two bytes, and in one of IPv6 one gap, which stands for as many zeros as are missing.
pub noinline fn parse(written: []const u8) ?Address {
    var address: Address = @splat(0);
    var rest = written;
    const is_ipv6 = text.takeUntil(&rest, ':').len < written.len;
    var end: usize = 0;
    var gap: ?usize = null;
    rest = written;
    if (!is_ipv6) {
        address[10..12].* = .{ 0xff, 0xff };
        end = 12;
    } else {
        if (std.mem.cutPrefix(u8, rest, "::")) |after| {
            gap = 0;
            rest = after;
        }
        if (written[written.len - 1] == ':' and written[written.len - 2] != ':') return null;
    }
    while (rest.len > 0) {
        const group = text.takeUntil(&rest, if (is_ipv6) ':' else '.');
        if (group.len == 0 and is_ipv6 and gap == null and end > 0) {
            gap = end;
            continue;
        }
        const value = text.number(group, if (is_ipv6) 16 else 10) orelse return null;
        if (group.len > 4 or end == address.len) return null;
        if (is_ipv6) {
            std.mem.writeInt(u16, address[end..][0..2], @intCast(value), .big);
            end += 2;
        } else {
            address[end] = std.math.cast(u8, value) orelse return null;
            end += 1;
        }
    }
    const begin = gap orelse return if (end == address.len) address else null;
    if (end == address.len) return null;
    const moved = end - begin;
    @memmove(address[address.len - moved ..], address[begin..end]);
    @memset(address[begin .. address.len - moved], 0);
    return address;
}

test parse {
    const mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff".*;
    try std.testing.expectEqual(mapped ++ [_]u8{ 127, 0, 0, 1 }, parse("127.0.0.1").?);
    try std.testing.expectEqual(mapped ++ [_]u8{ 0, 0, 0, 0 }, parse("0.0.0.0").?);
    for ([_][]const u8{ "::", "::1", "1::", "fe80::1:2", "1:2:3:4:5:6:7:8", "1::8", "2001:db8::FF00:42:8329" }) |written| {
        const expected = try std.Io.net.Ip6Address.parse(written, 0);
        try std.testing.expectEqual(expected.bytes, parse(written).?);
    }
    for ([_][]const u8{
        "",                 "1.2.3",   "1.2.3.4.5", "1.2.3.256", "1..2.3", "localhost", ":",   ":1",               "1:",
        ":::",              "1::2::3", "12345::",   "g::",       "1.2.3.", "-1.2.3.4",  "a:b", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::8",
    }) |written| try std.testing.expectEqual(null, parse(written));
}
