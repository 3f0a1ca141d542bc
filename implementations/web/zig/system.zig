//! System calls, with the errors that there is something to be done about.

const std = @import("std");
const linux = std.os.linux;

/// The bytes that came, 0 at the client's end, or null while there are none.
pub noinline fn receive(socket: linux.fd_t, space: []u8) error{Gone}!?usize {
    const result = linux.recvfrom(socket, space.ptr, space.len, 0, null, null);
    return switch (linux.errno(result)) {
        .SUCCESS => result,
        .AGAIN, .INTR => null,
        else => error.Gone,
    };
}

/// How many bytes the socket took.
pub noinline fn send(socket: linux.fd_t, text: []const u8) error{Gone}!usize {
    const result = linux.sendto(socket, text.ptr, text.len, linux.MSG.NOSIGNAL, null, 0);
    return switch (linux.errno(result)) {
        .SUCCESS => result,
        .AGAIN, .INTR => 0,
        else => error.Gone,
    };
}

pub noinline fn watch(epoll: linux.fd_t, operation: u32, descriptor: linux.fd_t, interest: u32) bool {
    var event: linux.epoll_event = .{ .events = interest, .data = .{ .fd = descriptor } };
    return linux.errno(linux.epoll_ctl(epoll, operation, descriptor, &event)) == .SUCCESS;
}

pub noinline fn setOption(socket: linux.fd_t, level: i32, option: u32, value: c_int) void {
    _ = linux.setsockopt(socket, level, option, @ptrCast(&value), @sizeOf(c_int));
}

/// Without the vDSO, whose look-up is more code than it is worth once a second.
pub fn now(clock: linux.clockid_t) linux.timespec {
    var time: linux.timespec = undefined;
    _ = linux.syscall2(.clock_gettime, @backingInt(clock), @intFromPtr(&time));
    return time;
}

/// A descriptor, or the end of the program.
pub noinline fn must(result: usize, failure: []const u8) linux.fd_t {
    return if (linux.errno(result) == .SUCCESS) @intCast(result) else die(1, failure);
}

pub fn die(status: u8, reason: []const u8) noreturn {
    _ = linux.write(2, reason.ptr, reason.len);
    linux.exit_group(status);
}
