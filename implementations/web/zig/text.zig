//! Small tools for short texts. Those of `std.mem` are vectorized, and would weigh more than the parser.
//!
//! `noinline` stands, here and elsewhere, where one copy of the code keeps the image small.

const std = @import("std");
const bytes = @import("bytes.zig");

/// What `text` begins with, up to the delimiter or the end. `text` becomes what follows.
pub noinline fn takeUntil(text: *[]const u8, delimiter: u8) []const u8 {
    const whole = text.*;
    var end: usize = 0;
    while (end < whole.len and whole[end] != delimiter) end += 1;
    text.* = whole[@min(end + 1, whole.len)..];
    return whole[0..end];
}

/// The next of a list between commas.
pub noinline fn takeItem(list: *[]const u8) []const u8 {
    return trim(takeUntil(list, ','));
}

pub noinline fn trim(text: []const u8) []const u8 {
    var end = text.len;
    while (end > 0 and bytes.isBlank(text[end - 1])) end -= 1;
    return skipBlanks(text[0..end]);
}

pub noinline fn skipBlanks(text: []const u8) []const u8 {
    return text[bytes.span(.blank, text)..];
}

/// Words to choose from: the bit that makes no difference, and then each word behind its length.
pub const Words = [*:0]const u8;

/// Words as they are written here, one after the other with a delimiter between them.
pub fn words(comptime delimiter: u8, comptime written: []const u8) Words {
    return comptime listed(0, delimiter, written);
}

/// Words, in small letters and with a space between them, that may be written in capitals as well. What is compared
/// with them must have no control characters: with the bit of small letters, some would pass for hyphens or digits.
pub fn wordsOfAnyCase(comptime written: []const u8) Words {
    return comptime listed('a' - 'A', ' ', written);
}

fn listed(comptime difference: u8, comptime delimiter: u8, comptime written: []const u8) [:0]const u8 {
    @setEvalBranchQuota(10_000);
    var all: [:0]const u8 = &.{difference};
    var rest = std.mem.splitScalar(u8, written, delimiter);
    while (rest.next()) |word| all = all ++ .{word.len} ++ word;
    return all;
}

/// Which of the words it is; their number where it is none.
pub noinline fn indexIn(choice: Words, word: []const u8) usize {
    var at = choice + 1;
    var index: usize = 0;
    while (at[0] != 0) : (index += 1) {
        if (isSame((at + 1)[0..at[0]], word, choice[0])) break;
        at += 1 + at[0];
    }
    return index;
}

/// The word of a number.
pub fn wordAt(choice: Words, index: usize) []const u8 {
    var at = choice + 1;
    for (0..index) |_| at += 1 + at[0];
    return (at + 1)[0..at[0]];
}

/// Whether two texts are the same, but for a bit that the first one has wherever it makes no difference.
pub fn isSame(expected: []const u8, text: []const u8, difference: u8) bool {
    if (expected.len != text.len) return false;
    for (expected, text) |wanted, byte| if (byte | difference != wanted) return false;
    return true;
}

/// More than any number that fits.
pub const none: u64 = std.math.maxInt(u64);

/// Digits and nothing else, 15 at the most, or none.
pub noinline fn number(digits: []const u8, base: u8) u64 {
    if (digits.len == 0 or digits.len > 15) return none;
    var value: u64 = 0;
    for (digits) |byte| {
        const digit = switch (byte) {
            '0'...'9' => byte - '0',
            'a'...'f', 'A'...'F' => (byte & 7) + 9,
            else => base,
        };
        if (digit >= base) return none;
        value = value * base + digit;
    }
    return value;
}

const testing = std.testing;

test takeUntil {
    var text: []const u8 = "a,,b";
    try testing.expectEqualStrings("a", takeUntil(&text, ','));
    try testing.expectEqualStrings("", takeUntil(&text, ','));
    try testing.expectEqualStrings("b", takeUntil(&text, ','));
    try testing.expectEqualStrings("", takeUntil(&text, ','));
}

test trim {
    for ([_][]const u8{ "a b", " \ta b\t ", "a b ", " a b" }) |text| try testing.expectEqualStrings("a b", trim(text));
    for ([_][]const u8{ "", " ", "\t \t" }) |text| try testing.expectEqualStrings("", trim(text));
}

test indexIn {
    const names = wordsOfAnyCase("host expect");
    try testing.expectEqual(0, indexIn(names, "HoSt"));
    try testing.expectEqual(1, indexIn(names, "expect"));
    for ([_][]const u8{ "", "hos", "hosts", "expect ", "host expect" }) |word| {
        try testing.expectEqual(2, indexIn(names, word));
    }
    const methods = words(' ', "GET HEAD");
    try testing.expectEqual(1, indexIn(methods, "HEAD"));
    for ([_][]const u8{ "", "Get", "get", "HEA" }) |word| try testing.expectEqual(2, indexIn(methods, word));
}

test number {
    try testing.expectEqual(0, number("0", 10));
    try testing.expectEqual(65536, number("65536", 10));
    try testing.expectEqual(0xabcdef, number("aBcDeF", 16));
    for ([_][]const u8{ "", "+1", "-1", "1 ", "0x1", "1_0", "a", "18446744073709551616" }) |text| {
        try testing.expectEqual(none, number(text, 10));
    }
    for ([_][]const u8{ "g", "FFFFFFFFFFFFFFFF0", "@", "`" }) |text| try testing.expectEqual(none, number(text, 16));
}
