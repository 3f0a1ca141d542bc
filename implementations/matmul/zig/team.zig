//! Threads that work together: a team started for one product, and what its members wait for one another with.

const std = @import("std");
const linux = std.os.linux;
const host = @import("program").host;

/// Calls `work` with `args` and each number below `threads`, on as many threads, the caller's among them.
pub fn run(threads: usize, comptime work: anytype, args: anytype) !void {
    const Args = @TypeOf(args);
    const member = struct {
        fn call(shared: *const anyopaque, me: usize) void {
            @call(.auto, work, @as(*const Args, @ptrCast(@alignCast(shared))).* ++ .{me});
        }
    };
    try start(threads, member.call, &args);
}

const Member = *const fn (shared: *const anyopaque, me: usize) void;

/// One function for all that teams do: what starts a thread is half a kilobyte.
fn start(threads: usize, member: Member, shared: *const anyopaque) !void {
    const gpa = std.heap.page_allocator;
    const workers = try gpa.alloc(std.Thread, threads - 1);
    defer gpa.free(workers);
    for (workers, 1..) |*worker, me| {
        // Those already started wait for the whole team, so without one there is no way back.
        worker.* = std.Thread.spawn(.{}, enter, .{ member, shared, me }) catch
            host.fatal(1, &.{"a thread could not be started"});
    }
    member(shared, 0);
    for (workers) |worker| worker.join();
}

fn enter(member: Member, shared: *const anyopaque, me: usize) void {
    member(shared, me);
}

/// A place that no member of the team leaves before all have come.
pub const Barrier = extern struct {
    members: u32,
    absent: std.atomic.Value(u32),
    rounds: Signal = .{},

    /// A barrier for a team of so many.
    pub fn init(members: usize) Barrier {
        return .{ .members = @intCast(members), .absent = .init(@intCast(members)) };
    }

    /// Returns when every member has called this as often.
    pub fn wait(barrier: *Barrier) void {
        const round = barrier.rounds.read();
        if (barrier.absent.fetchSub(1, .acq_rel) > 1) {
            while (barrier.rounds.read() == round) barrier.rounds.sleep(round);
        } else {
            barrier.absent.store(barrier.members, .monotonic);
            barrier.rounds.send();
        }
    }
};

/// Something that happens again and again, counted.
pub const Signal = extern struct {
    count: std.atomic.Value(u32) = .init(0),

    /// How often it has happened.
    pub fn read(signal: *Signal) u32 {
        return signal.count.load(.acquire);
    }

    /// It happens: all sleepers wake up.
    pub fn send(signal: *Signal) void {
        _ = signal.count.fetchAdd(1, .release);
        _ = linux.futex_3arg(&signal.count, .{ .cmd = .WAKE, .private = true }, std.math.maxInt(i32));
    }

    /// Sleeps until it happens, unless it has happened since it was read.
    pub fn sleep(signal: *Signal, read_before: u32) void {
        // Most waits are shorter than what it takes to fall asleep.
        for (0..1000) |_| {
            if (signal.read() != read_before) return;
            std.atomic.spinLoopHint();
        }
        _ = linux.futex_4arg(&signal.count, .{ .cmd = .WAIT, .private = true }, read_before, null);
    }
};
