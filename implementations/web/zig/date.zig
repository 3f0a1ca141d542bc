//! Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`.

const std = @import("std");

pub const Date = [29]u8;

/// Counts years and months, which is short, and quick enough for once a second.
pub noinline fn httpDate(seconds: u64) Date {
    const second: u32 = @intCast(seconds % std.time.s_per_day);
    var day: u32 = @intCast(seconds / std.time.s_per_day);
    const weekday = day % 7;
    var year: u32 = 1970;
    while (day >= daysIn(year)) : (year += 1) day -= daysIn(year);
    const february: u32 = if (daysIn(year) == 366) 29 else 28;
    var month: u32 = 0;
    while (true) : (month += 1) {
        const days = if (month == 1) february else month_days[month];
        if (day < days) break;
        day -= days;
    }
    var date: Date = "Thu, 01 Jan 1970 00:00:00 GMT".*;
    date[0..3].* = "ThuFriSatSunMonTueWed"[weekday * 3 ..][0..3].*;
    write2(date[5..7], day + 1);
    date[8..11].* = "JanFebMarAprMayJunJulAugSepOctNovDec"[month * 3 ..][0..3].*;
    write2(date[12..14], year / 100);
    write2(date[14..16], year % 100);
    write2(date[17..19], second / 3600);
    write2(date[20..22], second / 60 % 60);
    write2(date[23..25], second % 60);
    return date;
}

const month_days = [12]u8{ 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

noinline fn daysIn(year: u32) u32 {
    const is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0);
    return if (is_leap) 366 else 365;
}

noinline fn write2(text: *[2]u8, value: u32) void {
    text.* = .{ '0' + @as(u8, @intCast(value / 10)), '0' + @as(u8, @intCast(value % 10)) };
}

test httpDate {
    try std.testing.expectEqualStrings("Thu, 01 Jan 1970 00:00:00 GMT", &httpDate(0));
    try std.testing.expectEqualStrings("Sun, 06 Nov 1994 08:49:37 GMT", &httpDate(784111777));
    try std.testing.expectEqualStrings("Thu, 29 Feb 2024 23:59:59 GMT", &httpDate(1709251199));
    try std.testing.expectEqualStrings("Mon, 31 Dec 2029 23:59:59 GMT", &httpDate(1893455999));
    try std.testing.expectEqualStrings("Mon, 01 Mar 2100 00:00:00 GMT", &httpDate(4107542400));
}
