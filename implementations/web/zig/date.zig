//! Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`.

const std = @import("std");

pub const Date = [29]u8;

/// What a date is made of before its names and numbers are known.
pub const blank: Date = "Thu, 01 Jan 1970 00:00:00 GMT".*;

/// Writes names and numbers into a date. Years and centuries are those of the calendar from 1 March on, so that the day
/// that some lack is the last one. They are counted in quarters of a day, as 1461 days are four years.
pub fn write(date: *Date, seconds: u64) void {
    const second: u32 = @intCast(seconds % std.time.s_per_day);
    const days = @as(u32, @intCast(seconds / std.time.s_per_day)) + 719_468; // since 1 March of the year 0
    const of_era = 4 * days + 3;
    const of_century = of_era % 146_097 | 3;
    const day = of_century % 1461 / 4;
    // Five months have 153 days, from March and from August on.
    const of_months = 5 * day + 2;
    const month = of_months / 153;
    var year = of_era / 146_097 * 100 + of_century / 1461;
    if (month >= 10) year += 1;
    date[0..3].* = "WedThuFriSatSunMonTue"[days % 7 * 3 ..][0..3].*;
    date[8..11].* = "MarAprMayJunJulAugSepOctNovDecJanFeb"[month * 3 ..][0..3].*;
    writeNumber(date[5..7], of_months % 153 / 5 + 1);
    writeNumber(date[12..14], year / 100);
    writeNumber(date[14..16], year % 100);
    var rest = second;
    for ([_]u8{ 23, 20, 17 }) |place| {
        writeNumber(date[place..][0..2], rest % 60);
        rest /= 60;
    }
}

noinline fn writeNumber(digits: *[2]u8, number: u32) void {
    digits.* = .{ '0' + @as(u8, @intCast(number / 10)), '0' + @as(u8, @intCast(number % 10)) };
}

test write {
    for ([_]struct { u64, []const u8 }{
        .{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        .{ 68255999, "Tue, 29 Feb 1972 23:59:59 GMT" },
        .{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
        .{ 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
        .{ 1709251199, "Thu, 29 Feb 2024 23:59:59 GMT" },
        .{ 1893455999, "Mon, 31 Dec 2029 23:59:59 GMT" },
        .{ 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
    }) |case| {
        var date = blank;
        write(&date, case[0]);
        try std.testing.expectEqualStrings(case[1], &date);
    }
}
