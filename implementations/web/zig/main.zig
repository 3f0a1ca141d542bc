//! The service on a port: `web [PORT [THREADS [ADDRESS]]]`. No C library, no heap, no start-up code but what is here.

const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const mem = std.mem;
const address = @import("address.zig");
const content = @import("content.zig");
const reserve = @import("connection.zig").reserve;
const Server = @import("server.zig").Server;
const max_descriptors = @import("server.zig").max_descriptors;
const system = @import("system.zig");
const text = @import("text.zig");

comptime {
    _ = @import("memory.zig");
}

/// Safety checks stay on and trap; the text and the stack trace of a panic would outweigh the server.
pub const panic = std.debug.no_panic;

const max_threads = 64;
/// What the kernel may hold of what comes over one connection (it doubles the figure for its own use).
const receive_buffer_size = 32 * 1024;

var servers: [max_threads]Server = @splat(.{});
/// To listen on.
var where: address.Address = .{};

pub export fn _start() callconv(.naked) noreturn {
    asm volatile (switch (builtin.cpu.arch) {
            .x86_64 =>
            \\ xorl %%ebp, %%ebp
            \\ movq %%rsp, %%rdi
            \\ andq $-16, %%rsp
            \\ callq %[begin:P]
            ,
            .aarch64 =>
            \\ mov fp, #0
            \\ mov lr, #0
            \\ mov x0, sp
            \\ and sp, x0, #-16
            \\ b %[begin]
            ,
            else => @compileError("an architecture that nobody has tried"),
        }
        :
        : [begin] "X" (&begin),
    );
}

/// `stack`: the number of arguments, and then their addresses.
fn begin(stack: [*]const usize) callconv(.c) noreturn {
    const arguments: [*]const [*:0]const u8 = @ptrCast(stack + 1);
    main(arguments[0..stack[0]]);
}

fn main(arguments: []const [*:0]const u8) noreturn {
    if (arguments.len > 4) usage();
    const port = if (arguments.len > 1) number(arguments[1], 65535) else 8080;
    const threads = if (arguments.len > 2) number(arguments[2], max_threads) else 1;
    where.parse(if (arguments.len > 3) mem.span(arguments[3]) else "::") catch usage();
    mem.writeInt(u16, &where.port, @intCast(port), .big);

    const limit: linux.rlimit = .{ .cur = max_descriptors, .max = max_descriptors };
    _ = linux.setrlimit(.NOFILE, &limit); // Fails only where the limit is lower already.
    _ = linux.prctl(@backingInt(linux.PR.SET_THP_DISABLE), 1, 0, 0, 0); // 2 MB for the first byte of a buffer
    if (!reserve(max_descriptors)) system.fail();
    content.start();
    const signals = blockSignals();
    for (servers[0..threads], 1..) |*server, nth| {
        server.start(@intCast(nth), listen(threads > 1), signals);
        if (nth > 1) startThread(server);
    }
    serve(@intFromPtr(&servers[0]));
}

noinline fn number(written: [*:0]const u8, max: u32) u32 {
    const value = text.number(mem.span(written), 10);
    if (value == 0 or value > max) usage();
    return @intCast(value);
}

noinline fn usage() noreturn {
    system.die(2, "usage: web [PORT [THREADS [ADDRESS]]]\n");
}

/// The signals that end the server become readable instead. Process 1 of a container has no default action for them.
fn blockSignals() linux.fd_t {
    var set = linux.sigemptyset();
    linux.sigaddset(&set, .TERM);
    linux.sigaddset(&set, .INT);
    _ = linux.sigprocmask(linux.SIG.BLOCK, &set, null);
    return system.must(linux.signalfd(-1, &set, linux.SFD.CLOEXEC));
}

fn startThread(server: *Server) void {
    const flags = linux.CLONE.VM | linux.CLONE.FS | linux.CLONE.FILES | linux.CLONE.SIGHAND |
        linux.CLONE.THREAD | linux.CLONE.SYSVSEM;
    const stack = @intFromPtr(&server.stack) + server.stack.len;
    if (system.signed(linux.clone(serve, stack, flags, @intFromPtr(server), null, 0, null)) < 0)
        system.fail();
}

/// The last thread to exit ends the program.
fn serve(server: usize) callconv(.c) noreturn {
    @as(*Server, @ptrFromInt(server)).run();
    linux.exit(0);
}

fn listen(is_shared: bool) linux.fd_t {
    const kind = linux.SOCK.STREAM | linux.SOCK.NONBLOCK | linux.SOCK.CLOEXEC;
    // A socket of IPv6 serves IPv4 as well. Without IPv6 in the kernel there is IPv4 alone.
    var socket = linux.socket(where.family, kind, 0);
    if (system.signed(socket) < 0) {
        where.family = linux.AF.INET;
        socket = linux.socket(linux.AF.INET, kind, 0);
    }
    const listener = system.must(socket);
    const count = options.len - @intFromBool(!is_shared);
    for (options[0..count]) |option| system.setOption(listener, option.level, option.name, option.value);
    _ = system.must(linux.bind(listener, @ptrCast(&where), @sizeOf(address.Address)));
    _ = system.must(linux.listen(listener, 4096));
    return listener;
}

/// Every accepted socket inherits those before the last one, which is for several threads.
const options = [_]struct { level: u8, name: u8, value: u16 }{
    .{ .level = linux.SOL.SOCKET, .name = linux.SO.REUSEADDR, .value = 1 },
    .{ .level = linux.IPPROTO.IPV6, .name = linux.IPV6.V6ONLY, .value = 0 },
    .{ .level = linux.SOL.SOCKET, .name = linux.SO.RCVBUF, .value = receive_buffer_size },
    .{ .level = linux.SOL.SOCKET, .name = linux.SO.SNDBUF, .value = content.send_buffer_size },
    .{ .level = linux.IPPROTO.TCP, .name = linux.TCP.NODELAY, .value = 1 },
    .{ .level = linux.SOL.SOCKET, .name = linux.SO.REUSEPORT, .value = 1 },
};
