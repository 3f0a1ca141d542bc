//! The sizes of the data caches of this CPU, as Linux tells them.

const std = @import("std");
const host = @import("host.zig");

/// In bytes; where Linux does not tell, as small as they are today.
pub const Caches = struct {
    l1: usize = 32 << 10,
    l2: usize = 512 << 10,
    l3: usize = 4 << 20,

    var known: ?Caches = null;

    /// Those of the first core, read once: that takes longer than a product of n = 128.
    pub fn find() Caches {
        known = known orelse read();
        return known.?;
    }

    fn read() Caches {
        var found: Caches = .{};
        for ('0'..'4') |index| {
            var path = "/sys/devices/system/cpu/cpu0/cache/index0/".*;
            path[path.len - 2] = @intCast(index);
            var kind: [16]u8 = undefined;
            if (std.mem.startsWith(u8, host.readLine(&path, "type", &kind), "Instruction")) continue;
            const kib = number(&path, "size") orelse continue;
            switch (number(&path, "level") orelse continue) {
                1 => found.l1 = kib << 10,
                2 => found.l2 = kib << 10,
                3 => found.l3 = kib << 10,
                else => {},
            }
        }
        return found;
    }
};

fn number(folder: []const u8, name: []const u8) ?usize {
    var buffer: [16]u8 = undefined;
    const line = host.readLine(folder, name, &buffer);
    return host.parse(std.mem.trimEnd(u8, line, "K"));
}
