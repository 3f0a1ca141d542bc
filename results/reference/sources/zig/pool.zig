//! Fork and join: a team of threads that take jobs from one stack, and a job may split into more.

const std = @import("std");
const team = @import("team.zig");

/// A pool for jobs of type `Job`, which has a method `run(job, pool)`.
pub fn Pool(comptime Job: type) type {
    return struct {
        const Self = @This();

        lock: std.atomic.Mutex = .unlocked,
        top: ?*Task = null,
        /// A job was put on the stack, or done.
        change: team.Signal = .{},
        done: bool = false,

        /// A job that another thread may take; it lives in the stack frame of the one that waits for it.
        const Task = struct {
            job: Job,
            unfinished: *std.atomic.Value(usize),
            below: ?*Task = null,
        };

        /// Runs a job, and all that it splits into, on a team of `threads`.
        pub fn run(job: Job, threads: usize) !void {
            var pool: Self = .{};
            try team.run(threads, work, .{ &pool, job });
        }

        fn work(pool: *Self, first: Job, me: usize) void {
            if (me == 0) {
                first.run(pool);
                @atomicStore(bool, &pool.done, true, .release);
                pool.change.send();
            } else while (true) {
                const before = pool.change.read();
                if (@atomicLoad(bool, &pool.done, .acquire)) return;
                pool.help(before);
            }
        }

        /// Runs all jobs, on whichever threads are free, and returns when the last is done.
        pub fn runAll(pool: *Self, comptime count: usize, jobs: [count]Job) void {
            var unfinished: std.atomic.Value(usize) = .init(count);
            var tasks: [count]Task = undefined;
            for (&tasks, jobs) |*task, job| {
                task.* = .{ .job = job, .unfinished = &unfinished };
                pool.push(task);
            }
            pool.change.send();
            while (true) {
                const before = pool.change.read();
                if (unfinished.load(.acquire) == 0) return;
                pool.help(before);
            }
        }

        /// Runs a job if there is one, and else waits for a change.
        fn help(pool: *Self, before: u32) void {
            const task = pool.pop() orelse return pool.change.sleep(before);
            const unfinished = task.unfinished;
            task.job.run(pool);
            if (unfinished.fetchSub(1, .acq_rel) == 1) pool.change.send();
        }

        fn push(pool: *Self, task: *Task) void {
            while (!pool.lock.tryLock()) std.atomic.spinLoopHint();
            defer pool.lock.unlock();
            task.below = pool.top;
            pool.top = task;
        }

        fn pop(pool: *Self) ?*Task {
            while (!pool.lock.tryLock()) std.atomic.spinLoopHint();
            defer pool.lock.unlock();
            const task = pool.top orelse return null;
            pool.top = task.below;
            return task;
        }
    };
}
