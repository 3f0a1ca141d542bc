//! Files, clocks and messages by bare system calls: std.Io would link in all that it can do, 200 KB of it.

const std = @import("std");
const linux = std.os.linux;

/// Fills `bytes` from the start of a file.
pub fn readFile(path: [*:0]const u8, bytes: []u8) void {
    const file = open(path, .{ .ACCMODE = .RDONLY });
    defer _ = linux.close(file);
    var rest = bytes;
    while (rest.len > 0) {
        const count = check(linux.read(file, rest.ptr, rest.len), path);
        if (count == 0) fatal(1, "{s} is {d} bytes too short", .{ path, rest.len });
        rest = rest[count..];
    }
}

/// Makes or replaces a file.
pub fn writeFile(path: [*:0]const u8, bytes: []const u8) void {
    const file = open(path, .{ .ACCMODE = .WRONLY, .CREAT = true, .TRUNC = true });
    defer _ = linux.close(file);
    write(file, path, bytes);
}

/// Prints to standard output, at once.
pub fn print(text: []const u8) void {
    write(linux.STDOUT_FILENO, "standard output", text);
}

/// Says on standard error why the program cannot go on, and ends it with `status`.
pub fn fatal(status: u8, comptime format: []const u8, args: anytype) noreturn {
    var buffer: [1024]u8 = undefined;
    const text = std.mem.print(&buffer, "matmul: " ++ format ++ "\n", args) catch &buffer;
    _ = linux.write(linux.STDERR_FILENO, text.ptr, text.len);
    std.process.exit(status);
}

/// A moment in nanoseconds: on the wall's clock, and on that of all threads of the process together.
pub const Moment = struct {
    wall: u64,
    cpu: u64,

    /// This moment.
    pub fn now() Moment {
        return .{ .wall = read(.MONOTONIC), .cpu = read(.PROCESS_CPUTIME_ID) };
    }

    fn read(clock: linux.clockid_t) u64 {
        var time: linux.timespec = undefined;
        _ = linux.clock_gettime(clock, &time);
        return @intCast(time.sec * std.time.ns_per_s + time.nsec);
    }
};

fn open(path: [*:0]const u8, flags: linux.O) linux.fd_t {
    return @intCast(check(linux.open(path, flags, 0o644), path));
}

fn write(file: linux.fd_t, name: [*:0]const u8, bytes: []const u8) void {
    var rest = bytes;
    while (rest.len > 0) rest = rest[check(linux.write(file, rest.ptr, rest.len), name)..];
}

/// What a system call returned, if it succeeded.
fn check(result: usize, name: [*:0]const u8) usize {
    return switch (linux.errno(result)) {
        .SUCCESS => result,
        else => |errno| fatal(1, "{s}: E{t}", .{ name, errno }),
    };
}
