//! System calls, with the errors that there is something to be done about.

const std = @import("std");
const linux = std.os.linux;

/// The kernel's answer: a result that is not negative, or an error that is.
pub fn signed(result: usize) isize {
    return @bitCast(result);
}

/// Not an error: there is nothing to read, or no room to write, for now.
pub fn isForNow(result: isize) bool {
    return result == -@as(isize, @backingInt(linux.E.AGAIN));
}

pub noinline fn watch(epoll: linux.fd_t, operation: u32, descriptor: linux.fd_t, interest: u32) bool {
    var event: linux.epoll_event = .{ .events = interest, .data = .{ .fd = descriptor } };
    return linux.epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

pub fn setOption(socket: linux.fd_t, level: i32, option: u32, value: c_int) void {
    _ = linux.setsockopt(socket, level, option, @ptrCast(&value), @sizeOf(c_int));
}

/// Without the vDSO, whose look-up is more code than it is worth once a second.
pub fn now(clock: linux.clockid_t) linux.timespec {
    var time: linux.timespec = undefined;
    _ = linux.syscall2(.clock_gettime, @backingInt(clock), @intFromPtr(&time));
    return time;
}

/// A descriptor, or the end of the program.
pub noinline fn must(result: usize) linux.fd_t {
    if (signed(result) < 0) fail();
    return @intCast(result);
}

pub noinline fn fail() noreturn {
    die(1, "web: cannot listen there, or no memory or descriptor is left\n");
}

pub fn die(status: u8, reason: []const u8) noreturn {
    _ = linux.write(2, reason.ptr, reason.len);
    linux.exit_group(status);
}
