//! The program of the contract: `matmul info` and `matmul run`. It is a module of its own, compiled for size: nothing in
//! it is timed.

const std = @import("std");
const builtin = @import("builtin");
const core = @import("core");
const build_options = core.build_options;
const Isa = core.Isa;
const rungs = core.rungs;

pub const Caches = @import("caches.zig").Caches;
pub const host = @import("host.zig");

comptime {
    // The files hold little-endian numbers, and are taken as they are.
    std.debug.assert(builtin.cpu.arch.endian() == .little);
}

pub fn main(init: std.process.Init.Minimal) void {
    const args = init.args.vector[1..];
    const forced = forcedIsa(init.environ);
    const outcome = if (args.len == 1 and equal(args[0], "info"))
        info(forced)
    else if (args.len == 8 and equal(args[0], "run"))
        run(.parse(args[1..]), forced)
    else
        misused("unknown command, or wrong number of arguments:", if (args.len > 0) std.mem.span(args[0]) else "");
    // The names of errors would come with those of all that std knows, 3 KB.
    outcome catch |err| host.fatal(1, &.{if (err == error.OutOfMemory) "out of memory" else "a thread could not be started"});
}

/// MATMUL_ISA is for tests: with it they run every path that this CPU has.
fn forcedIsa(environ: std.process.Environ) ?Isa {
    const name = environ.getPosix("MATMUL_ISA") orelse return null;
    return std.meta.stringToEnum(Isa, name) orelse host.fatal(3, &.{ "there is no path '", name, "'" });
}

/// All but the paths that run is known to the compiler, so the text is made by it, and no code for that is linked in.
fn info(forced: ?Isa) !void {
    const library = if (build_options.library) |name| " with " ++ name else "";
    host.print("{\"toolchain\": \"zig " ++ builtin.zig_version_string ++ library ++ "\",\n \"rungs\": {");
    for (&rungs.all, descriptions, 0..) |*rung, description, at| {
        host.print(if (at > 0) ",\n  " else "\n  ");
        host.print(description);
        const path = if (rung.path) |path| std.mem.span(path()) else if (Isa.choose(rung.levels, forced)) |isa|
            @tagName(isa)
        else
            "";
        if (path.len > 0) {
            host.print(", \"runs\": \"");
            host.print(path);
            host.print("\"");
        }
        host.print("}");
    }
    host.print("}}\n");
}

const descriptions = blk: {
    var all: [rungs.all.len][]const u8 = undefined;
    for (rungs.all, &all) |rung, *description| description.* = describe(rung);
    break :blk all;
};

/// The JSON object of a rung, without its end.
fn describe(comptime rung: rungs.Rung) []const u8 {
    return std.fmt.comptimePrint(
        \\"{s}": {{"loop_order": "{s}", "layout": "contiguous", "threads": "{s}", "bounds_checks": {}, "fast_math": {},
        \\    "flags": "{s}", "instruction_sets": ["{s}"]
    , .{
        rung.name,
        rung.loop_order,
        if (rung.kernel == .one) "one" else "all",
        std.debug.runtime_safety,
        rung.float_mode == .optimized,
        if (rung.levels.len > 0) build_options.level_flags else build_options.flags,
        rung.instruction_set,
    });
}

fn run(job: Job, forced: ?Isa) !void {
    const isa = Isa.choose(job.rung.levels, forced) orelse if (job.rung.levels.len == 0)
        Isa.baseline
    else
        host.fatal(3, &.{ job.rung.name, " has no path for this CPU, or not the one that MATMUL_ISA names" });
    const gpa = std.heap.page_allocator;
    const n = job.n;
    const starts = @min(job.calls, n); // each call begins a row further down, and after all rows at the first again
    const a = try gpa.alloc(f64, (job.rows + starts) * n);
    const b = try gpa.alloc(f64, (n + starts) * n);
    const c = try gpa.alloc(f64, job.rows * n);
    const row = n * @sizeOf(f64);
    for (0..job.samples) |s| {
        host.readAround("/data/a.f64", std.mem.sliceAsBytes(a), (job.first + s * (job.rows + 2)) * row, n * row);
        host.readAround("/data/b.f64", std.mem.sliceAsBytes(b), (job.first + s) * row, n * row);
        @memset(c, 0);
        const start: host.Moment = .now();
        for (0..job.calls) |call| {
            const at = call % n * n;
            try job.rung.multiply(c, a[at..][0..c.len], b[at..][0 .. n * n], n, job.threads, isa);
        }
        const end: host.Moment = .now();

        host.printNumbers(.{ end.wall - start.wall, end.cpu - start.cpu, core.checksum(c) });
    }
    host.writeFile("/out/c.f64", std.mem.sliceAsBytes(c));
}

/// What `matmul run` is asked for.
const Job = struct {
    rung: *const rungs.Rung,
    n: usize,
    threads: usize,
    first: usize,
    rows: usize,
    calls: usize,
    samples: usize,

    /// The contract's; the entries of a product reach 1024 n, and the checksum takes those of C as int32.
    const max_n = 32_768;

    fn parse(args: []const [*:0]const u8) Job {
        const n = number("N", args[1], 1, max_n);
        return .{
            .rung = rungs.find(std.mem.span(args[0])) orelse misused("there is no rung", std.mem.span(args[0])),
            .n = n,
            .threads = number("THREADS", args[2], 1, max_n),
            .first = number("FIRST", args[3], 0, n - 1),
            .rows = number("ROWS", args[4], 1, n),
            .calls = number("CALLS", args[5], 0, std.math.maxInt(u32)),
            .samples = number("SAMPLES", args[6], 1, std.math.maxInt(u32)),
        };
    }

    fn number(comptime name: []const u8, text: [*:0]const u8, min: usize, max: usize) usize {
        const value = host.parse(std.mem.span(text)) orelse max + 1;
        if (value < min or value > max) misused(name ++ " cannot be", std.mem.span(text));
        return value;
    }
};

fn misused(problem: []const u8, argument: []const u8) noreturn {
    const usage = std.fmt.comptimePrint(
        "\nusage: matmul info\n       matmul run RUNG N THREADS FIRST ROWS CALLS SAMPLES\nFIRST < N, 1 <= ROWS <= N <= {d}",
        .{Job.max_n},
    );
    host.fatal(2, &.{ problem, " '", argument, "'", usage });
}

fn equal(arg: [*:0]const u8, word: []const u8) bool {
    return std.mem.eql(u8, std.mem.span(arg), word);
}
