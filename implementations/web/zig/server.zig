//! One thread that serves its own share of the connections: edge-triggered epoll, and a tick a second.

const std = @import("std");
const linux = std.os.linux;
const max_input = @import("parser.zig").max_input;
const Connection = @import("connection.zig").Connection;
const Output = @import("output.zig").Output;
const system = @import("system.zig");

/// A socket's number is the index of its connection, so this is also the limit of open descriptors.
pub const max_descriptors = 16 * 1024;
var connections: [max_descriptors]Connection = @splat(.{});

/// When told to stop, what is under way has so long. The end is to come within a second.
const stop_milliseconds = 800;

const stack_size = 32 * 1024;

/// Starts as zeros, and so takes no room in the file. What is small comes first: its addresses are shorter.
pub const Server = extern struct {
    /// From 1.
    number: u8 = 0,
    is_stopping: bool = false,
    epoll: linux.fd_t = 0,
    timer: linux.fd_t = 0,
    signals: linux.fd_t = 0,
    listener: linux.fd_t = 0,
    open_connections: u32 = 0,
    highest: u32 = 0,
    /// Seconds since the start.
    now: u32 = 0,
    output: Output = .{},
    input: [max_input]u8 = @splat(0),
    events: [64]linux.epoll_event = @splat(.{ .events = 0, .data = .{ .u64 = 0 } }),
    /// Of the thread, if it is not the first.
    stack: [stack_size]u8 align(16) = @splat(0),

    /// The signals stay pending, so that every thread is told.
    pub fn start(server: *Server, number: u8, listener: linux.fd_t, signals: linux.fd_t) void {
        server.number = number;
        server.epoll = system.must(linux.epoll_create1(linux.EPOLL.CLOEXEC));
        server.timer = system.must(linux.timerfd_create(.MONOTONIC, .{ .CLOEXEC = true }));
        server.signals = signals;
        server.listener = listener;
        // To change with the wall clock's seconds.
        server.setTimer(std.time.ns_per_s - 1 - server.setDate());
        for ([_]linux.fd_t{ server.timer, signals, listener }) |descriptor| {
            if (!system.watch(server.epoll, linux.EPOLL.CTL_ADD, descriptor, linux.EPOLL.IN | linux.EPOLL.ET))
                system.fail();
        }
    }

    /// Serves until a signal asks for the end, and until that is done.
    pub fn run(server: *Server) void {
        while (!server.is_stopping or server.open_connections > 0) {
            const count = system.signed(linux.epoll_wait(server.epoll, &server.events, server.events.len, -1));
            if (count < 0) continue; // interrupted
            for (server.events[0..@intCast(count)]) |event| {
                const descriptor = event.data.fd;
                if (descriptor == server.timer) {
                    if (!server.tick()) return;
                } else if (descriptor == server.signals) {
                    server.stop();
                } else if (descriptor == server.listener) {
                    server.acceptAll();
                } else {
                    const ends = event.events & (linux.EPOLL.RDHUP | linux.EPOLL.HUP | linux.EPOLL.ERR) != 0;
                    const connection = &connections[@intCast(descriptor)];
                    // It may have been closed by an earlier event of the same batch.
                    if (server.owns(connection)) connection.serve(server, ends);
                }
            }
        }
    }

    fn owns(server: *const Server, connection: *const Connection) bool {
        return @atomicLoad(u8, &connection.owner, .acquire) == server.number;
    }

    /// Where no descriptor or memory is left, who asks for nothing gives way. If nobody does, the others wait in the
    /// backlog for a second.
    noinline fn acceptAll(server: *Server) void {
        while (true) {
            const result = linux.accept4(server.listener, null, null, linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC);
            if (system.isForNow(system.signed(result))) return;
            if (system.signed(result) < 0) {
                const before = server.open_connections;
                server.forEach(.crowd);
                if (server.open_connections == before) return;
            } else {
                server.highest = @max(server.highest, @as(u32, @intCast(result)));
                connections[result].open(server, @intCast(result));
            }
        }
    }

    /// What there is to do once a second. False: the time to stop is over.
    fn tick(server: *Server) bool {
        if (server.is_stopping) return false;
        var ticks: u64 = 0;
        _ = linux.read(server.timer, std.mem.asBytes(&ticks), @sizeOf(u64));
        server.now += @intCast(ticks);
        _ = server.setDate();
        server.forEach(.second);
        server.acceptAll();
        return true;
    }

    noinline fn forEach(server: *Server, occasion: Connection.Occasion) void {
        for (connections[0 .. server.highest + 1]) |*connection| {
            if (server.owns(connection)) connection.attend(server, occasion);
        }
    }

    /// Of ticks, the first one after so long.
    noinline fn setTimer(server: *const Server, nanoseconds: isize) void {
        const spec: linux.itimerspec = .{
            .it_interval = .{ .sec = 1, .nsec = 0 },
            .it_value = .{ .sec = 0, .nsec = nanoseconds + 1 }, // 0 would stop it
        };
        _ = linux.timerfd_settime(server.timer, .{}, &spec, null);
    }

    /// The nanoseconds that have passed since.
    noinline fn setDate(server: *Server) isize {
        const time = system.now(.REALTIME);
        server.output.setDate(@intCast(time.sec));
        return time.nsec;
    }

    /// Takes who is waiting, answers who has asked, and lets go of the others.
    fn stop(server: *Server) void {
        server.acceptAll();
        _ = linux.close(server.listener);
        server.listener = -1;
        server.is_stopping = true;
        server.setTimer(stop_milliseconds * std.time.ns_per_ms);
        server.forEach(.stop);
    }
};
