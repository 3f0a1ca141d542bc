//! Which bytes may stand where: one table, with a bit for each class.

const std = @import("std");
const ascii = std.ascii;

pub const Class = enum(u8) {
    token = 1 << 0,
    target = 1 << 1,
    host = 1 << 2,
    /// Of the value of a field.
    field = 1 << 3,
    blank = 1 << 4,
};

/// How many bytes at the beginning of a text belong to a class.
pub noinline fn span(class: Class, text: []const u8) usize {
    for (text, 0..) |byte, index| {
        const classes = if (byte < table.len) table[byte] else @backingInt(Class.field);
        if (classes & @backingInt(class) == 0) return index;
    }
    return text.len;
}

/// Whether there are bytes and all belong.
pub noinline fn areAll(class: Class, text: []const u8) bool {
    return text.len > 0 and span(class, text) == text.len;
}

pub fn isBlank(byte: u8) bool {
    return byte == ' ' or byte == '\t';
}

/// Of ASCII: all that is beyond it may stand in the value of a field, and nowhere else.
const table: [128]u8 = table: {
    @setEvalBranchQuota(50_000);
    var bits: [128]u8 = @splat(0);
    for (&bits, 0..) |*entry, byte| {
        for (std.enums.values(Class)) |class| {
            if (belongs(class, byte)) entry.* |= @backingInt(class);
        }
    }
    break :table bits;
};

fn belongs(comptime class: Class, comptime byte: u8) bool {
    return switch (class) {
        .token => ascii.isAlphanumeric(byte) or isOneOf("!#$%&'*+-.^_`|~", byte),
        // Of a URI without its fragment. Browsers leave a few more as they are, but none of those that are left out.
        .target => ascii.isGraphical(byte) and !isOneOf("\"#<>\\^`{}", byte),
        // Without the comma that a URI allows there: two names in one field are one too many.
        .host => ascii.isAlphanumeric(byte) or isOneOf("!$%&'()*+-.:;=[]_~", byte),
        .field => !ascii.isControl(byte) or byte == '\t',
        .blank => isBlank(byte),
    };
}

fn isOneOf(bytes: []const u8, byte: u8) bool {
    return std.mem.findScalar(u8, bytes, byte) != null;
}

test span {
    try std.testing.expectEqual(3, span(.token, "abc:"));
    try std.testing.expectEqual(0, span(.token, "\xff"));
    try std.testing.expectEqual(2, span(.field, "\t\xff\x7f"));
    try std.testing.expectEqual(2, span(.host, "a]@,"));
    try std.testing.expectEqual(2, span(.target, "/[#"));
    try std.testing.expect(!areAll(.host, ""));
}
