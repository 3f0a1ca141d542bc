//! Files, clocks and messages by bare system calls: std.Io would link in all that it can do, 200 KB of it.

const std = @import("std");
const linux = std.os.linux;

/// Fills `bytes` from the first `size` bytes of a file, from `first` on; after the last of them comes the first.
pub fn readAround(path: [*:0]const u8, bytes: []u8, first: usize, size: usize) void {
    const file = open(path, .{ .ACCMODE = .RDONLY });
    defer _ = linux.close(file);
    var got: usize = 0;
    while (got < bytes.len) {
        const at = (first + got) % size;
        const count = check(linux.pread(file, bytes[got..].ptr, @min(bytes.len - got, size - at), @intCast(at)), path);
        if (count == 0) fatal(1, &.{ std.mem.span(path), " is too short" });
        got += count;
    }
}

/// The one line of a file, without its end, or nothing if it cannot be read.
pub noinline fn readLine(folder: []const u8, name: []const u8, buffer: []u8) []const u8 {
    var path: [64:0]u8 = @splat(0);
    @memcpy(path[0..folder.len], folder);
    @memcpy(path[folder.len..][0..name.len], name);
    const opened = linux.open(&path, .{ .ACCMODE = .RDONLY }, 0);
    if (linux.errno(opened) != .SUCCESS) return "";
    const file: linux.fd_t = @intCast(opened);
    defer _ = linux.close(file);
    const count = linux.read(file, buffer.ptr, buffer.len);
    if (linux.errno(count) != .SUCCESS) return "";
    return buffer[0..count -| 1];
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

/// Prints numbers, a line of them, to standard output.
pub fn printNumbers(numbers: [3]u64) void {
    var line: [63]u8 = undefined;
    var size: usize = 0;
    for (numbers, 0..) |number, at| {
        var text: [20]u8 = undefined;
        const digits = decimal(&text, number);
        @memcpy(line[size..][0..digits.len], digits);
        size += digits.len + 1;
        line[size - 1] = if (at < numbers.len - 1) ' ' else '\n';
    }
    print(line[0..size]);
}

/// A number in digits; std's can do so much more that it would be 2 KB.
fn decimal(text: *[20]u8, number: u64) []const u8 {
    var first: usize = text.len;
    var rest = number;
    while (first == text.len or rest > 0) : (rest /= 10) {
        first -= 1;
        text[first] = @intCast('0' + rest % 10);
    }
    return text[first..];
}

/// The number that a text consists of, if it does; std's can read so much more that it would be half a kilobyte.
pub fn parse(text: []const u8) ?usize {
    var number: usize = 0;
    for (text) |digit| {
        if (digit < '0' or digit > '9' or number > std.math.maxInt(u32)) return null;
        number = 10 * number + (digit - '0');
    }
    return if (text.len > 0) number else null;
}

/// Says on standard error why the program cannot go on, in pieces of text, and ends it with `status`.
pub fn fatal(status: u8, pieces: []const []const u8) noreturn {
    _ = linux.write(linux.STDERR_FILENO, "matmul: ", 8);
    for (pieces) |piece| _ = linux.write(linux.STDERR_FILENO, piece.ptr, piece.len);
    _ = linux.write(linux.STDERR_FILENO, "\n", 1);
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
        _ = linux.syscall2(.clock_gettime, @backingInt(clock), @intFromPtr(&time)); // 1 KB less than without a system call
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
        else => |errno| {
            var text: [20]u8 = undefined;
            fatal(1, &.{ std.mem.span(name), ": error ", decimal(&text, @backingInt(errno)) });
        },
    };
}
