//! Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`.

const std = @import("std");

pub const Date = [29]u8;

/// Years from 1 March on, so that the day that some lack is the last one.
pub fn write(date: *Date, seconds: u64) void {
    const second: u32 = @intCast(seconds % std.time.s_per_day);
    const days: u32 = @intCast(seconds / std.time.s_per_day);
    var day = days + 306; // since 1 March 1969
    var year: u32 = 1969;
    while (true) : (year += 1) { // short, and quick enough for once a second
        const february = year + 1;
        const is_leap = february % 4 == 0 and (february % 100 != 0 or february % 400 == 0);
        const length: u32 = if (is_leap) 366 else 365;
        if (day < length) break;
        day -= length;
    }
    // Five months have 153 days, from March and from August on.
    const month = (5 * day + 2) / 153;
    if (month >= 10) year += 1;
    date.* = "Thu, 01 Jan 1970 00:00:00 GMT".*;
    date[0..3].* = "ThuFriSatSunMonTueWed"[days % 7 * 3 ..][0..3].*;
    write2(date[5..7], day - (153 * month + 2) / 5 + 1);
    date[8..11].* = "MarAprMayJunJulAugSepOctNovDecJanFeb"[month * 3 ..][0..3].*;
    write2(date[12..14], year / 100);
    write2(date[14..16], year % 100);
    write2(date[17..19], second / 3600);
    write2(date[20..22], second / 60 % 60);
    write2(date[23..25], second % 60);
}

noinline fn write2(text: *[2]u8, value: u32) void {
    text.* = .{ '0' + @as(u8, @intCast(value / 10)), '0' + @as(u8, @intCast(value % 10)) };
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
        var date: Date = undefined;
        write(&date, case[0]);
        try std.testing.expectEqualStrings(case[1], &date);
    }
}
