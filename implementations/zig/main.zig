//! The program of the contract: `matmul info` and `matmul run`.

const std = @import("std");
const builtin = @import("builtin");
const build_options = @import("build_options.zig"); // written by the recipe
const host = @import("host.zig");
const rungs = @import("rungs.zig");

comptime {
    // The files hold little-endian numbers, and are taken as they are.
    std.debug.assert(builtin.cpu.arch.endian() == .little);
}

pub fn main(init: std.process.Init.Minimal) void {
    const args = init.args.vector[1..];
    const outcome = if (args.len == 1 and equal(args[0], "info"))
        info()
    else if (args.len == 6 and equal(args[0], "run"))
        run(.parse(args[1..]))
    else
        misused("unknown command, or wrong number of arguments", .{});
    outcome catch |err| host.fatal(1, "{t}", .{err});
}

fn info() !void {
    var buffer: [4096]u8 = undefined;
    var text: std.Io.Writer = .fixed(&buffer);
    var json: std.json.Stringify = .{ .writer = &text };
    try json.beginObject();
    try json.objectField("toolchain");
    try json.write("zig " ++ builtin.zig_version_string);
    try json.objectField("rungs");
    try json.beginObject();
    for (rungs.all) |rung| {
        try json.objectField(rung.name);
        try json.write(.{
            .loop_order = rung.loop_order,
            .layout = "contiguous",
            .threads = @tagName(rung.kernel),
            .bounds_checks = std.debug.runtime_safety,
            .fast_math = rung.float_mode == .optimized,
            .flags = build_options.flags,
            .instruction_sets = rung.instruction_sets,
        });
    }
    try json.endObject();
    try json.endObject();
    try text.writeByte('\n');
    host.print(text.buffered());
}

fn run(job: Job) !void {
    const gpa = std.heap.page_allocator;
    const a = try gpa.alloc(f64, job.rows * job.n);
    const b = try gpa.alloc(f64, job.n * job.n);
    const c = try gpa.alloc(f64, job.rows * job.n);
    host.readFile("/data/a.f64", std.mem.sliceAsBytes(a));
    host.readFile("/data/b.f64", std.mem.sliceAsBytes(b));

    for (0..job.samples) |_| {
        @memset(c, 0);
        const start: host.Moment = .now();
        try job.rung.multiply(c, a, b, job.n, job.threads);
        const end: host.Moment = .now();

        var buffer: [64]u8 = undefined;
        const sample = .{ end.wall - start.wall, end.cpu - start.cpu, checksum(c) };
        host.print(try std.mem.print(&buffer, "{d} {d} {d}\n", sample));
    }
    host.writeFile("/out/c.f64", std.mem.sliceAsBytes(c));
}

fn checksum(c: []const f64) u32 {
    var sum: u32 = 0;
    var weight: u32 = 1;
    for (c) |entry| {
        // A kernel gone wrong may leave anything in C, which must give a wrong sum and not undefined behaviour.
        const value = std.math.lossyCast(i32, entry);
        sum +%= @as(u32, @bitCast(value)) *% weight;
        weight +%= 2;
    }
    return sum;
}

/// What `matmul run` is asked for.
const Job = struct {
    rung: rungs.Rung,
    n: usize,
    threads: usize,
    rows: usize,
    samples: usize,

    /// The entries of C reach 1024 n, and the checksum takes them as int32.
    const max_n = std.math.maxInt(i32) / 1024;

    fn parse(args: []const [*:0]const u8) Job {
        const n = number("N", args[1], max_n);
        return .{
            .rung = rungs.find(std.mem.span(args[0])) orelse misused("there is no rung '{s}'", .{args[0]}),
            .n = n,
            .threads = number("THREADS", args[2], max_n),
            .rows = number("ROWS", args[3], n),
            .samples = number("SAMPLES", args[4], std.math.maxInt(u32)),
        };
    }

    fn number(name: []const u8, text: [*:0]const u8, max: usize) usize {
        const value = std.fmt.parseInt(usize, std.mem.span(text), 10) catch 0;
        if (value < 1 or value > max) misused("{s} is a number from 1 to {d}, not '{s}'", .{ name, max, text });
        return value;
    }
};

fn misused(comptime problem: []const u8, args: anytype) noreturn {
    host.fatal(2, problem ++ "\nusage: matmul info\n       matmul run RUNG N THREADS ROWS SAMPLES", args);
}

fn equal(arg: [*:0]const u8, word: []const u8) bool {
    return std.mem.eql(u8, std.mem.span(arg), word);
}

test checksum {
    const expected: u32 = @bitCast(@as(i32, 1 * 1 + 2 * 3 - 3 * 5));
    try std.testing.expectEqual(expected, checksum(&.{ 1, 2, -3 }));
}

test {
    _ = rungs;
}
